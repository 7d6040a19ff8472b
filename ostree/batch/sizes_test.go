package batch

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/otactl/otactl/ostree"
)

// sizes is an answer that lists some objects.
func sizes(list ...Frame) (body []byte) {
	for _, f := range list {
		body = AppendFrame(body, f)
	}
	return AppendSizesEnd(body, len(list))
}

func read(body []byte) (list []Frame, err error) {
	err = ReadSizes(bytes.NewReader(body), func(f Frame) error {
		list = append(list, f)
		return nil
	})
	return list, err
}

func TestSizesComeOutAsTheyWentIn(t *testing.T) {
	all := []Frame{{id(1, ostree.TypeCommit), 1}, {id(2, ostree.TypeDirMeta), 12}, {id(3, ostree.TypeFile), MaxSized}}
	for n := range len(all) + 1 {
		if got, err := read(sizes(all[:n]...)); err != nil || !slices.Equal(got, all[:n]) {
			t.Errorf("%d sizes: got %v, %v", n, got, err)
		}
	}
}

func TestSizesThatAreCutAreNotAtTheirEnd(t *testing.T) {
	whole := sizes(Frame{id(1, ostree.TypeFile), 1}, Frame{id(2, ostree.TypeFile), 2})
	for n := range whole {
		if _, err := read(whole[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	broken := errors.New("the line broke")
	after := io.MultiReader(bytes.NewReader(whole), iotest.ErrReader(broken))
	if err := ReadSizes(after, func(Frame) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("an answer whose end is not known: %v", err)
	}
}

func TestSizesThatCannotBeAreRefused(t *testing.T) {
	one := Frame{id(1, ostree.TypeFile), 1}
	named := AppendSizesEnd(nil, 0)
	named[idSize-1] = 1
	for what, body := range map[string][]byte{
		"an empty object":       sizes(Frame{one.ID, 0}),
		"longer than any is":    sizes(Frame{one.ID, MaxSized + 1}),
		"below zero":            sizes(Frame{one.ID, -1}),
		"another type":          sizes(Frame{id(1, 7), 1}),
		"a tombstone":           sizes(Frame{id(1, ostree.TypeTombstoneCommit), 1}),
		"signatures":            sizes(Frame{id(1, ostree.TypeCommitMeta), 1}),
		"an end of fewer":       AppendSizesEnd(AppendFrame(nil, one), 0),
		"an end of more":        AppendSizesEnd(AppendFrame(nil, one), 2),
		"an end with a name":    named,
		"something after it":    append(sizes(one), 0),
		"another answer's page": []byte("<html>please log in to this network, it is free</html>"),
	} {
		if got, err := read(body); !isFormat(err) {
			t.Errorf("%s: got %v, %v", what, got, err)
		}
	}
}

func isFormat(err error) bool {
	_, is := errors.AsType[*FormatError](err)
	return is
}

func TestSizesEndSomewhere(t *testing.T) {
	n := 0
	err := ReadSizes(&again{row: AppendFrame(nil, Frame{id(1, ostree.TypeFile), 1})}, func(Frame) error {
		n++
		return nil
	})
	if !isFormat(err) || n != MaxSizes {
		t.Errorf("%d of an endless answer, %v", n, err)
	}
}

// again is a row over and over.
type again struct {
	row []byte
	at  int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.row[a.at:])
	a.at = (a.at + n) % len(a.row)
	return n, nil
}

func TestWhoeverTakesSizesMayEndIt(t *testing.T) {
	enough := errors.New("enough")
	given := 0
	err := ReadSizes(&again{row: AppendFrame(nil, Frame{id(1, ostree.TypeFile), 1})}, func(Frame) error {
		given++
		return enough
	})
	if err != enough || given != 1 {
		t.Errorf("%d given, %v", given, err)
	}
}

// FuzzSizes holds that an answer that is taken is one that could be given, and
// that of any other nothing is given that is not in it.
func FuzzSizes(f *testing.F) {
	f.Add(sizes())
	f.Add(sizes(Frame{id(1, ostree.TypeFile), 1}, Frame{id(2, ostree.TypeDirTree), MaxSized}))
	f.Add(AppendFrame(nil, Frame{id(1, ostree.TypeCommitMeta), 1}))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := read(body)
		again := sizes(list...)
		if err == nil && !bytes.Equal(again, body) || !bytes.HasPrefix(body, again[:len(again)-FrameSize]) {
			t.Fatal("what came out did not go in")
		}
	})
}
