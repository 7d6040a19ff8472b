package delta

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// changes are pairs of files as updates bring them.
func changes(t testing.TB) map[string][2][]byte {
	t.Helper()
	bash, err := os.ReadFile("/bin/bash")
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	scattered := bytes.Clone(bash)
	for i := 0; i < len(scattered); i += 1 + rnd.IntN(60) {
		scattered[i] += byte(rnd.IntN(4))
	}
	moved := append(bytes.Clone(bash[600_000:900_000]), bash[:600_000]...)
	return map[string][2][]byte{
		"same":      {bash, bash},
		"empty old": {nil, bash[:1000]},
		"empty new": {bash[:1000], nil},
		"inserted":  {bash, slices.Insert(bytes.Clone(bash), 500_000, noise(5, 4096)...)},
		"header":    {bash, append([]byte("aheader\n"), bash...)},
		"cut":       {bash, bash[100_000:700_000]},
		"scattered": {bash, scattered},
		"moved":     {bash, moved},
		"other":     {noise(1, 50_000), noise(2, 60_000)},
		"zeros":     {make([]byte, 300_000), append(make([]byte, 200_001), 1)},
		"short":     {[]byte("a"), []byte("b")},
		"text":      {[]byte("the quick brown fox jumps over the lazy dog"), []byte("the quick red fox jumps over the lazy old dog")},
	}
}

// assemble runs a plan.
func assemble(t testing.TB, p plan, old, new []byte) []byte {
	t.Helper()
	var out []byte
	switch p.way {
	case patch:
		stream := appendPatch(nil, old, new, p.pieces)
		if int64(len(stream)) != p.blob {
			t.Errorf("patch has %d bytes, plan says %d", len(stream), p.blob)
		}
		got, err := io.ReadAll(newPatched(bytes.NewReader(stream), bytes.NewReader(old), int64(len(old)), int64(len(new))))
		if err != nil {
			t.Error(err)
		}
		return got
	case copied:
		lits := p.literals
		for _, s := range p.steps {
			if s.old >= 0 {
				out = append(out, old[s.old:s.old+s.n]...)
				continue
			}
			if int64(lits[0].n) != s.n {
				t.Fatalf("literal of %d bytes for a step of %d", lits[0].n, s.n)
			}
			out = append(out, new[lits[0].at:lits[0].at+lits[0].n]...)
			lits = lits[1:]
		}
	}
	return out
}

func TestEveryWayGivesTheNewFile(t *testing.T) {
	var m matcher
	for name, c := range changes(t) {
		old, new := c[0], c[1]
		m.index(old)
		pieces := m.pieces(new)
		if got := assemble(t, plan{way: patch, pieces: pieces, blob: int64(24*len(pieces) + len(new))}, old, new); !bytes.Equal(got, new) {
			t.Errorf("%s: patch gives other bytes", name)
		}
		if got := assemble(t, copySteps(old, new, pieces), old, new); !bytes.Equal(got, new) {
			t.Errorf("%s: copies give other bytes", name)
		}
		p := choose(old, new, pieces, true)
		fresh := 0
		for _, l := range p.literals {
			fresh += l.n
		}
		t.Logf("%-10s %8d bytes: %d pieces, way %d, %d steps, %d fresh bytes, pays %v", name, len(new), len(pieces), p.way, len(p.steps), fresh, p.pays)
	}
}

func TestChunksGiveTheNewFile(t *testing.T) {
	for name, c := range changes(t) {
		old, new := c[0], c[1]
		b, err := readBlocks(bytes.NewReader(old), int64(len(old)))
		if err != nil {
			t.Fatal(err)
		}
		var lits bytes.Buffer
		p, err := b.copies(bytes.NewReader(new), &lits)
		if err != nil {
			t.Fatal(err)
		}
		if p.blob != int64(lits.Len()) {
			t.Errorf("%s: %d bytes of literals, plan says %d", name, lits.Len(), p.blob)
		}
		t.Logf("%-10s %8d bytes: %d steps, %d fresh bytes", name, len(new), len(p.steps), p.blob)
		var out []byte
		for _, s := range p.steps {
			if s.old < 0 {
				out = append(out, lits.Next(int(s.n))...)
			} else {
				out = append(out, old[s.old:s.old+s.n]...)
			}
		}
		if !bytes.Equal(out, new) {
			t.Errorf("%s: chunks give other bytes", name)
		}
	}
}
