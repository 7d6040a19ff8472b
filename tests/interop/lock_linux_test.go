package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
)

// opened is how often a process has a file open.
func opened(pid, path string) (n int) {
	list, _ := filepath.Glob("/proc/" + pid + "/fd/*")
	for _, fd := range list {
		if to, err := os.Readlink(fd); err == nil && to == path {
			n++
		}
	}
	return n
}

// TestACommitThatWaitedForAPruneIsOnTopOfWhatIsThereAfterIt. That of the original
// has looked for its parent before, and may find half of it.
func TestACommitThatWaitedForAPruneIsOnTopOfWhatIsThereAfterIt(t *testing.T) {
	for program, onTop := range map[string]bool{"otactl": true, "ostree": false} {
		repo := newRepo(t, "archive")
		old := theirCommit(t, repo, "-b", "main", "--tree=dir="+t.TempDir())
		theirCommit(t, repo, "-b", "main", "--tree=dir="+t.TempDir())
		engine, err := ostree.OpenRepo(repo)
		if err != nil {
			t.Fatal(err)
		}
		unlock, err := engine.LockAlone(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"--repo=" + repo, "commit", "-b", "main", "--tree=dir=" + t.TempDir()}
		ended := make(chan error, 1)
		pid, others := "self", 1
		if program == "ostree" {
			cmd := exec.Command(program, args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			pid, others = fmt.Sprint(cmd.Process.Pid), 0
			go func() { ended <- cmd.Wait() }()
		} else {
			go func() {
				_, said, code := run(append([]string{"ostree"}, args...)...)
				if code != 0 {
					ended <- errors.New(said)
				}
				close(ended)
			}()
		}
		for opened(pid, filepath.Join(repo, ".lock")) <= others && len(ended) == 0 {
			time.Sleep(time.Millisecond)
		}
		if err := os.WriteFile(filepath.Join(repo, "refs/heads/main"), []byte(old+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		unlock()
		if err := <-ended; err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		if parent := testkit.OSTree(t, "--repo="+repo, "rev-parse", "main^"); (parent == old) != onTop {
			t.Errorf("%s: the commit is on top of %s; the branch was at %s", program, parent, old)
		}
	}
}
