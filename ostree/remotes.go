package ostree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/keyfile"
)

// ErrNoRemote says that a repo's config names no such remote.
var ErrNoRemote = errors.New("remote not found")

// AnyEngine in SignVerify stands for each engine that has keys.
const AnyEngine = "*"

// RemoteConfig is what a repo's config says about a remote.
type RemoteConfig struct {
	Name string
	// URL is http, https or file; "mirrorlist=" before it makes it the address
	// of a list of mirrors. "" where there is only a metalink.
	URL        string
	ContentURL string // where objects come from, if not from URL
	Metalink   string
	Branches   []string // pulled when no ref is named

	// CollectionID is as it was written; a CollectionRef made with it is checked.
	CollectionID string
	// GPGVerify is true unless the config says otherwise.
	GPGVerify        bool
	GPGVerifySummary bool
	GPGKeyPaths      []string // gpgkeypath: files or folders of keys
	// SignVerify are the engines that must find a valid signature on a commit,
	// one of them; nil asks for none. AnyEngine means each that has keys, while
	// one that is named must have some.
	SignVerify        []string
	SignVerifySummary []string
	// VerificationKeys and VerificationFiles are by engine.
	VerificationKeys  map[string]string
	VerificationFiles map[string]string

	Proxy         string
	TLSPermissive bool // any server certificate will do
	TLSCAPath     string
	TLSClientCert string // path, together with TLSClientKey
	TLSClientKey  string
	HTTP2         bool

	// UnconfiguredState is text for whoever tries to pull: the remote needs
	// something done first, a subscription perhaps.
	UnconfiguredState string
	CustomBackend     string // content comes from somewhere else than a repo

	// Options are all keys, known or not.
	Options map[string]string
	// File is the file that says all this.
	File string
}

const remotePrefix, remoteSuffix = `remote "`, `"`

func remoteGroup(name string) string { return remotePrefix + name + remoteSuffix }

// CheckRemoteName refuses what is no name of a remote; what passes may be part
// of a path.
func CheckRemoteName(name string) error {
	if !refComponent.MatchString(name) || len(name) > limits.NameLength {
		return fail.New(fail.Usage, "use letters, digits, - . and _", "invalid remote name %.120q", name)
	}
	return nil
}

// RemoteConfig is what is configured of a remote, in this repo, in the folder
// of SetRemotesDir or in the parent repo; else ErrNoRemote. One with a key that
// has a value it can't have comes along with the error.
func (r *Repo) RemoteConfig(name string) (RemoteConfig, error) {
	if err := CheckRemoteName(name); err != nil {
		return RemoteConfig{}, err
	}
	for at := r; at != nil; at = at.parent {
		files, err := at.remoteFiles()
		if err != nil {
			return RemoteConfig{}, err
		}
		for _, f := range files {
			if !f.keys.Has(remoteGroup(name)) {
				continue
			}
			c, err := readRemote(f, name)
			if err != nil {
				return c, fmt.Errorf("%s: %w", f.path, err)
			}
			return c, nil
		}
	}
	return RemoteConfig{}, fail.New(fail.NotFound, "list them with remote list, or add it with remote add", "remote %q: %w in %s", name, ErrNoRemote, r.path)
}

// Remotes are the names of all remotes, those of a parent repo too, sorted.
func (r *Repo) Remotes() ([]string, error) {
	var names []string
	for at := r; at != nil; at = at.parent {
		files, err := at.remoteFiles()
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			names = append(names, remotesIn(f.keys)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func remotesIn(f *keyfile.File) []string {
	var names []string
	for _, g := range f.Groups() {
		name, ok := strings.CutPrefix(g, remotePrefix)
		if !ok {
			continue
		}
		if name, ok = strings.CutSuffix(name, remoteSuffix); ok && CheckRemoteName(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// remoteFile is a key file that may describe remotes.
type remoteFile struct {
	path string
	keys *keyfile.File
}

// SetRemotesDir names the folder of *.conf files, each of which may hold
// remotes besides those in the config: /etc/ostree/remotes.d for the repo of a
// running system. With adds true new remotes go there. It must be called before
// the repo is used.
func (r *Repo) SetRemotesDir(dir string, adds bool) {
	r.remotesDir, r.addToDir = dir, adds
}

// remoteFiles are the files with remotes, that which counts first.
func (r *Repo) remoteFiles() ([]remoteFile, error) {
	files := []remoteFile{{r.configPath(), r.cfg().file}}
	if r.remotesDir == "" {
		return files, nil
	}
	root, err := os.OpenRoot(r.remotesDir)
	if err != nil {
		return files, ignoreMissing(err)
	}
	defer root.Close()
	list, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("remotes in %s: %w", r.remotesDir, err)
	}
	for _, d := range list {
		if !strings.HasSuffix(d.Name(), ".conf") || d.IsDir() {
			continue
		}
		path := filepath.Join(r.remotesDir, d.Name())
		data, err := fsx.ReadFile(path, limits.RepoConfig)
		if err != nil {
			return nil, fmt.Errorf("remotes: %w", err)
		}
		keys, err := keyfile.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("remotes in %s: %w", path, err)
		}
		files = append(files, remoteFile{path, keys})
	}
	return files, nil
}

func readRemote(f remoteFile, name string) (RemoteConfig, error) {
	group := remoteGroup(name)
	k := &keys{f: f.keys}
	text := func(key string) string {
		v, _ := f.keys.Get(group, key)
		return v
	}
	list := func(key string) []string {
		v, _ := f.keys.Strings(group, key)
		return v
	}
	c := RemoteConfig{
		Name: name, File: f.path,
		URL: text("url"), ContentURL: text("contenturl"), Metalink: text("metalink"), Branches: list("branches"),
		CollectionID: text("collection-id"),
		GPGVerify:    k.bool(group, "gpg-verify", true), GPGVerifySummary: k.bool(group, "gpg-verify-summary", false),
		GPGKeyPaths: list("gpgkeypath"),
		SignVerify:  k.engines(group, "sign-verify"), SignVerifySummary: k.engines(group, "sign-verify-summary"),
		Proxy: text("proxy"), TLSPermissive: k.bool(group, "tls-permissive", false), TLSCAPath: text("tls-ca-path"),
		TLSClientCert: text("tls-client-cert-path"), TLSClientKey: text("tls-client-key-path"),
		HTTP2: k.bool(group, "http2", true), UnconfiguredState: text("unconfigured-state"), CustomBackend: text("custom-backend"),
		VerificationKeys: map[string]string{}, VerificationFiles: map[string]string{}, Options: map[string]string{},
	}
	for _, key := range f.keys.Keys(group) {
		value, _ := f.keys.Get(group, key)
		c.Options[key] = value
		engine, ok := strings.CutPrefix(key, "verification-")
		if !ok {
			continue
		}
		if engine, ok := strings.CutSuffix(engine, "-key"); ok {
			c.VerificationKeys[engine] = value
		} else if engine, ok := strings.CutSuffix(engine, "-file"); ok {
			c.VerificationFiles[engine] = value
		}
	}
	if (c.TLSClientCert == "") != (c.TLSClientKey == "") {
		k.note(fail.New(fail.Usage, "give both", "remote %q has only one of tls-client-cert-path and tls-client-key-path", name))
	}
	return c, k.err
}

// engines reads a key that is either a boolean or a list of engines. An empty
// list would ask for a signature and take any: it is an error.
func (k *keys) engines(group, key string) []string {
	if on, ok := k.f.AsBool(group, key); ok {
		if on {
			return []string{AnyEngine}
		}
		return nil
	}
	list, ok := k.f.Strings(group, key)
	if !ok {
		return nil
	}
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	if len(list) == 0 || slices.Contains(list, "") || slices.Contains(list, AnyEngine) {
		raw, _ := k.f.Raw(group, key)
		k.note(badKey(group, key, raw, "true, false or engines with ; between them"))
		return []string{AnyEngine}
	}
	return list
}

// RemoteFile is the path of a file that goes with a remote, such as its cookies
// with suffix "cookies.txt". The name of the remote must be one that
// CheckRemoteName takes.
func (r *Repo) RemoteFile(name, suffix string) string {
	return filepath.Join(r.path, name+"."+suffix)
}

// keyringSuffix is behind a remote's name in that of its keyring.
const keyringSuffix = "trustedkeys.gpg"

// Keyring is the path of the keyring to which keys for a remote are added.
func (r *Repo) Keyring(name string) string { return r.RemoteFile(name, keyringSuffix) }

// Keyrings are the paths at which a keyring of a remote may be, that which
// counts first: in the repo, in the folder of SetRemotesDir, in the parent repo.
func (r *Repo) Keyrings(name string) []string {
	var paths []string
	for at := r; at != nil; at = at.parent {
		paths = append(paths, at.ownKeyringFiles(name)...)
	}
	return paths
}

// ownKeyringFiles are those of Keyrings that are not the parent's.
func (r *Repo) ownKeyringFiles(name string) []string {
	paths := []string{r.Keyring(name)}
	if r.remotesDir != "" {
		paths = append(paths, filepath.Join(r.remotesDir, name+"."+keyringSuffix))
	}
	return paths
}
