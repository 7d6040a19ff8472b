package secrets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/client/oauth"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
)

var sample = Secret{OAuthURL: "https://app.example.com/oauth", ClientID: "id", ClientSecret: "sesame", Session: &oauth.Token{Access: "sesame", Refresh: "sesame"}}

// contract is what every store promises.
func contract(t *testing.T, s Store) {
	t.Helper()
	ctx, item := t.Context(), Item("work", "https://api.example.com/")
	if _, err := s.Get(ctx, item); !errors.Is(err, ErrNone) {
		t.Fatalf("empty: %v", err)
	}
	if err := s.Delete(ctx, item); err != nil {
		t.Errorf("delete what is not there: %v", err)
	}
	for _, want := range []Secret{{Token: "first"}, sample} {
		if err := s.Set(ctx, item, want); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, item)
		if err != nil || got.Token != want.Token || got.ClientSecret != want.ClientSecret || (got.Session == nil) != (want.Session == nil) {
			t.Errorf("kept %v, got %v, %v", want, got, err)
		}
	}
	if _, err := s.Get(ctx, Item("work", "https://elsewhere.example.com")); !errors.Is(err, ErrNone) {
		t.Errorf("another server's: %v", err)
	}
	if err := s.Set(ctx, item, Secret{Token: strings.Repeat("x", maxSecret)}); err == nil {
		t.Error("a secret without end was taken")
	}
	if err := s.Delete(ctx, item); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(ctx, item); !errors.Is(err, ErrNone) {
		t.Errorf("deleted: %v", err)
	}
}

func TestFileKeepsSecretsForItsOwnerAlone(t *testing.T) {
	f := File{filepath.Join(t.TempDir(), "new", "secrets.json")}
	contract(t, f)
	if err := f.Set(t.Context(), "a", sample); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(f.Path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", st.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660} {
		if err := os.Chmod(f.Path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := f.Get(t.Context(), "a")
		if !errors.Is(err, fsx.ErrExposed) || fail.ClassOf(err) != fail.Auth || !strings.Contains(fail.HintOf(err), "chmod 600") {
			t.Errorf("%04o: %v", mode, err)
		}
		if err := f.Set(t.Context(), "b", sample); err == nil {
			t.Errorf("%04o: written to all the same", mode)
		}
	}
}

func TestBrokenFileIsNotQuoted(t *testing.T) {
	f := File{filepath.Join(t.TempDir(), "secrets.json")}
	for _, text := range []string{"sesame", `{"a":{"token":"sesame"`, `{"a":"sesame"}`, "null", ""} {
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Get(t.Context(), "a"); fail.ClassOf(err) != fail.Auth || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWritersAtOnceLoseNothing(t *testing.T) {
	f := File{filepath.Join(t.TempDir(), "secrets.json")}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if err := f.Set(t.Context(), fmt.Sprint(i), Secret{Token: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 16 {
		if s, err := f.Get(t.Context(), fmt.Sprint(i)); err != nil || s.Token != fmt.Sprint(i) {
			t.Errorf("%d: %v, %v", i, s, err)
		}
	}
}

func TestNewTokenIsStoredBack(t *testing.T) {
	dir := t.TempDir()
	f := File{filepath.Join(dir, "secrets.json")}
	if err := f.Set(t.Context(), "a", sample); err != nil {
		t.Fatal(err)
	}
	s := Session{Store: f, Item: "a", Lock: func(ctx context.Context) (func(), error) { return fsx.Lock(ctx, filepath.Join(dir, "session.lock")) }}
	got, err := s.Update(t.Context(), func(was oauth.Token) (oauth.Token, error) {
		return oauth.Token{Access: "new", Refresh: was.Refresh + "2"}, nil
	})
	kept, kerr := f.Get(t.Context(), "a")
	if err != nil || kerr != nil || got.Access != "new" || kept.Session.Refresh != "sesame2" || kept.ClientID != "id" {
		t.Errorf("%v, %v, %v", err, kerr, kept)
	}
	broken := errors.New("no network")
	if _, err := s.Update(t.Context(), func(oauth.Token) (oauth.Token, error) { return oauth.Token{}, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if kept, _ := f.Get(t.Context(), "a"); kept.Session.Access != "new" {
		t.Error("a renewal that failed cost the token")
	}
}

func TestPrintingASecretHidesIt(t *testing.T) {
	if text := fmt.Sprintf("%v %+v %#v %v", sample, sample, sample, Secret{Token: "sesame"}); strings.Contains(text, "sesame") {
		t.Error(text)
	}
}

func TestWithoutABusNoKeyringIsAsked(t *testing.T) {
	_, err := System{Bus: func() bool { return false }}.Get(t.Context(), "a")
	if !errors.Is(err, ErrUnavailable) || fail.ClassOf(err) != fail.Auth || !strings.Contains(fail.HintOf(err), "--insecure-storage") {
		t.Error(err)
	}
}

func FuzzUnpack(f *testing.F) {
	data, err := pack(sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"token":"a","session":{"expires":"x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := unpack(data)
		if err != nil {
			return
		}
		packed, err := pack(s)
		if err != nil {
			return // it grew beyond the cap
		}
		if again, err := unpack(packed); err != nil || again.Token != s.Token || again.ClientSecret != s.ClientSecret {
			t.Errorf("what was written is not read back: %v", err)
		}
	})
}
