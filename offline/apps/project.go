package apps

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// project is what docker compose reads of an app's folder. composectl looks at
// docker-compose.yml alone, and then has docker compose find the files by itself.
type project struct {
	compose   []byte
	overrides map[string][]byte
}

// instead are the files that docker compose takes in the place of composeFile,
// overrides those that it lays over it.
var (
	instead   = []string{"compose.yaml", "compose.yml"}
	overrides = []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}
)

// namesFiles finds the variable by which a .env says what else is taken.
var namesFiles = regexp.MustCompile(`(^|[\r\n])[^\S\r\n]*(export[^\S\r\n]+)?COMPOSE_FILE[^\S\r\n]*[=:]`)

// take reads a member, if docker compose would.
func (p *project) take(h *tar.Header, content io.Reader) error {
	name := path.Clean(h.Name)
	switch {
	case slices.Contains(instead, name):
		return malformed("app archive: it has a %s, which docker compose takes in the place of %s", name, composeFile)
	case name == composeFile:
		// By another spelling composectl doesn't find it, and docker does.
		if h.Name != composeFile || h.Typeflag != tar.TypeReg || p.compose != nil {
			return malformed("app archive: %s is no plain file of just this name, or is there twice", composeFile)
		}
	case slices.Contains(overrides, name):
		if _, twice := p.overrides[name]; twice || h.Typeflag != tar.TypeReg {
			return malformed("app archive: %s is no plain file, or is there twice", name)
		}
	case name != ".env" || h.Typeflag == tar.TypeDir:
		return nil
	case h.Typeflag != tar.TypeReg:
		return malformed("app archive: %s is no plain file", name)
	}
	data, err := fsx.ReadSized(content, name, h.Size, limits.ComposeFile)
	switch {
	case err != nil:
		return malformed("app archive: %w", err)
	case name == composeFile:
		p.compose = data
	case name != ".env":
		p.overrides[name] = data
	case namesFiles.Match(data):
		return malformed("app archive: its .env sets COMPOSE_FILE, so that devices run other files than %s", composeFile)
	}
	return nil
}

// check wants the overrides to bring no images: nobody pins those, and they are
// in no bundle.
func (p *project) check() error {
	if p.compose == nil {
		return malformed("app archive: it has no %s", composeFile)
	}
	if len(p.overrides) == 0 {
		return nil
	}
	base, err := decodeCompose(composeFile, p.compose)
	if err != nil {
		return err
	}
	for name, file := range p.overrides {
		over, err := decodeCompose(name, file)
		if err != nil {
			return err
		}
		for service, s := range over.Services {
			was, ok := base.Services[service]
			if !ok || s.Image != "" && s.Image != was.Image || !s.Extends.IsZero() {
				return malformed("%s: service %.80q is another, or has another image, than in %s", name, service, composeFile)
			}
		}
	}
	return nil
}

// composeDoc is a compose file, as far as it matters.
type composeDoc struct {
	Include  yaml.Node `yaml:"include"`
	Services map[string]struct {
		Image    string    `yaml:"image"`
		Profiles []string  `yaml:"profiles"`
		Extends  yaml.Node `yaml:"extends"`
	} `yaml:"services"`
}

func decodeCompose(name string, file []byte) (*composeDoc, error) {
	doc := new(composeDoc)
	in := yaml.NewDecoder(bytes.NewReader(file))
	if err := in.Decode(doc); err != nil {
		return nil, malformed("%s: %w", name, err)
	}
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, malformed("%s: there is more than one document in it", name)
	}
	if !doc.Include.IsZero() {
		return nil, malformed("%s: it includes other files, which composectl doesn't read", name)
	}
	return doc, nil
}
