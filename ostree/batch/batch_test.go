package batch

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/otactl/otactl/ostree"
)

func id(n byte, t ostree.ObjectType) ostree.ObjectID {
	return ostree.ObjectID{Sum: ostree.Checksum{n}, Type: t}
}

func frames(list ...string) (body []byte) {
	for i, data := range list {
		body = AppendFrame(body, Frame{id(byte(i), ostree.TypeFile), int64(len(data))})
		body = append(body, data...)
	}
	return body
}

func TestObjectsComeOutAsTheyWentIn(t *testing.T) {
	want := []string{"one", "and two", "three"}
	r := NewReader(bytes.NewReader(frames(want...)))
	for i, data := range want {
		f, err := r.Next()
		if err != nil || f.ID != id(byte(i), ostree.TypeFile) || f.Length != int64(len(data)) {
			t.Fatalf("frame %d: %+v, %v", i, f, err)
		}
		if i == 1 {
			continue // passed over
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != data {
			t.Errorf("object %d: %q, %v", i, got, err)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestABodyThatIsCutIsNotAtItsEnd(t *testing.T) {
	whole := frames("one", "two")
	for n := 1; n < len(whole); n++ {
		r := NewReader(bytes.NewReader(whole[:n]))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		atFrame := n == len(frames("one"))
		if (err == io.EOF) != atFrame || !atFrame && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
}

func TestFramesThatCannotBeAreRefused(t *testing.T) {
	for what, f := range map[string]Frame{
		"an empty object": {id(1, ostree.TypeFile), 0},
		"no type":         {id(1, 0), 1},
		"a tombstone":     {id(1, ostree.TypeTombstoneCommit), 1},
		"another type":    {id(1, 7), 1},
		"below zero":      {id(1, ostree.TypeFile), -1},
	} {
		_, err := NewReader(bytes.NewReader(AppendFrame(nil, f))).Next()
		if _, ok := errors.AsType[*FormatError](err); !ok {
			t.Errorf("%s: %v", what, err)
		}
	}
	long := Frame{id(1, ostree.TypeFile), MaxObject + 1}
	_, err := NewReader(bytes.NewReader(AppendFrame(nil, long))).Next()
	if e, ok := errors.AsType[*TooLongError](err); !ok || e.Frame != long {
		t.Errorf("a long object: %v", err)
	}
	r := NewReader(bytes.NewReader(bytes.Repeat(frames("x"), MaxObjects+1)))
	n := 0
	for err = nil; err == nil; n++ {
		_, err = r.Next()
	}
	if _, ok := errors.AsType[*FormatError](err); !ok || n != MaxObjects+1 {
		t.Errorf("too many objects: %v after %d", err, n)
	}
}

func TestQuestionsAndAnswersComeOutAsTheyWentIn(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 1000} {
		ids, have := make([]ostree.ObjectID, n), make([]bool, n)
		for i := range ids {
			ids[i], have[i] = id(byte(i), ostree.TypeDirTree), i%3 == 0
		}
		if got, err := ParseQuestion(MarshalQuestion(ids)); err != nil || !slices.Equal(got, ids) {
			t.Errorf("question about %d: %v, %v", n, got, err)
		}
		answer := MarshalAnswer(have)
		if got, err := ParseAnswer(answer, n); err != nil || !slices.Equal(got, have) {
			t.Errorf("answer about %d: %v, %v", n, got, err)
		}
		if _, err := ParseAnswer(append(answer, 0), n); err == nil {
			t.Errorf("an answer that is too long for %d was taken", n)
		}
	}
	if _, err := ParseAnswer([]byte{0x80}, 7); err == nil {
		t.Error("an answer about more than was asked was taken")
	}
	for _, b := range [][]byte{make([]byte, idSize), make([]byte, 5), make([]byte, QuestionSize+idSize)} {
		if _, err := ParseQuestion(b); err == nil {
			t.Errorf("a question of %d bytes was taken", len(b))
		}
	}
}

// FuzzReader holds that no body makes the reader give more than is in it, or a
// frame that would not have been written.
func FuzzReader(f *testing.F) {
	f.Add(frames("one", "two"))
	f.Add(AppendFrame(nil, Frame{id(1, ostree.TypeCommit), MaxObject}))
	f.Add(AppendFrame(frames("x"), Frame{id(1, 9), 1 << 40}))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := NewReader(bytes.NewReader(body))
		var again []byte
		for {
			frame, err := r.Next()
			if err != nil {
				break
			}
			data, err := io.ReadAll(r)
			again = append(AppendFrame(again, frame), data...)
			if err != nil {
				break
			}
			if int64(len(data)) != frame.Length {
				t.Fatalf("%d bytes of an object of %d", len(data), frame.Length)
			}
		}
		if !bytes.HasPrefix(body, again) {
			t.Fatal("what came out did not go in")
		}
	})
}

// FuzzQuestion holds that a question that is taken is one that could be asked.
func FuzzQuestion(f *testing.F) {
	f.Add(MarshalQuestion([]ostree.ObjectID{id(1, ostree.TypeFile), id(2, ostree.TypeCommitMeta)}))
	f.Fuzz(func(t *testing.T, body []byte) {
		if ids, err := ParseQuestion(body); err == nil && !bytes.Equal(MarshalQuestion(ids), body) {
			t.Fatal("what came out did not go in")
		}
	})
}
