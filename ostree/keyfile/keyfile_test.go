package keyfile

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const sample = "# a note\n\n[core]\n  repo_version = 1\nmode=bare\n# on the mode\nmode=archive\r\nfsync=0\ntext=a\\sb\\\\n\\tc\n\n# the remote\n[remote \"o\"]\nurl=http://h/?a=b;c\nbranches=a;b\\;c;d\n"

func parse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestValuesAreReadAsGLibReadsThem(t *testing.T) {
	f := parse(t, sample)
	for _, c := range []struct{ group, key, want string }{
		{"core", "repo_version", "1"}, {"core", "mode", "archive"}, {"core", "fsync", "0"},
		{"core", "text", "a b\\n\tc"}, {`remote "o"`, "url", "http://h/?a=b;c"},
	} {
		if got, ok := f.Get(c.group, c.key); !ok || got != c.want {
			t.Errorf("%s.%s is %q, %v", c.group, c.key, got, ok)
		}
	}
	if _, ok := f.Get("core", "url"); ok {
		t.Error("a key of another group was found")
	}
	if list, ok := f.Strings(`remote "o"`, "branches"); !ok || !slices.Equal(list, []string{"a", "b;c", "d"}) {
		t.Errorf("branches are %q", list)
	}
	if f.Bool("core", "fsync", true) || !f.Bool("core", "mode", true) || !f.Bool("core", "none", true) {
		t.Error("booleans")
	}
	if got := f.Groups(); !slices.Equal(got, []string{"core", `remote "o"`}) {
		t.Errorf("groups are %q", got)
	}
}

func TestWhatIsNoKeyFileIsRefused(t *testing.T) {
	for _, bad := range []string{"key=value\n", "[a\nk=v\n", "[]\n", "[a]\nnonsense\n", "[a]\n=v\n", "[a]b]\n", "[a]\n\x01k=v\n", "[a\xff]\n"} {
		if _, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestAnEditTouchesNoOtherLine(t *testing.T) {
	f := parse(t, sample)
	for _, err := range []error{f.Set("core", "mode", "bare"), f.Set("core", "new", " x\\y"), f.Set("other", "k", "v"),
		f.SetStrings(`remote "o"`, "branches", []string{"x;y", "z"})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !f.Remove("core", "fsync") || f.Remove("core", "fsync") {
		t.Error("remove")
	}
	want := "# a note\n\n[core]\n  repo_version = 1\nmode=bare\n# on the mode\nmode=bare\ntext=a\\sb\\\\n\\tc\nnew=\\sx\\\\y\n\n# the remote\n[remote \"o\"]\nurl=http://h/?a=b;c\nbranches=x\\;y;z;\n\n[other]\nk=v\n"
	if got := string(f.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if v, _ := f.Get("core", "new"); v != " x\\y" {
		t.Errorf("new is %q", v)
	}
	f.RemoveGroup(`remote "o"`)
	if f.Has(`remote "o"`) || !f.Has("core") || !f.Has("other") {
		t.Errorf("after the removal: %q", f.Groups())
	}
}

func TestASetThatWouldReadAsSomethingElseIsRefused(t *testing.T) {
	for _, c := range []struct{ group, key, value string }{
		{"a]\n[b", "k", "v"}, {"a", "k=x", "v"}, {"a", "#k", "v"}, {"a", "[k]", "v"}, {"a", "", "v"}, {"", "k", "v"},
		{"a", "k\nx", "v"}, {"a", " k", "v"}, {"a", "k", "\xff"}, {"a", "k", "x\x00"},
	} {
		f := New()
		if err := f.Set(c.group, c.key, c.value); err == nil {
			t.Errorf("%q was set: %q", c, f.Bytes())
		}
	}
	f := New()
	if err := f.Set("a", "k", "v\n[b]\nx=y"); err != nil {
		t.Fatal(err)
	}
	if f = parse(t, string(f.Bytes())); len(f.Groups()) != 1 {
		t.Errorf("a value made a group: %q", f.Bytes())
	}
}

// TestTheRealOSTreeReadsWhatWeWrite, and we what it wrote.
func TestTheRealOSTreeReadsWhatWeWrite(t *testing.T) {
	repo := t.TempDir()
	ostree := func(args ...string) string {
		out, err := exec.Command("ostree", append([]string{"--repo=" + repo}, args...)...).Output()
		if err != nil {
			t.Fatal(args, err)
		}
		return strings.TrimSuffix(string(out), "\n")
	}
	ostree("init", "--mode=archive")
	path := filepath.Join(repo, "config")
	for _, value := range []string{"plain", " blank before", "tab\tand\\back", "ünïcode", "a;b", ""} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := parse(t, string(data))
		if err := f.Set("core", "ours", value); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := ostree("config", "get", "core.ours"); got != value {
			t.Errorf("it reads %q, want %q", got, value)
		}
		ostree("config", "set", "core.theirs", value)
		if data, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if got, ok := parse(t, string(data)).Get("core", "theirs"); !ok || got != value {
			t.Errorf("we read %q, want %q", got, value)
		}
	}
}

// FuzzKeyfile: what parses serialises to the same bytes, and a value that is
// set is the value that is read.
func FuzzKeyfile(f *testing.F) {
	f.Add([]byte(sample), "core", "mode", "x")
	f.Add([]byte("[a]\nk[de]=v\n"), "b", "k", " \\\n;")
	f.Add([]byte(""), "a", "k", "v")
	f.Add([]byte("[a]"), "a", "k", "v")
	f.Fuzz(func(t *testing.T, data []byte, group, key, value string) {
		k, err := Parse(data)
		if err != nil {
			return
		}
		if got := k.Bytes(); !bytes.Equal(got, data) {
			t.Fatalf("%q became %q", data, got)
		}
		before := map[[2]string]string{}
		for _, g := range k.Groups() {
			for _, name := range k.Keys(g) {
				before[[2]string{g, name}], _ = k.Get(g, name)
			}
		}
		if k.Set(group, key, value) != nil {
			return
		}
		before[[2]string{group, key}] = value
		again, err := Parse(k.Bytes())
		if err != nil {
			t.Fatalf("%q is not read again: %v", k.Bytes(), err)
		}
		for at, want := range before {
			if got, ok := again.Get(at[0], at[1]); !ok || got != want {
				t.Fatalf("%q is %q, want %q, in %q", at, got, want, again.Bytes())
			}
		}
		if !again.Remove(group, key) {
			t.Fatal("what was set is not there")
		}
	})
}
