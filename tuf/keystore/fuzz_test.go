package keystore

import (
	"bytes"
	"errors"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// What is read can be written, and reads back as the same keys.
func FuzzKeyArchive(f *testing.F) {
	good := plainArchive(f, seeded(f, 1))
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parseArchive(data)
		if err != nil {
			return
		}
		keys, err := a.keys()
		if err != nil {
			return
		}
		out, err := a.bytes()
		check(t, err)
		b, err := parseArchive(out)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		again, err := b.keys()
		if err != nil || len(again) != len(keys) {
			t.Fatalf("%d keys became %d: %v", len(keys), len(again), err)
		}
	})
}

// A sealed file of anybody's making costs no more work than is allowed, and
// opens only with what was sealed in it.
func FuzzSealed(f *testing.F) {
	inside := []byte("keys")
	for _, armored := range []bool{false, true} {
		good := cheap(f, inside, armored)
		f.Add(good)
		f.Add(good[:len(good)-3])
	}
	f.Add(withWork(f, "30"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, _, err := unseal(data, func() (string, error) { return phrase, nil }, 3)
		if err == nil && !bytes.Equal(out, inside) {
			t.Fatalf("it opened to %q", out)
		}
		if err != nil && fail.ClassOf(err) == fail.Unknown {
			t.Fatalf("an error without a class: %v", err)
		}
	})
}

// A key file is a key or an error with a class, whatever is in it.
func FuzzSingleKey(f *testing.F) {
	f.Add([]byte(text(f, seeded(f, 1))))
	f.Add([]byte(`{"keytype":"RSA","keyval":{"private":"-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := tuf.ParsePrivateKey(data)
		if err != nil {
			if !errors.Is(err, tuf.ErrKey) && !errors.Is(err, tuf.ErrMalformed) {
				t.Fatalf("an untyped error: %v", err)
			}
			return
		}
		again, err := tuf.ParsePrivateKey([]byte(text(t, k)))
		if err != nil || !again.Public().Equal(k.Public()) {
			t.Fatalf("another key came back: %v", err)
		}
	})
}
