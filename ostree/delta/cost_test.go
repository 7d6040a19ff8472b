package delta

import (
	"context"
	"errors"
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
