package fatfs

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestTheRulesOfFATHold(t *testing.T) {
	f := Mount(t, Options{MaxFile: 100, Capacity: 10 * 512, Cluster: 512})
	in := func(name string) string { return filepath.Join(f.Dir(), name) }
	make := func(name string, n int) error { return os.WriteFile(in(name), make([]byte, n), 0o644) }
	if err := make("Name", 100); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(in("Name"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for what, c := range map[string]struct{ is, want error }{
		"another case":   {second(os.Stat(in("nAME"))), nil},
		"a symlink":      {os.Symlink("Name", in("link")), syscall.EPERM},
		"a hard link":    {os.Link(in("Name"), in("link")), syscall.EPERM},
		"a mode":         {os.Chmod(in("Name"), 0o600), syscall.EPERM},
		"an owner":       {os.Chown(in("Name"), 1, 1), syscall.EPERM},
		"a colon":        {make("a:b", 1), syscall.EINVAL},
		"a dot at end":   {make("a.", 1), syscall.EINVAL},
		"too long":       {make("long", 101), syscall.EFBIG},
		"too much":       {errors.Join(make("1", 99), make("2", 99), make("3", 99), make("4", 99), make("5", 99), make("6", 99), make("7", 99), make("8", 99), make("9", 99), make("10", 99)), syscall.ENOSPC},
		"a full folder":  {errors.Join(os.Remove(in("1")), os.Mkdir(in("d"), 0o755), make("d/x", 1), os.Remove(in("d"))), syscall.ENOSPC},
		"taken by other": {os.Mkdir(in("NAME"), 0o755), syscall.EEXIST},
		"sync":           {file.Sync(), nil},
	} {
		if !errors.Is(c.is, c.want) {
			t.Errorf("%s: %v, want %v", what, c.is, c.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestItFailsWhenItIsTold(t *testing.T) {
	f := Mount(t, Options{})
	name := filepath.Join(f.Dir(), "name")
	for _, errno := range []syscall.Errno{syscall.EROFS, syscall.EIO} {
		f.FailAfter(2, errno) // create, write
		if err := os.WriteFile(name, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(name); !errors.Is(err, errno) {
			t.Errorf("%v: %v", errno, err)
		}
		if _, err := os.ReadFile(name); (err == nil) != (errno == syscall.EROFS) {
			t.Errorf("%v: read: %v", errno, err)
		}
		f.Heal()
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

func TestACutTakesWhatWasNotSynced(t *testing.T) {
	f := Mount(t, Options{})
	write(t, filepath.Join(f.Dir(), "synced"), true)
	syncDir(t, f.Dir())
	write(t, filepath.Join(f.Dir(), "loose"), false)
	write(t, filepath.Join(f.Dir(), "unnamed"), true)
	cut := f.Recorded()
	for loss, want := range map[Loss]map[string]string{
		KeepAll:     {"synced": "text", "loose": "text", "unnamed": "text"},
		LoseContent: {"synced": "text", "loose": "", "unnamed": "text"},
		LoseNames:   {"synced": "text"},
	} {
		dir := t.TempDir()
		cut.After(cut.Len(), loss).WriteTo(t, dir)
		for _, name := range []string{"synced", "loose", "unnamed"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			text, there := want[name]
			if there != (err == nil) || string(data) != text {
				t.Errorf("%v: %s is %q, %v", loss, name, data, err)
			}
		}
		if cut.After(cut.Len(), loss).Key() == cut.After(1, loss).Key() && loss != LoseNames {
			t.Errorf("%v: images that differ have one key", loss)
		}
	}
}

func write(t *testing.T, name string, synced bool) {
	t.Helper()
	file, err := os.Create(name)
	if err == nil {
		_, err = file.WriteString("text")
	}
	if err == nil && synced {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func syncDir(t *testing.T, dir string) {
	t.Helper()
	file, err := os.Open(dir)
	if err == nil {
		err = errors.Join(file.Sync(), file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
