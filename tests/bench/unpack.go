package main

import (
	"archive/tar"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// unpack does what fioctl does for a bundle's content: it takes a tar.bz2 from
// a server and unpacks it as it comes, in one stream, with the libraries of Go.
// It verifies nothing, and syncs nothing.
//
//	bench unpack URL OUT
func unpack(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: bench unpack URL OUT")
	}
	resp, err := http.Get(args[0])
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", args[0], resp.Status)
	}
	in := tar.NewReader(bzip2.NewReader(resp.Body))
	for {
		h, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("member %q leads out of the folder", h.Name)
		}
		if err := member(h, in, filepath.Join(args[1], h.Name)); err != nil {
			return err
		}
	}
}

// member makes one folder or file; a repo has nothing else in it.
func member(h *tar.Header, content io.Reader, name string) error {
	if h.Typeflag == tar.TypeDir {
		return os.MkdirAll(name, 0o755)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
