package offline

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/otactl/otactl/internal/limits"
)

// composeFiles are the files in an app's archive that docker compose reads on a
// device, by their names: it finds them by itself, whatever composectl looked at.
type composeFiles map[string][]byte

// The files that docker compose lays over composeFile, and those that it takes in
// its place.
const (
	composeOver    = "compose.override.yml compose.override.yaml docker-compose.override.yml docker-compose.override.yaml"
	composeInstead = "compose.yaml compose.yml"
	composeEnv     = ".env"
)

func listed(names, name string) bool { return slices.Contains(strings.Fields(names), name) }

// add reads a member, if it is one of them.
func (f composeFiles) add(h *tar.Header, members io.Reader) error {
	name := path.Clean(h.Name)
	switch {
	case listed(composeInstead, name):
		return badContent("has a %s, which devices take in the place of %s", name, composeFile)
	case name == composeEnv && h.Typeflag == tar.TypeDir, name != composeEnv && name != composeFile && !listed(composeOver, name):
		return nil
	case f[name] != nil || h.Name != name && name == composeFile || h.Typeflag != tar.TypeReg || h.Size > limits.ComposeFile:
		return badContent("has a %s that is no plain file of just this name, too long, or there twice", name)
	}
	text, err := io.ReadAll(members)
	if err == nil && name == composeEnv {
		err = envNamesNoFiles(string(text))
	}
	f[name] = append([]byte{}, text...)
	return err
}

// envNamesNoFiles wants a .env not to say which files are read.
func envNamesNoFiles(text string) error {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export"))
		if rest, ok := strings.CutPrefix(line, "COMPOSE_FILE"); ok && strings.IndexAny(strings.TrimSpace(rest), "=:") == 0 {
			return badContent("has a %s that sets COMPOSE_FILE: devices run other files than %s", composeEnv, composeFile)
		}
	}
	return nil
}

// held wants what is laid over the compose file to bring no service and no image
// of its own: those are in no bundle. It gives the compose file.
func (f composeFiles) held() ([]byte, error) {
	base, ok := f[composeFile]
	if !ok {
		return nil, badContent("holds no %s", composeFile)
	}
	for name, file := range f {
		if !listed(composeOver, name) {
			continue
		}
		main, err := composeServices(base)
		if err != nil {
			return nil, err
		}
		over, err := composeServices(file)
		if err != nil {
			return nil, badContent("%s: %v", name, err)
		}
		for service, s := range over {
			if is, known := main[service]; !known || s.Image != "" && s.Image != is.Image || s.Extends.Kind != 0 {
				return nil, badContent("has a %s in which service %.80q is not what it is in %s", name, service, composeFile)
			}
		}
	}
	return base, nil
}

// composeService is what matters of a service.
type composeService struct {
	Image    string    `yaml:"image"`
	Profiles []string  `yaml:"profiles"`
	Extends  yaml.Node `yaml:"extends"`
}

func composeServices(file []byte) (map[string]composeService, error) {
	var doc struct {
		Include  yaml.Node                 `yaml:"include"`
		Services map[string]composeService `yaml:"services"`
	}
	in := yaml.NewDecoder(bytes.NewReader(file))
	err := in.Decode(&doc)
	if err == nil && !errors.Is(in.Decode(new(yaml.Node)), io.EOF) {
		err = errors.New("it has more than one document")
	}
	if err == nil && doc.Include.Kind != 0 {
		err = errors.New("it includes other files, which composectl doesn't read")
	}
	return doc.Services, err
}
