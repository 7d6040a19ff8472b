package delta

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// manyXattrs is a list of n xattrs without names or values.
func manyXattrs(n int) variant.Value {
	one := variant.Tuple(xattrType, variant.Bytes([]byte{0}), variant.Bytes(nil))
	return variant.Array(xattrType, slices.Repeat([]variant.Value{one}, n)...)
}

// naming is a delta of many empty files that all name the one list of xattrs.
func naming(list variant.Value, files int) crafted {
	c := crafted{modes: [][3]uint32{{0, 0, 0o100644}}, xattrs: []variant.Value{list}}
	for i := range files {
		c.ops = append(c.ops, num('S', 0, 0, 0, 0)...)
		c.table = append(c.table, ostree.ObjectID{Sum: ostree.Checksum{byte(i)}, Type: ostree.TypeFile})
	}
	return c
}

func inspectPart(t *testing.T, ctx context.Context, c crafted) error {
	t.Helper()
	f, err := Open(c.write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = InspectFile(ctx, f, 0, Scratch{Dir: t.TempDir()})
	return err
}

func TestXattrsLongerThanAFileHeaderAreRefused(t *testing.T) {
	err := inspectPart(t, t.Context(), naming(manyXattrs(400_000), 1))
	if bad := (*BadError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), "xattrs 0 have") {
		t.Errorf("error %v", err)
	}
}

func TestAProgramIsCheckedWithoutReadingXattrsForEachObject(t *testing.T) {
	c := naming(manyXattrs(100_000), 64)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := inspectPart(t, t.Context(), c)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

func TestTheCheckOfAProgramEndsWithTheContext(t *testing.T) {
	c := naming(manyXattrs(0), 5000)
	p := &payload{data: &spool{}}
	if _, err := p.data.Write(c.payload()); err != nil {
		t.Fatal(err)
	}
	if err := p.parse(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	tasks := 0
	_, err := (&program{p, Part{Objects: c.tableBytes()}}).walk(ctx, func(task) error {
		cancel()
		tasks++
		return nil
	})
	if !errors.Is(err, context.Canceled) || tasks > 1000 {
		t.Errorf("%d objects were found: %v", tasks, err)
	}
}

// lone is a repo of one file, which can't be read at random.
type lone struct {
	ostree.Source
	id    ostree.ObjectID
	data  string
	read  func() // called for each read; or nil
	opens int
}

func (l *lone) Object(context.Context, ostree.ObjectID) (ostree.Object, error) {
	return ostree.NewFile(l.id.Sum, &ostree.FileHeader{Mode: 0o100644, Size: uint64(len(l.data))}, func(context.Context) (io.ReadCloser, error) {
		l.opens++
		return io.NopCloser(&watched{strings.NewReader(l.data), l.read}), nil
	}), nil
}

// watched gives a byte at a time.
type watched struct {
	r    io.Reader
	read func()
}

func (w *watched) Read(p []byte) (int, error) {
	if w.read != nil {
		w.read()
	}
	return w.r.Read(p[:1])
}

// readingAgain is a program that names a file many times, to make six bytes of it.
func readingAgain(t *testing.T, times int) (*runner, *lone, task) {
	t.Helper()
	data := strings.Repeat("0123456789", 100)
	from := &lone{id: fileObject(t, 0o100644, data), data: data}
	ops := bytes.Join([][]byte{num('o', 0, 0, 6), bytes.Repeat(num('r', 0), times), num('w', 6, 0), num('c')}, nil)
	c := crafted{ops: ops, blob: from.id.Sum[:], modes: [][3]uint32{{0, 0, 0o100644}}, table: []ostree.ObjectID{fileObject(t, 0o100644, "012345")}, usize: 6}
	p := &payload{data: &spool{}}
	if _, err := p.data.Write(c.payload()); err != nil {
		t.Fatal(err)
	}
	if err := p.parse(); err != nil {
		t.Fatal(err)
	}
	r := &runner{program: program{p, Part{Objects: c.tableBytes(), USize: 6}}, applier: &applier{sources: sources{repo: from, dir: t.TempDir()}}}
	var made task
	if _, err := r.walk(t.Context(), func(found task) error { made = found; return nil }); err != nil {
		t.Fatal(err)
	}
	return r, from, made
}

func TestAFileToCopyFromIsHashedAndOpenedOnceHoweverOftenItIsNamed(t *testing.T) {
	r, from, made := readingAgain(t, 100)
	if err := r.checkSources(t.Context(), made); err != nil || from.opens != 1 {
		t.Errorf("hashed %d times: %v", from.opens, err)
	}
	from.opens = 0
	if got, err := io.ReadAll(r.content(t.Context(), made)); string(got) != "012345" || err != nil || from.opens != 1 {
		t.Errorf("opened %d times for %q: %v", from.opens, got, err)
	}
}

func TestReadingWhatADeltaCopiesFromEndsWithTheContext(t *testing.T) {
	for name, use := range map[string]func(context.Context, *runner, task) error{
		"hashed": func(ctx context.Context, r *runner, made task) error { return r.checkSources(ctx, made) },
		"unpacked": func(ctx context.Context, r *runner, made task) error {
			_, err := io.ReadAll(r.content(ctx, made))
			return err
		},
	} {
		r, from, made := readingAgain(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		reads := 0
		from.read = func() { cancel(); reads++ }
		if err := use(ctx, r, made); !errors.Is(err, context.Canceled) || reads > 1 {
			t.Errorf("%s: %d reads: %v", name, reads, err)
		}
	}
}
