package publish

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
)

// badLine is a network between publisher and server: each connection carries so
// many bytes to the server and is then reset; slow ones carry little at a time.
type badLine struct {
	URL    string
	after  int64 // 0: no reset
	drip   bool
	resets atomic.Int64
}

// newBadLine leads to the treehub at target until the test ends.
func newBadLine(t *testing.T, target string, after int64, drip bool) *badLine {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &badLine{after: after, drip: drip}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { b.carry(near.(*net.TCPConn), u.Host) })
		}
	})
	t.Cleanup(func() { l.Close() })
	b.URL = "http://" + l.Addr().String() + u.Path
	return b
}

func (b *badLine) carry(near *net.TCPConn, to string) {
	defer near.Close()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	go func() { _, _ = io.Copy(near, far); near.Close() }()
	buf := make([]byte, 4096)
	if b.drip {
		buf = buf[:100]
	}
	for sent := int64(0); ; {
		n, err := near.Read(buf)
		if err != nil {
			return
		}
		if b.drip {
			time.Sleep(time.Millisecond)
		}
		if sent += int64(n); b.after > 0 && sent > b.after {
			b.resets.Add(1)
			_ = near.SetLinger(0) // a reset, not an end
			return
		}
		if _, err := far.Write(buf[:n]); err != nil {
			return
		}
	}
}

// through sends over a line.
func (w *world) through(base string) func(*Options) {
	return func(o *Options) {
		st, err := treehub.New(treehub.Options{BaseURL: base, Retry: quick, Jobs: 8})
		if err != nil {
			w.t.Fatal(err)
		}
		o.Remote = st
	}
}

func TestConnectionsThatAreResetLoseNothing(t *testing.T) {
	w := newWorld(t)
	b := newBadLine(t, w.hub.URL, 20_000, false)
	rep := w.mustPush(w.through(b.URL))
	w.visible(w.first)
	if b.resets.Load() == 0 || rep.New+rep.Present < rep.Objects {
		t.Errorf("%d resets, %+v", b.resets.Load(), rep)
	}
}

func TestLineThatDripsGetsThereInTheEnd(t *testing.T) {
	w := newWorld(t)
	w.mustPush(w.through(newBadLine(t, w.hub.URL, 0, true).URL))
	w.visible(w.first)
}

func TestProxyIsPassedThrough(t *testing.T) {
	w := newWorld(t)
	var passed atomic.Int64
	proxy := &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}}
	front := listen(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Host == "" {
			t.Errorf("%s %s is no request to a proxy", r.Method, r.URL)
		}
		passed.Add(1)
		proxy.ServeHTTP(rw, r)
	})
	at, err := url.Parse(front)
	if err != nil {
		t.Fatal(err)
	}
	st, err := treehub.New(treehub.Options{BaseURL: w.hub.URL, Retry: quick, HTTP: httpx.NewClient(httpx.Options{Proxy: at, MaxConns: 8})})
	if err != nil {
		t.Fatal(err)
	}
	rep := w.mustPush(func(o *Options) { o.Remote = st })
	w.visible(w.first)
	if n := passed.Load(); n < int64(rep.New) {
		t.Errorf("%d requests through the proxy for %d objects", n, rep.New)
	}
}

func listen(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return "http://" + l.Addr().String()
}

// A burst of refusals, whatever request it meets, is sat out.
func TestBurstOf503IsSatOut(t *testing.T) {
	w := newWorld(t)
	for from, length := range map[int]int{1: 5, 50: 15, 200: 15} {
		w.hub.Reset()
		w.hub.Fault = func(n int, rw http.ResponseWriter, _ *http.Request) bool {
			if n < from || n >= from+length {
				return false
			}
			rw.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		sum := w.commit("burst "+string(rune('a'+from%26)), 300)
		w.mustPush(func(o *Options) { o.Jobs = 8 })
		w.visible(sum)
	}
}

// The ref is tried again like everything else: all objects would be in vain.
func TestRefThatMeetsBusyServerIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.hub.Fault = func(_ int, rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/refs/") || w.hub.Count("POST refs") > 3 {
			return false
		}
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	w.mustPush()
	w.visible(w.first)
}

// A clear no ends it: no further attempt, no ref, a class and what to do.
func TestClearNoEndsAtOnce(t *testing.T) {
	for code, class := range map[int]fail.Class{
		http.StatusUnauthorized: fail.Auth, http.StatusForbidden: fail.Auth, http.StatusRequestEntityTooLarge: fail.Network,
		http.StatusInsufficientStorage: fail.NoSpace, http.StatusBadRequest: fail.Network,
	} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			w := newWorld(t)
			var refused atomic.Int64
			w.hub.Fault = func(_ int, rw http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost || w.hub.Count("POST objects") < 20 {
					return false
				}
				refused.Add(1)
				rw.WriteHeader(code)
				return true
			}
			_, err := w.push(func(o *Options) { o.Jobs = 4 })
			if fail.ClassOf(err) != class || refused.Load() > 4 {
				t.Errorf("%v (class %v) after %d refusals", err, fail.ClassOf(err), refused.Load())
			}
			w.visible("")
			w.hub.Behave()
			w.mustPush()
			w.visible(w.first)
		})
	}
}

// lapsing is a token that is good for some requests and then renewed, once.
type lapsing struct {
	left    atomic.Int64
	renewed atomic.Int64
}

func (l *lapsing) Apply(_ context.Context, req *http.Request) error {
	token := "first"
	if l.renewed.Load() > 0 {
		token = "second"
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return nil
}

func (l *lapsing) Renew(context.Context, *http.Request) (bool, error) {
	l.renewed.Add(1)
	return true, nil
}

func TestTokenThatExpiresOnTheWayIsRenewed(t *testing.T) {
	w := newWorld(t)
	auth := &lapsing{}
	auth.left.Store(100)
	w.hub.Fault = func(_ int, rw http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer second" || auth.left.Add(-1) >= 0 {
			return false
		}
		rw.WriteHeader(http.StatusUnauthorized)
		return true
	}
	st, err := treehub.New(treehub.Options{BaseURL: w.hub.URL, Retry: quick, Auth: auth})
	if err != nil {
		t.Fatal(err)
	}
	w.mustPush(func(o *Options) { o.Remote = st })
	w.visible(w.first)
	if auth.renewed.Load() == 0 {
		t.Error("the token never expired")
	}
}

// A disk that cannot read one object: it is named, and no ref moves.
func TestObjectThatCannotBeReadIsNamed(t *testing.T) {
	w := newWorld(t)
	victim := filepath.Join(w.path, someFiles(w, 1)[0])
	if err := os.Remove(victim); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(victim, 0o755); err != nil { // to read it is an error, whoever we are
		t.Fatal(err)
	}
	_, err := w.push()
	if err == nil || !strings.Contains(err.Error(), filepath.Base(victim)[:20]) || fail.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	w.visible("")
}

// The build goes on while we send: what is published is the commit that the ref
// named when the run began, and the next run brings the other.
func TestBuildThatCommitsMeanwhileIsNotMixedIn(t *testing.T) {
	w := newWorld(t)
	var once sync.Once
	second := ""
	w.hub.Fault = func(int, http.ResponseWriter, *http.Request) bool {
		if w.hub.Count("POST objects") > 100 {
			once.Do(func() { second = testkit.Commit(t, w.path, bigTree(t, "2", 400, 50), "main") })
		}
		return false
	}
	w.mustPush()
	w.visible(w.first)
	w.hub.Behave()
	w.repo = w.open()
	w.mustPush()
	w.visible(second)
}

// A prune waits until all is sent.
func TestPruneMeanwhileTakesNothingAway(t *testing.T) {
	w := newWorld(t)
	var once sync.Once
	pruned := make(chan string, 1)
	w.hub.Fault = func(int, http.ResponseWriter, *http.Request) bool {
		if w.hub.Count("POST objects") > 50 {
			once.Do(func() {
				testkit.OSTree(t, "--repo="+w.path, "refs", "--delete", "main")
				go func() { pruned <- testkit.OSTree(t, "--repo="+w.path, "prune", "--refs-only") }()
			})
		}
		return false
	}
	w.mustPush()
	w.visible(w.first)
	if said := <-pruned; !strings.Contains(said, "Deleted") {
		t.Errorf("the prune said %q", said)
	}
}

// Two publishers of different commits meet at the ref: one wins, the other is
// told, and nothing of either has holes.
func TestTwoPublishersAtOnceOneWinsAndTheOtherIsTold(t *testing.T) {
	w := newWorld(t)
	other := filepath.Join(t.TempDir(), "other")
	testkit.OSTree(t, "--repo="+other, "init", "--mode=archive")
	theirs := testkit.Commit(t, other, bigTree(t, "other", 400, 20), "main")
	otherRepo, err := ostree.OpenRepo(other)
	if err != nil {
		t.Fatal(err)
	}
	// Both have planned before either moves the ref.
	var planned sync.WaitGroup
	planned.Add(2)
	meet := func(o *Options) { o.Faults = atPoint{"publish.copy", func() { planned.Done(); planned.Wait() }} }
	var both sync.WaitGroup
	errs := make([]error, 2)
	both.Go(func() { _, errs[0] = w.push(meet) })
	both.Go(func() { _, errs[1] = w.push(meet, func(o *Options) { o.Repo = otherRepo }) })
	both.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ostree.ErrRefMoved) || fail.ClassOf(err) != fail.Conflict || fail.HintOf(err) == "":
			t.Errorf("%v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d won: %v", won, errs)
	}
	if ref := w.hub.Ref("main"); ref != w.first && ref != theirs || !w.hub.Complete(ref) {
		t.Errorf("main is %s", ref)
	}
}

type atPoint struct {
	point string
	do    func()
}

func (a atPoint) At(point string) error {
	if point == a.point {
		a.do()
	}
	return nil
}
