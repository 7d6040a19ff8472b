package apps

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/otactl/otactl/internal/limits"
)

const composeFile = "docker-compose.yml"

// readBundle reads the compose file out of an app's archive, a tar packed with
// gzip. All of the archive is read, since what a device finds last counts;
// nothing of it is written anywhere.
func readBundle(r io.Reader) ([]byte, error) {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return nil, malformed("app archive: is not packed with gzip: %v", err)
	}
	members := tar.NewReader(&capped{r: unpacked, left: limits.AppBundle})
	made, found := links{}, project{overrides: map[string][]byte{}}
	for {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			return found.compose, found.check()
		}
		if err != nil {
			return nil, malformed("app archive: %w", err)
		}
		if err := made.take(header); err != nil {
			return nil, err
		}
		if err := found.take(header, members); err != nil {
			return nil, err
		}
	}
}

// capped ends a stream that unpacks to more than is sane.
type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, fmt.Errorf("it unpacks to more than %d bytes", int64(limits.AppBundle))
	}
	return n, err
}

// service is what a compose file says of one service, as far as it matters.
type service struct {
	name  string
	image string
	// optional is set for a service that runs only where somebody asks for one
	// of its profiles, which no device does. Such images are not even pinned
	// when an app is published.
	optional bool
}

// readCompose lists the services of a compose file by name.
func readCompose(file []byte) ([]service, error) {
	doc, err := decodeCompose(composeFile, file)
	if err != nil {
		return nil, err
	}
	if len(doc.Services) == 0 || len(doc.Services) > limits.AppServices {
		return nil, malformed("%s: %d services, want 1 to %d", composeFile, len(doc.Services), limits.AppServices)
	}
	var list []service
	for _, name := range slices.Sorted(maps.Keys(doc.Services)) {
		s := doc.Services[name]
		list = append(list, service{name: name, image: s.Image, optional: len(s.Profiles) > 0})
	}
	return list, nil
}
