package tuftest

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/otactl/otactl/tuf"
)

// SignRaw signs the text of a signed part as it is, or its canonical form
// where it has one.
func SignRaw(t testing.TB, signed []byte, keys ...*tuf.PrivateKey) []byte {
	t.Helper()
	message := signed
	if canon, err := tuf.Canonical(signed); err == nil {
		message = canon
	}
	list := []map[string]string{}
	for _, k := range keys {
		list = append(list, Signature(t, message, k))
	}
	return Envelope(t, signed, list)
}

// Signature is one entry of a file's signatures, over message.
func Signature(t testing.TB, message []byte, k *tuf.PrivateKey) map[string]string {
	t.Helper()
	sig, err := k.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"keyid": k.Public().ID, "method": k.Method(), "sig": base64.StdEncoding.EncodeToString(sig)}
}

// Envelope puts signatures, which may be anything, and the text of a signed
// part together.
func Envelope(t testing.TB, signed []byte, signatures any) []byte {
	t.Helper()
	list, err := json.Marshal(signatures)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]byte(`{"signatures":`), list, []byte(`,"signed":`), signed, []byte(`}`))
}

//go:embed rsa.json
var rsaKeys []byte

// RSAKey is a fixed RSA key of 2048 bits, known to all the world.
func RSAKey(t testing.TB) *tuf.PrivateKey {
	t.Helper()
	k, err := tuf.ParsePrivateKey(rsaKeys)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Cache is a tuf.Cache in memory.
type Cache struct {
	mu    sync.Mutex
	Files map[string][]byte
}

// NewCache is an empty cache.
func NewCache() *Cache { return &Cache{Files: map[string][]byte{}} }

// Roots lists the versions of the stored roots.
func (c *Cache) Roots(context.Context) ([]int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var versions []int
	for name := range c.Files {
		var v int
		if n, _ := fmt.Sscanf(name, "%d.root.json", &v); n == 1 && tuf.RootName(v) == name {
			versions = append(versions, v)
		}
	}
	return versions, nil
}

// Load reads an entry.
func (c *Cache) Load(_ context.Context, name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if data, ok := c.Files[name]; ok {
		return slices.Clone(data), nil
	}
	return nil, fmt.Errorf("%s: %w", name, tuf.ErrNotFound)
}

// Store replaces an entry.
func (c *Cache) Store(_ context.Context, name string, data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Files[name] = slices.Clone(data)
	return nil
}

// Remove drops an entry.
func (c *Cache) Remove(_ context.Context, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.Files, name)
	return nil
}
