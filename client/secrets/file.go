package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// File keeps secrets in a file of mode 0600, as they are.
type File struct {
	Path string
}

// String implements Store.
func (f File) String() string { return f.Path }

// Get implements Store.
func (f File) Get(_ context.Context, item string) (Secret, error) {
	all, err := f.read()
	if err != nil {
		return Secret{}, err
	}
	s, ok := all[item]
	if !ok {
		return Secret{}, ErrNone
	}
	return s, nil
}

// Set implements Store.
func (f File) Set(ctx context.Context, item string, s Secret) error {
	if _, err := pack(s); err != nil {
		return err
	}
	return f.change(ctx, func(all map[string]Secret) { all[item] = s })
}

// Delete implements Store.
func (f File) Delete(ctx context.Context, item string) error {
	if _, err := f.Get(ctx, item); errors.Is(err, ErrNone) {
		return nil
	}
	return f.change(ctx, func(all map[string]Secret) { delete(all, item) })
}

func (f File) read() (map[string]Secret, error) {
	data, exposed, err := fsx.ReadPrivate(f.Path, limits.ConfigFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return map[string]Secret{}, nil
	case err != nil:
		return nil, err
	case exposed != nil:
		return nil, fail.New(fail.Auth, "run chmod 600 "+f.Path+", and get new secrets if it was so for long", "%s holds secrets and %w", f.Path, exposed)
	}
	all := map[string]Secret{}
	if json.Unmarshal(data, &all) != nil || all == nil {
		return nil, fail.New(fail.Auth, "delete it, and log in again: otactl login", "%s: not a file of secrets", f.Path)
	}
	return all, nil
}

// change writes the file anew. Nobody else changes it meanwhile, and nobody ever
// reads half of it.
func (f File) change(ctx context.Context, do func(map[string]Secret)) error {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return err
	}
	unlock, err := fsx.Lock(ctx, f.Path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	all, err := f.read()
	if err != nil {
		return err
	}
	do(all)
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	return fsx.WriteFile(f.Path, append(data, '\n'), 0o600)
}
