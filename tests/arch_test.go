package tests

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/otactl/otactl"

// A room may import only the rooms listed; a room stands for itself and all
// below it. std, x/* and libraries that no rule of libraryOwners restricts
// are free for all.
type room struct {
	name string
	may  []string
	why  string
}

// rooms is the direction of dependence. The first match by longest name rules.
func rooms() []room {
	const (
		engine = "an engine knows nothing of networks, accounts or commands, so that device, server and tests share it"
		device = "the device build stays small: no operator's client, no keyring, no JSON API library"
		sides  = "each does one job on the engines; only commands bring them together"
	)
	return []room{
		{"", []string{"commands", "internal"}, "main picks the mode and nothing else"},
		{"commands", []string{"agent", "client", "internal", "offline", "ostree", "publish", "register", "server", "targets", "tuf"}, "the command line imports everything and nobody imports it"},
		{"internal", nil, "small rooms stand alone"},
		{"ostree", []string{"internal"}, engine},
		{"tuf", []string{"internal"}, engine},
		{"client", []string{"internal", "ostree", "tuf"}, "a client speaks to one peer in the terms of the engines"},
		{"publish", []string{"client", "internal", "ostree", "tuf"}, sides},
		{"targets", []string{"internal", "ostree", "tuf"}, "what targets shall be is planned without a network; the command line fetches, signs and sends"},
		{"offline", []string{"internal", "ostree", "tuf"}, "a device reads bundles through it, so it knows no client; the command line hands it a backend"},
		{"register", []string{"client/gateway", "client/httprepo", "internal", "ostree", "tuf"}, device},
		{"agent", []string{"client/gateway", "client/httprepo", "internal", "offline", "ostree", "tuf"}, device + "; it reads bundles through offline"},
		{"server", []string{"client/account", "client/credentials", "internal", "ostree", "tuf"}, "the backend needs no client of itself, only the formats of the files it hands out"},
		{"tests", []string{"agent", "client", "commands", "internal", "offline", "ostree", "publish", "register", "server", "targets", "tuf"}, "tests may look everywhere"},
	}
}

// libraryOwners says where a library may be imported, and why nowhere else.
var libraryOwners = []struct {
	library string
	owners  []string
	why     string
}{
	{"github.com/urfave/cli", []string{"commands"}, "the command line is one room's business"},
	{"github.com/schollz/progressbar", []string{"commands"}, "engines report progress, they don't draw it"},
	{"golang.org/x/term", []string{"internal/term"}, "one place knows what a terminal is"},
	{"github.com/go-resty/resty", []string{"client/factory"}, "its retries lose bodies and it writes error pages to files: JSON calls only"},
	{"github.com/mholt/archiver", []string{"internal/tarball"}, "one place guards against what foreign archives hold, and it is replaced by its successor there"},
	{"github.com/minio/minio-go", []string{"client/bucket"}, "one place signs requests for S3 and knows where its keys come from"},
	{"modernc.org/sqlite", []string{"agent/state", "server"}, "databases belong to the device's state and to the backend"},
	{"github.com/ProtonMail/go-crypto", []string{"ostree/sign/pgp"}, "one place decides what a GPG signature is worth, and guards against what hostile packets do to the library"},
	{"filippo.io/age", []string{"tuf/keystore"}, "one place decides what a passphrase may cost and who a file may be sealed for"},
	{"github.com/miekg/pkcs11", []string{"tuf/pkcs11"}, "it needs cgo, and loads whatever library it is told to"},
	{"software.sslmate.com/src/go-pkcs12", []string{"client/credentials"}, "client certificates come with credentials, and nowhere else in that form"},
	{"github.com/zalando/go-keyring", []string{"client/secrets"}, "one place knows where secrets are kept"},
	{"github.com/theupdateframework/go-tuf", []string{"tuf/spec"}, "one place guards against what hostile metadata does to the library"},
	{"github.com/sigstore", nil, "it comes along with go-tuf and nobody else needs it"},
	{"github.com/hanwen/go-fuse", []string{"internal/testkit/fatfs"}, "file systems are made for tests only"},
	{"github.com/rogpeppe/go-internal", []string{"tests"}, "test machinery stays out of the binary"},
	{"github.com/google/go-cmp", []string{"tests", "internal/testkit"}, "test machinery stays out of the binary"},
}

// pkg is the part of "go list -json" that the rules need.
type pkg struct {
	ImportPath                         string
	Dir                                string
	Standard                           bool
	Doc                                string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

// goList runs go list with args and decodes its stream of packages.
func goList(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json"}, args...)...)
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// local is a package's path inside the module; ok is false for others.
func local(importPath string) (path string, ok bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// within says whether path is room or below it.
func within(path, room string) bool {
	return path == room || strings.HasPrefix(path, room+"/")
}

func withinAny(path string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool { return within(path, r) })
}

// roomOf is the rule for a package of ours.
func roomOf(path string) (room, bool) {
	for _, r := range rooms() {
		if r.name == path || r.name != "" && within(path, r.name) {
			return r, true
		}
	}
	return room{}, false
}

func TestArchImportsFollowTheArrows(t *testing.T) {
	for _, p := range goList(t, "./...") {
		path, _ := local(p.ImportPath)
		rule, ok := roomOf(path)
		if !ok {
			t.Errorf("%s belongs to no room of the design", path)
			continue
		}
		for _, imported := range p.Imports {
			target, ours := local(imported)
			if ours && !within(target, rule.name) && !withinAny(target, rule.may) {
				t.Errorf("%s imports %s: %s", path, target, rule.why)
			}
		}
	}
}

func TestArchLibrariesStayWithTheirOwners(t *testing.T) {
	for _, p := range goList(t, "./...") {
		path, _ := local(p.ImportPath)
		for _, imported := range p.Imports {
			for _, rule := range libraryOwners {
				if strings.HasPrefix(imported, rule.library) && !withinAny(path, rule.owners) {
					t.Errorf("%s imports %s: %s", path, imported, rule.why)
				}
			}
		}
	}
}

// What runs on a device must not link what only an operator needs.
func TestArchDeviceBuildStaysSmall(t *testing.T) {
	banned := []string{
		"github.com/go-resty/resty", "github.com/minio/minio-go", "github.com/zalando/go-keyring", "software.sslmate.com/src/go-pkcs12", "github.com/urfave/cli", "archive/zip", "filippo.io/age", "github.com/mholt/archiver",
		module + "/tuf/keystore", module + "/tuf/pkcs11", module + "/tuf/spec", "github.com/theupdateframework/go-tuf",
		module + "/client/factory", module + "/client/account", module + "/client/secrets", module + "/client/credentials", module + "/server", module + "/publish",
	}
	for _, p := range goList(t, "./agent/...", "./register/...") {
		for _, dep := range p.Deps {
			for _, b := range banned {
				if dep == b || strings.HasPrefix(dep, b+"/") {
					t.Errorf("%s reaches %s", p.ImportPath, dep)
				}
			}
		}
	}
}

// A package says what it is for, what it trusts and what it never does.
func TestArchEveryPackageIntroducesItself(t *testing.T) {
	for _, p := range goList(t, "./...") {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
