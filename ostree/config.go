package ostree

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/keyfile"
)

// config is a repo's config as read: the file, and what its [core] says.
type config struct {
	file   *keyfile.File // not to be edited; others read it
	mode   Mode
	parent string // path of the parent repo, or ""

	fsync         bool // make writes durable
	perObject     bool // sync each object by itself, not one batch at once
	noXattrs      bool // neither read nor write xattrs
	locking       bool
	tombstones    bool          // leave a tombstone where a commit is deleted
	lockTimeout   time.Duration // negative waits for ever
	tmpExpiry     time.Duration // how old a stray file in tmp must be to go
	zlibLevel     int
	minFreeBytes  uint64 // set, or 0
	minFreeShare  int    // in percent; only where minFreeBytes is 0
	collection    string
	indexedDeltas bool
}

// parseConfig reads a config. A key that has a meaning and not a value that it
// may have is an error: to guess what a switch means is to guess wrong.
func parseConfig(data []byte) (*config, error) {
	f, err := keyfile.Parse(data)
	if err != nil {
		return nil, err
	}
	return readConfig(f)
}

func readConfig(f *keyfile.File) (*config, error) {
	if v, _ := f.Get("core", "repo_version"); v != "1" {
		return nil, fail.New(fail.Unsupported, "", "repo_version is %q, want 1", v)
	}
	if f.Bool("core", "archive", false) {
		return nil, fail.New(fail.Unsupported, "set mode=archive-z2 instead", "it says archive=true, the form before mode")
	}
	c := &config{file: f}
	mode, ok := f.Get("core", "mode")
	if !ok {
		mode = string(ModeBare)
	}
	var err error
	if c.mode, err = ParseMode(mode); err != nil {
		return nil, err
	}
	k := &keys{f: f}
	c.fsync = k.bool("core", "fsync", true)
	c.perObject = k.bool("core", "per-object-fsync", false)
	c.noXattrs = k.bool("core", "disable-xattrs", false)
	c.locking = k.bool("core", "locking", true)
	c.tombstones = k.bool("core", "tombstone-commits", false)
	c.indexedDeltas = k.bool("core", "indexed-deltas", false)
	c.lockTimeout = k.seconds("core", "lock-timeout-secs", 300)
	c.tmpExpiry = k.seconds("core", "tmp-expiry-secs", 86400)
	c.zlibLevel = k.number("archive", "zlib-level", deflateLevel, 1, 9)
	c.minFree(k)
	c.parent, _ = f.Get("core", "parent")
	c.collection, _ = f.Get("core", "collection-id")
	if c.collection != "" {
		k.note(CheckCollectionID(c.collection))
	}
	return c, k.err
}

var freeSize = regexp.MustCompile(`^([0-9]+)([MGT])B$`)

// minFree reads how much of the disk stays free: a size if there is one, else a
// share, else 3 %, as libostree has it.
func (c *config) minFree(k *keys) {
	c.minFreeShare = k.number("core", "min-free-space-percent", 3, 0, 99)
	v, ok := k.f.Get("core", "min-free-space-size")
	if !ok || v == "" {
		return
	}
	m := freeSize.FindStringSubmatch(v)
	if m == nil {
		k.note(badKey("core", "min-free-space-size", v, "a number with MB, GB or TB behind it"))
		return
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	unit := uint64(1) << map[string]int{"M": 20, "G": 30, "T": 40}[m[2]]
	if err != nil || n > math.MaxInt64/unit {
		k.note(badKey("core", "min-free-space-size", v, "a size that fits in 63 bits"))
		return
	}
	c.minFreeBytes, c.minFreeShare = n*unit, 0
}

// keys reads typed values and keeps the first error.
type keys struct {
	f   *keyfile.File
	err error
}

func (k *keys) note(err error) {
	if k.err == nil {
		k.err = err
	}
}

func badKey(group, key, value, want string) error {
	return fail.New(fail.Usage, "correct it with config set, or in the file", "key %s in [%s] is %.80q, want %s", key, group, value, want)
}

func (k *keys) bool(group, key string, without bool) bool {
	v, ok := k.f.AsBool(group, key)
	if raw, there := k.f.Raw(group, key); there && !ok {
		k.note(badKey(group, key, raw, "true or false"))
	}
	if !ok {
		return without
	}
	return v
}

func (k *keys) number(group, key string, without, least, most int) int {
	raw, ok := k.f.Get(group, key)
	if !ok {
		return without
	}
	n, err := strconv.Atoi(strings.TrimSpace(raw))
	if err != nil || n < least || n > most {
		k.note(badKey(group, key, raw, fmt.Sprintf("a number from %d to %d", least, most)))
		return without
	}
	return n
}

func (k *keys) seconds(group, key string, without int) time.Duration {
	return time.Duration(k.number(group, key, without, -1, math.MaxInt32)) * time.Second
}

// ParseMode reads a mode as a config or a command line names it.
func ParseMode(s string) (Mode, error) {
	switch s {
	case "archive", "archive-z2":
		return ModeArchive, nil
	case "bare", "bare-user", "bare-user-only", "bare-split-xattrs":
		return Mode(s), nil
	}
	return "", fail.New(fail.Unsupported, "use a repo of mode archive, bare, bare-user or bare-user-only", "mode %q is not supported", s)
}

// cfg is the config that counts now.
func (r *Repo) cfg() *config { return r.config.Load() }

// Keyfile is the repo's config, to look at. Edits of it reach nobody; that is
// what EditConfig is for.
func (r *Repo) Keyfile() *keyfile.File { return r.cfg().file.Clone() }

// Config is a key of the repo's config.
func (r *Repo) Config(group, key string) (string, bool) { return r.cfg().file.Get(group, key) }

// EditConfig changes the repo's config: edit gets the file as it is on disk
// and changes it, and the result replaces it whole, or not at all if edit fails
// or a repo with it could not be opened. Two that edit at once do so one after
// the other. How this Repo stores objects doesn't change before it is opened
// again.
func (r *Repo) EditConfig(ctx context.Context, edit func(*keyfile.File) error) error {
	unlock, err := r.LockConfig(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	f := r.Keyfile()
	if err := edit(f); err != nil {
		return err
	}
	return r.writeConfig(f)
}

func (r *Repo) configPath() string { return filepath.Join(r.path, "config") }

// LockConfig lets one at a time change the config, the files of remotes and
// their keyrings, and reads the config as whoever did so before left it.
func (r *Repo) LockConfig(ctx context.Context) (unlock func(), err error) {
	unlock, err = lockFolder(ctx, r.path)
	if err == nil {
		if err = r.reloadConfig(); err == nil {
			return unlock, nil
		}
		unlock()
	}
	return nil, fmt.Errorf("edit config of %s: %w", r.path, err)
}

func (r *Repo) reloadConfig() error {
	data, err := fsx.ReadFile(r.configPath(), limits.RepoConfig)
	if err != nil {
		return err
	}
	c, err := parseConfig(data)
	if err != nil {
		return err
	}
	r.config.Store(c)
	return nil
}

// writeConfig makes f the config, if it differs; the caller holds LockConfig.
func (r *Repo) writeConfig(f *keyfile.File) error {
	out := f.Bytes()
	c, err := parseConfig(out)
	if err != nil {
		return fmt.Errorf("edit config of %s: %w", r.path, err)
	}
	path := r.configPath()
	if len(out) > limits.RepoConfig {
		return &fsx.TooLargeError{Name: path, Max: limits.RepoConfig}
	}
	if string(out) != string(r.cfg().file.Bytes()) {
		if err := replaceFile(path, out, 0o600); err != nil {
			return err
		}
	}
	r.config.Store(c)
	return nil
}

// durably says whether the repo's config wants writes synced.
func (r *Repo) durably() bool { return r.cfg().fsync && !r.noSync }

// DisableSync leaves it to the system when what is written is on the disk. It
// must be called before the repo is used.
func (r *Repo) DisableSync() { r.noSync = true }

// SyncEachObject syncs each object by itself, as core.per-object-fsync says. It
// must be called before the repo is used.
func (r *Repo) SyncEachObject() { r.syncEach = true }

func (r *Repo) perObject() bool { return r.syncEach || r.cfg().perObject }

// CollectionID is the name of the collection that this repo's own refs belong
// to, or "".
func (r *Repo) CollectionID() string { return r.cfg().collection }

var collectionElement = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckCollectionID refuses what is no collection id: at least two elements
// with dots between them, like org.example.Os, of at most 255 bytes.
func CheckCollectionID(id string) error {
	parts := strings.Split(id, ".")
	bad := len(parts) < 2 || len(id) > limits.NameLength
	for _, p := range parts {
		bad = bad || !collectionElement.MatchString(p)
	}
	if bad {
		return fail.New(fail.Usage, "use elements of letters, digits and _ with dots between them, like org.example.Os", "invalid collection ID %.120q", id)
	}
	return nil
}
