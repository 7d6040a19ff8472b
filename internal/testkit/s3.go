package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// versitygw is the S3 server of the tests: a gateway to a folder.
const versitygw = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// S3 is a server that speaks S3.
type S3 struct {
	URL string
	// Root has a folder for each bucket, with the keys as files below it. To make
	// a bucket is to make a folder.
	Root              string
	AccessKey, Secret string

	server *process
}

// StartS3 starts an S3 server on a free port and a folder that it makes, dir. The
// first time on a machine the server has to be built, which takes the module
// proxy and some minutes.
func StartS3(dir string) (*S3, error) {
	bin, err := buildTool(versitygw)
	if err != nil {
		return nil, err
	}
	s := &S3{Root: filepath.Join(dir, "buckets"), AccessKey: "test-access", Secret: "test-secret-of-no-worth"}
	attributes := filepath.Join(dir, "attributes")
	for _, d := range []string{s.Root, attributes} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	s.server, err = start(func(addr string) (*exec.Cmd, error) {
		cmd := exec.Command(bin, "--port", addr, "--quiet", "--keep-alive", "posix", "--sidecar", attributes, s.Root)
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+s.AccessKey, "ROOT_SECRET_ACCESS_KEY="+s.Secret)
		return cmd, nil
	})
	if err != nil {
		return nil, err
	}
	s.URL = "http://" + s.server.addr
	return s, nil
}

// NewS3 is StartS3 for one test, with some buckets.
func NewS3(tb testing.TB, buckets ...string) *S3 {
	tb.Helper()
	s, err := StartS3(tb.TempDir())
	must(tb, err)
	tb.Cleanup(s.Stop)
	for _, b := range buckets {
		must(tb, os.Mkdir(filepath.Join(s.Root, b), 0o755))
	}
	return s
}

// Stop ends the server, at once.
func (s *S3) Stop() { s.server.stop() }

// buildTool is the path of a Go program at a pinned version, built by
// scripts/tool where it was not yet.
func buildTool(module string) (string, error) {
	dir, err := moduleRoot()
	if err != nil {
		return "", err
	}
	program, version, _ := strings.Cut(filepath.Base(module), "@")
	tools := filepath.Join(dir, "bin", "tools")
	bin := filepath.Join(tools, program+"-"+version)
	if isFile(bin) {
		return bin, nil
	}
	cmd := exec.Command(filepath.Join(dir, "scripts", "tool"), tools, module, "--version")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", module, err, out)
	}
	return bin, nil
}

// moduleRoot is the folder of this module; tests run in one below it.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for !isFile(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	return dir, nil
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}
