package pgp

import "testing"

func TestUserIDIsTakenApartAsGnuPGDoes(t *testing.T) {
	for id, want := range map[string]struct{ name, address, mailbox string }{
		"Ann <Ann.Bo@Example.COM>": {"Ann", "Ann.Bo@Example.COM", "ann.bo@example.com"},
		"Ann (C. E. O.) <a@b.c>":   {"Ann", "a@b.c", "a@b.c"},
		"a@x":                      {"", "a@x", "a@x"},
		"C.D@EXAMPLE.com":          {"C.D@EXAMPLE.com", "", "c.d@example.com"}, // GnuPG compares the letters
		"<a@b.c>":                  {"", "a@b.c", "a@b.c"},
		" <a@b.c>":                 {"", "a@b.c", "a@b.c"},
		"<a@b.c> n (c) m":          {"n", "a@b.c", "a@b.c"},
		"n <a@b.c> m":              {"n", "a@b.c", "a@b.c"},
		"n <a@b.c> <c@d.e>":        {"n", "a@b.c", "a@b.c"},
		"n () <> <a@b.c>":          {"n", "", ""},
		"n (a <b@c.d>) <e@f.g>":    {"n", "e@f.g", "b@c.d"},
		"n (never closed <a@b.c>":  {"n", "", "a@b.c"},
		"n <a<b@c.d>e>":            {"n", "a<b@c.d>e", "a<b@c.d"},
		"a@b.c <d@e.f>":            {"a@b.c", "d@e.f", "d@e.f"},
		"a@x <>":                   {"a@x", "", ""},
		"n <x@y.z":                 {"n", "", ""},
		"n <Ü@y.z>":                {"n", "Ü@y.z", "Ü@y.z"},
		"ü@x.y":                    {"", "ü@x.y", "ü@x.y"},
		"n <a..b@c.d>":             {"n", "a..b@c.d", "a..b@c.d"},
		"a!b@c.d":                  {"", "a!b@c.d", "a!b@c.d"},
		"b y":                      {"b y", "", ""},
		"":                         {"", "", ""},
		// These are addresses for nobody.
		"a..b@c.d": {"a..b@c.d", "", ""}, "a@b+c.d": {"a@b+c.d", "", ""}, "a,b@c.d": {"a,b@c.d", "", ""},
		"a@b@c.d": {"a@b@c.d", "", ""}, "x@": {"x@", "", ""}, "a@[127.0.0.1]": {"a@[127.0.0.1]", "", ""},
		"n <a@b@c>": {"n", "a@b@c", ""}, "n <a@b..c>": {"n", "a@b..c", ""}, "n <a@b.>": {"n", "a@b.", ""},
		"n <x y@y.z>": {"n", "x y@y.z", ""}, "n <@y.z>": {"n", "@y.z", ""},
	} {
		name, address := splitUser(id)
		if box := mailbox(id); name != want.name || address != want.address || box != want.mailbox {
			t.Errorf("%q: %q, %q, %q, want %q", id, name, address, box, want)
		}
	}
}

func TestKeyDirectoryIsAskedForTheAddressInSmallLetters(t *testing.T) {
	for id, want := range map[string]struct{ advanced, direct string }{
		"A B (com ment) <A.b+C/ü@Ex-am.ple>": {
			"https://openpgpkey.ex-am.ple/.well-known/openpgpkey/ex-am.ple/hu/6amthhr1zkzx9srw1mkk5pkoi6mj9fke?l=a.b%2Bc%2F%C3%BC",
			"https://ex-am.ple/.well-known/openpgpkey/hu/6amthhr1zkzx9srw1mkk5pkoi6mj9fke?l=a.b%2Bc%2F%C3%BC"},
		"a@x": {"https://openpgpkey.x/.well-known/openpgpkey/x/hu/o556ep94wsu93ak7dzqmu4zk7e5zc37a?l=a",
			"https://x/.well-known/openpgpkey/hu/o556ep94wsu93ak7dzqmu4zk7e5zc37a?l=a"},
		"b y": {},
	} {
		if advanced, direct := (User{ID: id}).DirectoryURLs(); advanced != want.advanced || direct != want.direct {
			t.Errorf("%q: %s and %s, want %s", id, advanced, direct, want)
		}
	}
}
