package pkcs11

import (
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

func TestURIsOfTheStandardAreRead(t *testing.T) {
	const module = "?module-path=/usr/lib/x.so"
	for text, want := range map[string]URI{
		"pkcs11:" + module:                                        {Module: "/usr/lib/x.so"},
		"pkcs11:token=a%20b;object=k" + module:                    {Token: "a b", Object: "k", Module: "/usr/lib/x.so"},
		"pkcs11:object=k;id=%01%00%ff" + module:                   {Object: "k", ID: "\x01\x00\xff", Module: "/usr/lib/x.so"},
		"pkcs11:type=private;serial=12" + module:                  {Serial: "12", Module: "/usr/lib/x.so"},
		"pkcs11:model=m;manufacturer=%C3%A9" + module:             {Model: "m", Manufacturer: "é", Module: "/usr/lib/x.so"},
		"pkcs11:token=a=b" + module:                               {Token: "a=b", Module: "/usr/lib/x.so"},
		"pkcs11:token=a" + module + "&pin-source=file:/run/pin":   {Token: "a", Module: "/usr/lib/x.so", PINSource: "/run/pin"},
		"pkcs11:token=a" + module + "&pin-source=file:///run/pin": {Token: "a", Module: "/usr/lib/x.so", PINSource: "/run/pin"},
		"pkcs11:token=a" + module + "&pin-source=%2Frun%2Fpin":    {Token: "a", Module: "/usr/lib/x.so", PINSource: "/run/pin"},
	} {
		if u, err := ParseURI(text); err != nil || *u != want {
			t.Errorf("%s: %+v, %v", text, u, err)
		}
	}
}

func TestURIsThatCouldMeanAnotherKeyAreRefused(t *testing.T) {
	const module = "?module-path=/x.so"
	for text, says := range map[string]string{
		"PKCS11:token=a" + module:                            "no pkcs11:",
		"pkcs11:token=a":                                     "module-path",
		"pkcs11:token=a?module-path=x.so":                    "whole path",
		"pkcs11:token=a?module-name=x":                       "module-name",
		"pkcs11:token=a;token=b" + module:                    "twice",
		"pkcs11:token" + module:                              "NAME=VALUE",
		"pkcs11:token=" + module:                             "empty",
		"pkcs11:token=%zz" + module:                          "escaped",
		"pkcs11:token=%00" + module:                          "no text",
		"pkcs11:token=%ff" + module:                          "no text",
		"pkcs11:token=a%0ab" + module:                        "no text",
		"pkcs11:type=cert" + module:                          "type",
		"pkcs11:slot-id=1" + module:                          "slot-id",
		"pkcs11:library-version=1" + module:                  "library-version",
		"pkcs11:x-vendor=1" + module:                         "x-vendor",
		"pkcs11:;" + module:                                  "NAME=VALUE",
		"pkcs11:token=a" + module + "&pin-source=pin":        "whole path",
		"pkcs11:token=a" + module + "&pin-source=%7Ccat":     "whole path",
		"pkcs11:token=a" + module + "&x=y":                   `"x"`,
		"pkcs11:token=" + strings.Repeat("a", 5000) + module: "longer",
	} {
		u, err := ParseURI(text)
		if fail.ClassOf(err) != fail.Usage || fail.HintOf(err) == "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: %v, %v", text, u, err)
		}
	}
}

func TestAPINInAURIIsRefusedAndNotRepeated(t *testing.T) {
	for _, text := range []string{
		"pkcs11:token=a?pin-value=424242&module-path=/x.so", "pkcs11:token=a?module-path=/x.so&pin-value=424242",
		"pkcs11:pin-value=424242", "pkcs11:token=a?pin-value=%34242%zz",
	} {
		_, err := ParseURI(text)
		if fail.ClassOf(err) != fail.Usage || strings.Contains(err.Error(), "4242") || !strings.Contains(fail.HintOf(err), "pin-source") {
			t.Errorf("%v (hint: %s)", err, fail.HintOf(err))
		}
	}
}

// What is read has one way of being written, which reads back as the same and
// never says where the PIN is.
func FuzzURI(f *testing.F) {
	for _, seed := range []string{
		"pkcs11:token=a%20b;object=k;id=%01?module-path=/x.so&pin-source=/run/pin", "pkcs11:?module-path=/x", "pkcs11:token=a;token=b",
		"pkcs11:token=%C3%A9;type=private?module-path=/a/b%3Fc.so", "pkcs11:object=a?pin-value=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURI(text)
		if err != nil {
			if fail.ClassOf(err) != fail.Usage {
				t.Fatalf("an error of class %v: %v", fail.ClassOf(err), err)
			}
			return
		}
		again, err := ParseURI(u.String())
		if err != nil {
			t.Fatalf("%s: %v", u, err)
		}
		u.PINSource = ""
		if *again != *u || again.String() != u.String() {
			t.Fatalf("%+v became %+v", u, again)
		}
	})
}

// Whatever a tool prints, reading it ends, and finds no more than it has lines.
func FuzzToolOutput(f *testing.F) {
	f.Add("Available slots:\nSlot 0 (0x4fddb3e8): SoftHSM slot ID 0x4fddb3e8\n  token label        : release\n  serial num         : 7c\nSlot 1 (0x1): x\n  token state:   uninitialized\n")
	f.Add("Private Key Object; RSA \n  label:      rsa\n  ID:         02\n  Usage:      sign\nPrivate Key Object; EC_EDWARDS\n  label:      ed\n")
	f.Fuzz(func(t *testing.T, out string) {
		lines := strings.Count(out, "\n") + 1
		for _, token := range parseTokens(out) {
			if token.label == "" {
				t.Fatal("a token without a label")
			}
		}
		if n := len(parseObjects(out)); n > lines {
			t.Fatalf("%d keys in %d lines", n, lines)
		}
		if said(out, failure{}) == nil {
			t.Fatal("a failure became none")
		}
	})
}

type failure struct{}

func (failure) Error() string { return "exit status 1" }
