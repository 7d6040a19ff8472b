package server_test

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
	"github.com/otactl/otactl/ostree/storetest"
)

const (
	missingPath = "/api/v3/" + batch.MissingPath
	objectsPath = "/api/v3/" + batch.ObjectsPath
	fetchPath   = "/api/v3/" + batch.FetchPath
)

// row is the body that sends ids.
func (l *local) row(t *testing.T, ids ...ostree.ObjectID) (body []byte) {
	t.Helper()
	for _, id := range ids {
		data := l.bytes(t, id)
		body = append(batch.AppendFrame(body, batch.Frame{ID: id, Length: int64(len(data))}), data...)
	}
	return body
}

// have asks which of ids are there.
func (b *backend) have(t *testing.T, token string, ids ...ostree.ObjectID) []bool {
	t.Helper()
	got := b.call(t, token, "POST", missingPath, batch.MarshalQuestion(ids)).want(t, 200)
	have, err := batch.ParseAnswer([]byte(got.body), len(ids))
	if err != nil {
		t.Fatal(err)
	}
	return have
}

func TestACommitArrivesInOneRequest(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	token := b.publisher(t)
	if slices.Contains(b.have(t, token, l.ids...), true) {
		t.Error("an empty server has something")
	}
	for _, want := range []batch.Report{{Stored: int64(len(l.ids))}, {Existed: int64(len(l.ids))}} {
		var got batch.Report
		b.call(t, token, "POST", objectsPath, l.row(t, l.ids...)).want(t, 200).json(t, &got)
		if got.Stored != want.Stored || got.Existed != want.Existed || (got.Bytes > 0) != (got.Stored > 0) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if slices.Contains(b.have(t, token, l.ids...), false) {
		t.Error("something is missing")
	}
	b.call(t, token, "POST", "/api/v3/refs/heads/os/main", []byte(l.commit.String())).want(t, 200)
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}

func TestEachAnswerOfTheTreehubSaysThatItTakesBatches(t *testing.T) {
	b, token, l := published(t)
	for path, code := range map[string]int{"config": 200, "refs/heads/os/main": 200, "refs/heads/none": 404, l.ids[0].ArchivePath(): 200} {
		if got := b.call(t, token, "GET", "/api/v3/"+path, nil).want(t, code); got.header.Get(batch.Header) != batch.Version {
			t.Errorf("GET %s does not say it", path)
		}
	}
}

func TestBatchesThatCannotBe(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	token := b.publisher(t)
	file, root := l.ids[0], l.ids[len(l.ids)-3]
	good := l.row(t, file)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for what, c := range map[string]struct {
		body []byte
		code int
		why  string
	}{
		"nothing":              {nil, 400, "length_required"},
		"a corrupt object":     {flipped, 400, "corrupt"},
		"a cut object":         {good[:len(good)-1], 400, "body"},
		"a cut frame":          {good[:20], 400, "body"},
		"no object's type":     {append([]byte{9}, good[1:]...), 400, "batch"},
		"a tombstone":          {append([]byte{5}, good[1:]...), 400, "batch"},
		"a file as a dirtree":  {append([]byte{2}, good[1:]...), 400, "corrupt"},
		"a parent before it":   {l.row(t, root), 412, "missing_child"},
		"too long an object":   {batch.AppendFrame(nil, batch.Frame{ID: file, Length: batch.MaxObject + 1}), 413, "too_large"},
		"too long a body":      {make([]byte, batch.MaxBody+1), 413, "too_large"},
		"too long detached":    {batch.AppendFrame(nil, batch.Frame{ID: ostree.ObjectID{Type: ostree.TypeCommitMeta}, Length: 2 << 20}), 413, "too_large"},
		"more than is allowed": {bytes.Repeat(l.row(t, l.ids[1]), batch.MaxObjects+1), 400, "batch"},
	} {
		t.Run(what, func(t *testing.T) { b.call(t, token, "POST", objectsPath, c.body).refused(t, c.code, c.why) })
	}
	b.call(t, token, "POST", missingPath, make([]byte, batch.QuestionSize+1)).refused(t, 413, "too_large")
	b.call(t, token, "POST", missingPath, []byte("x")).refused(t, 400, "batch")
	for _, path := range []string{missingPath, objectsPath} {
		b.call(t, "", "POST", path, good).refused(t, 401, "unauthorized")
	}
}

func TestWhatCameBeforeARefusalStays(t *testing.T) {
	b, l := start(t), smallRepo(t, "1")
	token := b.publisher(t)
	bad := l.row(t, l.ids[2])
	bad[len(bad)-1] ^= 1
	b.call(t, token, "POST", objectsPath, append(l.row(t, l.ids[0], l.ids[1]), bad...)).refused(t, 400, "corrupt")
	if have := b.have(t, token, l.ids[:3]...); !slices.Equal(have, []bool{true, true, false}) {
		t.Errorf("there: %v", have)
	}
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}

func TestTheSameObjectsFromManyPublishersAtOnce(t *testing.T) {
	b, l := start(t), manyFiles(t, 100)
	var all sync.WaitGroup
	var stored atomic.Int64
	for range 6 {
		all.Go(func() {
			if code := post(b.Ready, b.operator, objectsPath, l.row(t, l.ids...)); code == 200 {
				stored.Add(1)
			}
			for _, there := range b.have(t, b.operator, l.ids...) {
				if !there {
					t.Error("an object that was answered for is not there")
					return
				}
			}
		})
	}
	all.Wait()
	if stored.Load() != 6 {
		t.Errorf("%d of 6 were taken", stored.Load())
	}
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}

func TestKilledServerHasLostNoBatchItAnswered(t *testing.T) {
	b := &backend{dir: filepath.Join(t.TempDir(), "server"), now: clock.System()}
	cmd := b.spawn(t)
	l := manyFiles(t, 600)
	files := slices.DeleteFunc(slices.Clone(l.ids), func(id ostree.ObjectID) bool { return id.Type != ostree.TypeFile })
	var promised []ostree.ObjectID
	for round := range 3 {
		var mu sync.Mutex
		var all sync.WaitGroup
		lots := slices.Collect(slices.Chunk(files[200*round:200*(round+1)], 10))
		for _, some := range [][][]ostree.ObjectID{lots[:7], lots[7:14], lots[14:]} {
			all.Go(func() {
				for _, lot := range some {
					if post(b.Ready, b.operator, objectsPath, l.row(t, lot...)) != 200 {
						return
					}
					mu.Lock()
					if promised = append(promised, lot...); len(promised) > 100*(round+1) {
						_ = cmd.Process.Kill()
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		cmd = b.spawn(t)
		if n := len(promised); n == 0 || n == 200*(round+1) {
			t.Fatalf("round %d: %d objects were answered for; the test proves nothing", round, n)
		}
		for i, there := range b.have(t, b.operator, promised...) {
			if !there {
				t.Fatalf("round %d: %s was answered for and is gone", round, promised[i])
			}
		}
		testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
	}
	b.call(t, b.operator, "POST", objectsPath, l.row(t, l.ids...)).want(t, 200)
	b.call(t, b.operator, "POST", "/api/v3/refs/heads/many", []byte(l.commit.String())).want(t, 200)
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}

// fetched are the objects in an answer of many.
func (a answer) fetched(t *testing.T) map[ostree.ObjectID][]byte {
	t.Helper()
	got, frames := map[ostree.ObjectID][]byte{}, batch.NewReader(strings.NewReader(a.body))
	for {
		f, err := frames.Next()
		if err == io.EOF {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		if got[f.ID], err = io.ReadAll(frames); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManyObjectsAreFetchedInOneRequest(t *testing.T) {
	b, token, l := published(t)
	ids := append([]ostree.ObjectID{{Sum: ostree.Checksum{1}, Type: ostree.TypeFile}}, l.ids...)
	got := b.call(t, token, "POST", fetchPath, batch.MarshalQuestion(ids)).want(t, 200).fetched(t)
	for _, id := range l.ids {
		want := l.bytes(t, id)
		if data, there := got[id]; there != (len(want) <= batch.MaxFetched) || there && !bytes.Equal(data, want) {
			t.Errorf("%s of %d bytes: there %v, %d bytes", id, len(want), there, len(data))
		}
		delete(got, id)
	}
	if len(got) > 0 {
		t.Errorf("%d that nobody asked for", len(got))
	}
	b.call(t, token, "POST", fetchPath, batch.MarshalQuestion(slices.Repeat(l.ids[:1], batch.MaxObjects+1))).refused(t, 413, "too_large")
	b.call(t, token, "POST", fetchPath, []byte("x")).refused(t, 400, "batch")
	b.call(t, "", "POST", fetchPath, batch.MarshalQuestion(l.ids)).refused(t, 401, "unauthorized")
}

func TestAnAnswerOfManyObjectsEnds(t *testing.T) {
	b := start(t)
	large, data := storetest.RandomFile(t, batch.MaxFetched-1000)
	body := append(batch.AppendFrame(nil, batch.Frame{ID: large, Length: int64(len(data))}), data...)
	b.call(t, b.operator, "POST", objectsPath, body).want(t, 200)
	got := b.call(t, b.operator, "POST", fetchPath, batch.MarshalQuestion(slices.Repeat([]ostree.ObjectID{large}, 200))).want(t, 200)
	if n := len(got.body); n < batch.MaxAnswer || n > batch.MaxAnswer+batch.MaxFetched+batch.FrameSize {
		t.Errorf("%d bytes, want little more than %d", n, batch.MaxAnswer)
	}
	got.fetched(t)
}
