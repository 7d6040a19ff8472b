package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// fetchJobs is how many requests fetch keeps under way, to a server nearby;
// more cost it more processor time.
const fetchJobs = 8

// fetch gets from the repo at url what the archive repo has, in no order and
// knowing nothing of trees, and keeps it as it comes.
func fetch(repo, url, out string) error {
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: fetchJobs, DisableCompression: true}}
	root := filepath.Join(repo, "objects")
	return each(root, fetchJobs, func(w *work, path string, n int) error {
		body, err := get(client, url+"/objects"+strings.TrimPrefix(path, root))
		if err != nil {
			return err
		}
		f, err := os.Create(fmt.Sprintf("%s/%d", out, n))
		if err != nil {
			return errors.Join(err, body.Close())
		}
		err = w.hash(io.TeeReader(body, f), io.Discard, strings.HasSuffix(path, ".filez"))
		return errors.Join(err, f.Close(), body.Close())
	})
}

func get(client *http.Client, url string) (io.ReadCloser, error) {
	resp, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("GET %s: %s", url, resp.Status), resp.Body.Close())
	}
	return resp.Body, nil
}
