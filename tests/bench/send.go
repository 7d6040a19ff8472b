package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// sendJobs is how many requests send keeps under way; more cost it more
// processor time.
const sendJobs = 30

// send inflates and hashes all objects of an archive repo and POSTs them to a
// treehub, in no order and knowing nothing of trees.
func send(repo, url string) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: sendJobs, DisableCompression: true}}
	workers := make(chan *work, sendJobs)
	for range sendJobs {
		workers <- newWork()
	}
	var g errgroup.Group
	g.SetLimit(sendJobs)
	root := filepath.Join(repo, "objects")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		g.Go(func() error {
			w := <-workers
			defer func() { workers <- w }()
			if err := w.read(p, io.Discard, strings.HasSuffix(p, ".filez")); err != nil {
				return err
			}
			return post(client, p, url+"objects"+strings.TrimPrefix(p, root))
		})
		return nil
	})
	return errors.Join(err, g.Wait())
}

// post sends the file at path; the treehub must not have it.
func post(client *http.Client, path, url string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, url, f)
	if err != nil {
		return err
	}
	req.ContentLength = info.Size()
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("POST %s: %s", url, resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
