package httprepo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// ParseMirrorlist reads a list of mirrors: a URL on each line, comments behind
// a #. What is no http(s) address is left out; a list without any is an error.
func ParseMirrorlist(data []byte) ([]string, error) {
	var list []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, limits.Mirrorlist+1)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		u, err := url.Parse(line)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		if len(list) == limits.Mirrors {
			break
		}
		list = append(list, line)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("list of mirrors: %w", err)
	}
	if len(list) == 0 {
		return nil, fail.New(fail.Verification, "check the address of the list", "list of mirrors: no http(s) address in it")
	}
	return list, nil
}

// mirrors reads the list at an address and gives those on it, from the first
// one on that has a repository.
func (k *connector) mirrors(ctx context.Context, address string) ([]*site, error) {
	t, err := k.named(address)
	if err != nil {
		return nil, err
	}
	data, err := k.fetch(ctx, t, "mirrorlist", limits.Mirrorlist)
	if err != nil {
		return nil, fmt.Errorf("list of mirrors: %w", err)
	}
	list, err := ParseMirrorlist(data)
	if err != nil {
		return nil, err
	}
	named, err := url.Parse(t.base)
	if err != nil {
		return nil, err
	}
	var sites []*site
	for _, m := range list {
		u, err := url.Parse(m)
		if err != nil {
			continue
		}
		mirror := &site{base: folder(m)}
		if httpx.SameOrigin(u, named) {
			mirror.header, mirror.auth = t.header, t.auth
		}
		sites = append(sites, mirror)
	}
	return k.alive(ctx, sites)
}

// alive leaves out the mirrors before the first one that has a config. Those
// behind it are asked when they are needed.
func (k *connector) alive(ctx context.Context, sites []*site) ([]*site, error) {
	var errs []error
	for i, t := range sites {
		probe := &Source{http: k.src.http, steady: k.src.steady, retry: k.src.retry, meta: []*site{t}, content: []*site{t}}
		_, _, err := probe.File(ctx, "config", limits.RepoConfig, ostree.FileVersion{})
		if err == nil {
			return sites[i:], nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		errs = append(errs, err)
	}
	return nil, fail.As(fmt.Errorf("no mirror of %d has a repository: %w", len(sites), errors.Join(errs...)), fail.Network, "check the list of mirrors")
}

// fetch reads the file that has the address of t itself.
func (k *connector) fetch(ctx context.Context, t *site, what string, max int64) ([]byte, error) {
	probe := &Source{http: k.src.http, steady: k.src.steady, retry: k.src.retry, meta: []*site{t}, content: []*site{t}}
	data, _, err := probe.File(ctx, "", max, ostree.FileVersion{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return data, nil
}
