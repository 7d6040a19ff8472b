package commands

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/tarball"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/targets"
)

// Exit codes of ota-publish besides 0; a shell shows the script's -1 as 255.
const (
	otaPublishUsage  = 255
	otaPublishFailed = 1
)

// otaCall is a command line of ota-publish.
type otaCall struct {
	credentials, machine, repo, version, url string
	apps                                     []string
}

// otaPublish is the mode in which this program is ota-publish, the script that
// puts garage-push, garage-sign and garage-check together.
func otaPublish(ctx context.Context, rt *runtime, args []string) int {
	call, err := rt.parseOTACall(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		rt.sayFailure("ota-publish", err)
		return otaPublishUsage
	}
	if err := rt.runOTAPublish(ctx, call); err != nil {
		rt.sayFailure("ota-publish", err)
		return otaPublishFailed
	}
	return 0
}

func (rt *runtime) parseOTACall(args []string) (*otaCall, error) {
	var call otaCall
	f := flag.NewFlagSet("ota-publish", flag.ContinueOnError)
	f.SetOutput(rt.std.Err)
	f.StringVar(&call.credentials, "c", "", "credentials.zip")
	f.StringVar(&call.machine, "m", "", "machine: the hardware id")
	f.StringVar(&call.repo, "r", "", "OSTree repo: a folder, or a tar.bz2 with one in it")
	f.StringVar(&call.version, "v", "", "version of the target (default: the next free one)")
	f.StringVar(&call.url, "u", "http://example.com", "where the build is")
	f.Func("a", "URI of a Compose App, HOST/PATH/APP@sha256:DIGEST; may be repeated", func(v string) error {
		call.apps = append(call.apps, v)
		return nil
	})
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%.80q: not an option", f.Arg(0))
	}
	for name, value := range map[string]string{"-c": call.credentials, "-m": call.machine, "-r": call.repo} {
		if value == "" {
			f.Usage()
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	return &call, nil
}

func (rt *runtime) runOTAPublish(ctx context.Context, call *otaCall) error {
	target, err := call.target()
	if err != nil {
		return err
	}
	dir, remove, err := openOTARepo(ctx, call.repo)
	if err != nil {
		return err
	}
	defer remove()
	opt := publish.Options{Jobs: treehub.DefaultJobs, Force: true, Clock: rt.clock, Progress: rt.progress(), Log: rt.log}
	if opt.Repo, err = ostree.OpenRepo(dir); err != nil {
		return err
	}
	ref, err := firstRef(ctx, opt.Repo)
	if err != nil {
		return err
	}
	target.Name = ref
	opt.Items = []publish.Item{{Rev: ref, Target: target}}
	if err := opt.Check(); err != nil {
		return err
	}
	return rt.otaRun(ctx, call, opt)
}

// otaRun publishes with what the credentials give access to.
func (rt *runtime) otaRun(ctx context.Context, call *otaCall, opt publish.Options) error {
	c := cli.NewContext(nil, flag.NewFlagSet("ota-publish", flag.ContinueOnError), nil) // no flag of ours is set
	c.Context = ctx
	a, err := rt.accessWith(c, call.credentials, opt.Jobs)
	if err != nil {
		return err
	}
	if a.backend == nil {
		return fail.New(fail.Usage, "use credentials with a tufrepo.url in them", "%s: they name no repository of targets", call.credentials)
	}
	p, err := rt.atTreehub(a, a.treehub, a.auth, opt.Jobs)
	if err != nil {
		return err
	}
	opt.Remote = p.store
	if opt.Backend, err = rt.targetsBy(c, p.keeper); err != nil {
		return err
	}
	rep, err := publish.Run(ctx, opt)
	if err != nil {
		return err
	}
	it := rep.Items[0]
	rt.say("%s: %d of %d objects sent (%s); target %s", it.Commit, rep.New, rep.Objects, sizeText(rep.Bytes), it.Target.Name)
	return nil
}

// target is what is to be signed; the name is that of the ref.
func (call *otaCall) target() (*publish.TargetRequest, error) {
	t := &publish.TargetRequest{HardwareIDs: []string{call.machine}, URI: call.url, Creator: userAgent() + " ota-publish"}
	if call.version != "" {
		n, err := strconv.Atoi(call.version)
		if err != nil || n < 1 {
			return nil, fail.New(fail.Usage, "give a whole number above 0: devices compare versions as numbers", "-v %.80s: not a version", call.version)
		}
		t.Version = n
	}
	var err error
	if len(call.apps) > 0 {
		t.Apps, err = targets.ParseApps(call.apps)
	}
	return t, err
}

// firstRef is the first of the repo's own refs, in the order of their names.
func firstRef(ctx context.Context, repo *ostree.Repo) (string, error) {
	refs, err := repo.Refs(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if !strings.Contains(name, ":") {
			return name, nil
		}
	}
	return "", fail.New(fail.NotFound, "commit something to a branch first", "%s: no refs", repo.Path())
}

// openOTARepo is the folder of a repo, unpacked into a temporary one if it is
// an archive; remove takes that away again.
func openOTARepo(ctx context.Context, name string) (dir string, remove func(), err error) {
	remove = func() {}
	st, err := os.Stat(name)
	if err != nil {
		return "", remove, fail.As(err, fail.NotFound, "give the folder of a repo, or a tar.bz2 of one, with -r")
	}
	if st.IsDir() {
		return name, remove, nil
	}
	dir, err = os.MkdirTemp("", "otactl-repo-*")
	if err != nil {
		return "", remove, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	inside, err := unpackRepo(ctx, name, dir)
	if err != nil {
		remove()
		return "", func() {}, fmt.Errorf("%s: %w", name, err)
	}
	return inside, remove, nil
}

// unpackRepo unpacks a tar.bz2 into an empty folder, and says where in it the
// repo is. A repo consists of folders and files; whatever else is in the
// archive is refused, and so is what leads out of the folder or is a bomb.
func unpackRepo(ctx context.Context, archive, dir string) (string, error) {
	f, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", errors.Join(err, f.Close())
	}
	defer root.Close()
	found := ""
	whatever := tarball.Options{Name: "repo.tar.bz2"} // it is called
	err = tarball.Walk(ctx, f, whatever, func(name string, _ int64, content io.Reader) error {
		if path.Base(name) == "config" && strings.Count(name, "/") <= 1 {
			found = path.Dir(name)
		}
		return unpackFile(root, filepath.FromSlash(name), content)
	})
	if err == nil && found == "" {
		err = errors.New("no repo in it")
	}
	if err != nil {
		return "", fail.As(err, fail.Verification, "give a tar.bz2 with one OSTree repo in it")
	}
	for _, empty := range []string{"tmp", "state", "refs/heads"} { // which work on the repo needs
		if err := root.MkdirAll(filepath.Join(found, empty), 0o755); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, filepath.FromSlash(found)), nil
}

func unpackFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}
