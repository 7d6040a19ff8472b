package ostree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

// withRemotesDir makes a folder of *.conf files, by name, that belongs to r.
func withRemotesDir(t *testing.T, r *Repo, adds bool, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.SetRemotesDir(dir, adds)
	return dir
}

func addRemote(t *testing.T, r *Repo, name, url string, how AddRemoteMode) {
	t.Helper()
	if err := r.AddRemote(t.Context(), name, url, how); err != nil {
		t.Fatal(err)
	}
}

func wantURL(t *testing.T, r *Repo, name, url string) {
	t.Helper()
	if c, err := r.RemoteConfig(name); err != nil || c.URL != url {
		t.Errorf("remote %s is at %q, %v; want %s", name, c.URL, err, url)
	}
}

func TestARemoteStaysUntilItsReplacementIsWritten(t *testing.T) {
	const own = "[remote \"o\"]\nurl=http://old/\n"
	for name, c := range map[string]struct {
		adds  bool // to the folder of remotes
		files map[string]string
		value string // of gpg-verify
	}{
		"in the config":                         {value: "maybe"},
		"in a file of its own":                  {adds: true, files: map[string]string{"o.conf": own}, value: "maybe"},
		"in a file, and the config takes it":    {files: map[string]string{"o.conf": own}, value: "maybe"},
		"in the config, and no file can be had": {adds: true, value: "false"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t, ModeArchive)
			if c.files == nil {
				addRemote(t, r, "o", "http://old/", AddNewRemote)
			}
			dir := withRemotesDir(t, r, c.adds, c.files)
			if c.files == nil {
				if err := os.MkdirAll(filepath.Join(dir, "o.conf", "in the way"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.AddRemote(t.Context(), "o", "http://new/", ReplaceRemote, RemoteOption{"gpg-verify", c.value}); err == nil {
				t.Error("no error")
			}
			again := openRepo(t, r.Path())
			again.SetRemotesDir(dir, c.adds)
			wantURL(t, again, "o", "http://old/")
		})
	}
}

func TestAReplacedRemoteIsInOnePlace(t *testing.T) {
	for name, adds := range map[string]bool{"in the config": false, "in a file": true} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t, ModeArchive)
			addRemote(t, r, "o", "http://old/", AddNewRemote)
			dir := withRemotesDir(t, r, adds, map[string]string{
				"a.conf": "[remote \"o\"]\nurl=http://a/\n",
				"o.conf": "[remote \"o\"]\nurl=http://b/\nproxy=http://p/\n[remote \"other\"]\nurl=http://other/\n",
			})
			addRemote(t, r, "o", "http://new/", ReplaceRemote)
			wantURL(t, r, "o", "http://new/")
			wantURL(t, r, "other", "http://other/")
			if c, err := r.RemoteConfig("o"); err != nil || c.Proxy != "" {
				t.Errorf("it kept the proxy %q, %v", c.Proxy, err)
			}
			for path, want := range map[string]bool{filepath.Join(r.Path(), "config"): !adds, filepath.Join(dir, "o.conf"): adds} {
				if data, err := os.ReadFile(path); err != nil || strings.Contains(string(data), "remote \"o\"") != want {
					t.Errorf("%s: %v\n%s", path, err, data)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "a.conf")); !os.IsNotExist(err) {
				t.Errorf("a file with nothing in it is left: %v", err)
			}
		})
	}
}

func TestOfTwoThatAddOneRemoteOneIsTold(t *testing.T) {
	for name, adds := range map[string]bool{"in the config": false, "in a file": true} {
		t.Run(name, func(t *testing.T) {
			first := newRepo(t, ModeArchive)
			second, dir := openRepo(t, first.Path()), t.TempDir()
			first.SetRemotesDir(dir, adds)
			second.SetRemotesDir(dir, adds)
			addRemote(t, first, "o", "http://first/", AddNewRemote)
			if err := second.AddRemote(t.Context(), "o", "http://second/", AddNewRemote); fail.ClassOf(err) != fail.Conflict {
				t.Errorf("%v", err)
			}
			wantURL(t, second, "o", "http://first/")
			if err := second.DeleteRemote(t.Context(), "o"); err != nil {
				t.Error(err)
			}
			addRemote(t, first, "o", "http://third/", AddNewRemote) // it knows that the remote is gone
		})
	}
}

func TestARemoteIsThereAsLongAsWhatItWasTrustedWith(t *testing.T) {
	for _, name := range []string{"o.trustedkeys.gpg", "o.cookies.txt", "tmp/cache/summaries/o", "tmp/cache/summaries/o.sig"} {
		r := newRepo(t, ModeArchive)
		addRemote(t, r, "o", "http://o/", AddNewRemote)
		stop := filepath.Join(r.Path(), name) // what can't be removed ends the deletion there
		if err := os.MkdirAll(filepath.Join(stop, "in the way"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := r.DeleteRemote(t.Context(), "o"); err == nil {
			t.Errorf("%s: no error", name)
		}
		wantURL(t, openRepo(t, r.Path()), "o", "http://o/")
		if err := os.RemoveAll(stop); err != nil {
			t.Fatal(err)
		}
		if err := r.DeleteRemote(t.Context(), "o"); err != nil {
			t.Errorf("%s: again: %v", name, err)
		}
	}
}

func TestARemoteOfWhichTheDeletionWasCutOffIsTrustedWithNoKey(t *testing.T) {
	r := newRepo(t, ModeArchive)
	addRemote(t, r, "o", "http://o/", AddNewRemote)
	dir := withRemotesDir(t, r, true, map[string]string{"o.trustedkeys.gpg": "keys"})
	if err := os.WriteFile(r.Keyring("o"), []byte("keys"), 0o644); err != nil {
		t.Fatal(err)
	}
	stop := filepath.Join(r.RemoteFile("o", "cookies.txt"), "in the way")
	if err := os.MkdirAll(stop, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteRemote(t.Context(), "o"); err == nil {
		t.Error("the deletion was not cut off")
	}
	wantURL(t, r, "o", "http://o/")
	for _, path := range []string{r.Keyring("o"), filepath.Join(dir, "o.trustedkeys.gpg")} {
		if st, err := os.Stat(path); err != nil || st.Size() != 0 { // without one the system's would count
			t.Errorf("%s: %v, %v; want an empty keyring", path, st, err)
		}
	}
	if err := os.Remove(stop); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteRemote(t.Context(), "o"); err != nil {
		t.Error(err)
	}
	for _, path := range r.Keyrings("o") {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v; want it gone", path, err)
		}
	}
}

func TestDeletingARemoteThatIsNotThereLeavesTheKeysForIt(t *testing.T) {
	r := newRepo(t, ModeArchive)
	path := r.Keyring("o") // as somebody puts it there before the remote is added
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.DeleteRemote(t.Context(), "o"); !errors.Is(err, ErrNoRemote) {
		t.Errorf("%v, want ErrNoRemote", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestAFileOfRemotesStaysAsPrivateAsItIs(t *testing.T) {
	const other = "[remote \"other\"]\nurl=http://user:secret@other/\n"
	for name, change := range map[string]func(*Repo) error{
		"delete":  func(r *Repo) error { return r.DeleteRemote(t.Context(), "o") },
		"replace": func(r *Repo) error { return r.AddRemote(t.Context(), "o", "http://new/", ReplaceRemote) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t, ModeArchive)
			dir := withRemotesDir(t, r, true, map[string]string{"o.conf": "[remote \"o\"]\nurl=http://o/\n" + other})
			if err := change(r); err != nil {
				t.Fatal(err)
			}
			if st, err := os.Stat(filepath.Join(dir, "o.conf")); err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v, want mode 0600", st.Mode(), err)
			}
			if names, err := r.Remotes(); err != nil || !slices.Contains(names, "other") {
				t.Errorf("%q, %v", names, err)
			}
		})
	}
}
