package tests

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// reposerver answers as ota-tuf's does: roots and targets.json below user_repo
// and nothing else, a checksum with each targets.json that a change of it has
// to name, and it takes only what the root's targets keys signed.
type reposerver struct {
	t    *testing.T
	url  string
	repo *tuftest.Repo

	mu      sync.Mutex
	puts    int
	before  func() // what somebody else does right before a PUT
	refused []string
	whole   bool // it serves timestamp and snapshot as well
}

func newReposerver(t *testing.T) *reposerver {
	s := &reposerver{t: t, repo: tuftest.New(t)}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.url = h.URL + "/tenant/a7"
	return s
}

const bearer = "Bearer sesame"

func (s *reposerver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/oauth2/token" {
		fmt.Fprint(w, `{"access_token":"sesame","token_type":"bearer","expires_in":3600}`)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/tenant/a7/api/v1/user_repo/")
	switch {
	case r.Header.Get("Authorization") != bearer:
		s.refuse(w, http.StatusUnauthorized, "unauthorized")
	case !ok:
		s.refuse(w, http.StatusNotFound, "missing_entity")
	case r.Method == http.MethodPut && name == "targets":
		s.put(w, r)
	case r.Method == http.MethodGet && (s.whole || strings.HasSuffix(name, "root.json") || name == tuf.TargetsFile):
		file, ok := s.repo.Files[name]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if name == tuf.TargetsFile {
			w.Header().Set("x-ats-role-checksum", sum(file))
		}
		w.Write(file)
	default:
		s.refuse(w, http.StatusNotFound, "missing_entity")
	}
}

func (s *reposerver) refuse(w http.ResponseWriter, code int, reason string) {
	s.refused = append(s.refused, reason)
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"code":%q,"description":"no","errorId":"3f"}`, reason)
}

func (s *reposerver) put(w http.ResponseWriter, r *http.Request) {
	s.puts++
	if s.before != nil {
		s.before()
	}
	file, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	next, err := tuf.ParseTargets(file)
	if err != nil {
		s.refuse(w, http.StatusBadRequest, "invalid_entity")
		return
	}
	have, exists := s.repo.Files[tuf.TargetsFile]
	switch base := r.Header.Get("x-ats-role-checksum"); {
	case exists && base == "":
		s.refuse(w, http.StatusPreconditionRequired, "role_checksum_not_provided")
	case exists && base != sum(have):
		s.refuse(w, http.StatusPreconditionFailed, "role_checksum_mismatch")
	case next.Version != s.repo.Version[tuf.RoleTargets]+1:
		s.refuse(w, http.StatusConflict, "invalid_version_bump")
	case s.repo.Root.Verify(tuf.RoleTargets, file) != nil:
		s.refuse(w, http.StatusBadRequest, "payload_signature_invalid")
	default:
		s.repo.Files[tuf.TargetsFile] = file
		s.repo.Version[tuf.RoleTargets]++
		s.repo.Targets = next.Targets
		w.WriteHeader(http.StatusNoContent)
	}
}

func sum(file []byte) string {
	s := sha256.Sum256(file)
	return hex.EncodeToString(s[:])
}

// names are the targets that are signed now.
func (s *reposerver) names() []string {
	s.t.Helper()
	file := s.repo.Files[tuf.TargetsFile]
	if err := s.repo.Root.Verify(tuf.RoleTargets, file); err != nil {
		s.t.Fatal(err)
	}
	t, err := tuf.ParseTargets(file)
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for name := range t.Targets {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// signingCredentials are credentials, as a tar, with all that signing takes.
func (s *reposerver) signingCredentials(treehub string, key *tuf.PrivateKey, root []byte) string {
	s.t.Helper()
	origin, _, _ := strings.Cut(s.url, "/tenant")
	sec, err := json.Marshal(key)
	if err != nil {
		s.t.Fatal(err)
	}
	pub, err := json.Marshal(key.Public())
	if err != nil {
		s.t.Fatal(err)
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for name, text := range map[string]string{
		"treehub.json": `{"oauth2":{"server":"` + origin + `/oauth2","client_id":"id","client_secret":"s"},"ostree":{"server":"` + treehub + `"}}`,
		"tufrepo.url":  s.url, "root.json": string(root), "targets.pub": string(pub), "targets.sec": string(sec),
	} {
		w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))})
		io.WriteString(w, text)
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "credentials.tar")
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// publishAt is otactl publish of a small tree at a time.
func publishAt(t *testing.T, now time.Time, repo, creds string, more ...string) (code int, stdout, stderr string) {
	t.Helper()
	return otactlAt(t, now, append([]string{"publish", "-r", repo, "-m", "rpi", "-t", "main", "-c", creds}, more...)...)
}

// otactlAt runs a command at a time.
func otactlAt(t *testing.T, now time.Time, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"otactl"}, args...)
	home := t.TempDir()
	code = commands.Main(t.Context(), args, func(name string) string { return map[string]string{"HOME": home}[name] },
		term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, clock.At(now))
	return code, out.String(), errs.String()
}

func smallRepo(t *testing.T) string {
	t.Helper()
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	return testkit.ArchiveRepo(t, tree, "main")
}

func TestCredentialsWithATargetsKeySignWhereTheServerHasNone(t *testing.T) {
	s, hub, repo := newReposerver(t), treehubtest.New(t), smallRepo(t)
	first := s.repo.Files["1.root.json"]
	s.repo.AddTarget("rpi-6", strings.Repeat("a", 64), "rpi", "6", "main")
	s.repo.Publish()
	hub.Token = "sesame"

	// Since the credentials were made the root key was exchanged, and by now
	// targets.json has expired: who signs the next one makes it good again.
	s.repo.NextRoot()
	now := tuftest.Start.Add(2100 * time.Hour)
	creds := s.signingCredentials(hub.URL, s.repo.Keys[tuf.RoleTargets][0], first)
	code, out, errs := publishAt(t, now, repo, creds, "--expires-in-days", "40")
	if code != 0 || !strings.Contains(out, "rpi-7, signed") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if got := s.names(); !slices.Equal(got, []string{"rpi-6", "rpi-7"}) {
		t.Errorf("targets are %v", got)
	}
	signed, err := tuf.ParseTargets(s.repo.Files[tuf.TargetsFile])
	if err != nil || !signed.Expires.Equal(now.Add(40*24*time.Hour).Truncate(time.Second)) {
		t.Errorf("signed until %v, %v", signed.Expires, err)
	}
	if code, out, errs = publishAt(t, now, repo, creds); code != 0 || !strings.Contains(out, "rpi-7, was there already") || s.puts != 1 {
		t.Errorf("again: exit %d, %d PUTs: %s%s", code, s.puts, out, errs)
	}
	if len(s.refused) > 0 {
		t.Errorf("it was asked for what ota-tuf has not: %v", s.refused)
	}
}

func TestSyncSignsTargetsWhereTheServerHasNoKey(t *testing.T) {
	open := func() (*reposerver, string) {
		s, hub := newReposerver(t), treehubtest.New(t)
		hub.Token = "sesame"
		s.repo.Publish()
		return s, s.signingCredentials(hub.URL, s.repo.Keys[tuf.RoleTargets][0], s.repo.Files["1.root.json"])
	}
	from, fromCreds := open()
	from.whole = true
	to, toCreds := open()
	if code, out, errs := publishAt(t, tuftest.Start, smallRepo(t), fromCreds); code != 0 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	from.repo.Publish()
	for want := 1; want <= 2; want++ {
		code, out, errs := otactlAt(t, tuftest.Start, "publish", "sync", "--from-credentials", fromCreds, "-c", toCreds, "--targets", "main")
		if code != 0 || !slices.Equal(to.names(), from.names()) || to.puts != 1 {
			t.Errorf("time %d: exit %d, targets %v, %d PUTs: %s%s", want, code, to.names(), to.puts, out, errs)
		}
	}
}

func TestFirstTargetsOfARepositoryAreSigned(t *testing.T) {
	s, hub, repo := newReposerver(t), treehubtest.New(t), smallRepo(t)
	delete(s.repo.Files, tuf.TargetsFile)
	s.repo.Version[tuf.RoleTargets] = 0
	creds := s.signingCredentials(hub.URL, s.repo.Keys[tuf.RoleTargets][0], s.repo.Files["1.root.json"])
	code, out, errs := publishAt(t, tuftest.Start, repo, creds)
	if code != 0 || !slices.Equal(s.names(), []string{"rpi-1"}) {
		t.Errorf("exit %d, targets %v: %s%s", code, s.names(), out, errs)
	}
}

func TestTwoWhoSignAtOnceLoseNoTarget(t *testing.T) {
	s, hub, repo := newReposerver(t), treehubtest.New(t), smallRepo(t)
	s.before = func() {
		if s.puts == 1 {
			s.repo.AddTarget("x86-1", strings.Repeat("b", 64), "x86", "1", "main")
			s.repo.Publish()
		}
	}
	creds := s.signingCredentials(hub.URL, s.repo.Keys[tuf.RoleTargets][0], s.repo.Files["1.root.json"])
	code, out, errs := publishAt(t, tuftest.Start, repo, creds)
	if code != 0 || s.puts != 2 || !slices.Equal(s.names(), []string{"rpi-1", "x86-1"}) {
		t.Errorf("exit %d after %d PUTs, targets %v: %s%s", code, s.puts, s.names(), out, errs)
	}

	s.repo.Publish()
	s.before = func() {
		if s.puts == 3 {
			s.repo.AddTarget("arm-2", strings.Repeat("c", 64), "arm", "2", "main")
			s.repo.Publish()
		}
	}
	code, out, errs = publishAt(t, tuftest.Start, repo, creds, "-m", "arm", "--name", "arm")
	if code != 0 || !slices.Contains(s.names(), "arm-2") || !slices.Contains(s.names(), "arm-3") {
		t.Errorf("the same version: exit %d, targets %v: %s%s", code, s.names(), out, errs)
	}

	s.before = func() { s.repo.Publish() }
	code, _, errs = publishAt(t, tuftest.Start, repo, creds, "--version", "9")
	if code != 6 || !strings.Contains(errs, "somebody else was first") || slices.Contains(s.names(), "rpi-9") {
		t.Errorf("always late: exit %d, targets %v: %s", code, s.names(), errs)
	}
}

func TestNothingIsSignedOverWhatDoesNotVerify(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(s *reposerver) (key *tuf.PrivateKey, root []byte)
		code  int
		say   string
	}{
		"a root of another factory": {func(s *reposerver) (*tuf.PrivateKey, []byte) {
			return s.repo.Keys[tuf.RoleTargets][0], tuftest.New(s.t).Files["1.root.json"]
		}, 7, "targets"},
		"targets that nobody signed": {func(s *reposerver) (*tuf.PrivateKey, []byte) {
			s.repo.Files[tuf.TargetsFile] = bytes.Replace(s.repo.Files[tuf.TargetsFile], []byte(`"version":1`), []byte(`"version":3`), 1)
			return s.repo.Keys[tuf.RoleTargets][0], s.repo.Files["1.root.json"]
		}, 7, "targets"},
		"a key that was taken back": {func(s *reposerver) (*tuf.PrivateKey, []byte) {
			return s.repo.Key(tuf.ED25519), s.repo.Files["1.root.json"]
		}, 4, "targets.sec.*get new credentials"},
	} {
		s, hub, repo := newReposerver(t), treehubtest.New(t), smallRepo(t)
		key, root := tc.spoil(s)
		code, out, errs := publishAt(t, tuftest.Start, repo, s.signingCredentials(hub.URL, key, root))
		if code != tc.code || s.puts != 0 || !matches(errs, tc.say) {
			t.Errorf("%s: exit %d, %d PUTs: %s%s", name, code, s.puts, out, errs)
		}
	}
}

func matches(text, pattern string) bool { return regexp.MustCompile(pattern).MatchString(text) }
