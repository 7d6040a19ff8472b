package xz

import (
	"bytes"
	"math/rand/v2"
	"os/exec"
	"testing"
)

var generous = Limits{Dictionary: 100 << 20, Output: 1 << 30}

// packed runs the real xz.
func packed(t testing.TB, data []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("xz", append([]string{"-c", "-T1"}, args...)...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("xz %v: %v", args, err)
	}
	return out
}

// samples are bytes of several kinds: text-like, random, runs, repeats far away.
func samples() map[string][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 300_000)
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	text := make([]byte, 0, 700_000)
	for len(text) < 700_000 {
		at := rnd.IntN(60_000)
		text = append(text, random[at:at+rnd.IntN(40)]...)
		text = append(text, "some words that come again and again "[rnd.IntN(20):]...)
	}
	far := append(bytes.Clone(random), text[:5000]...)
	far = append(far, random...)
	runs := bytes.Repeat([]byte{0}, 5<<20)
	for range 3000 {
		runs[rnd.IntN(len(runs))] = byte(rnd.Uint32())
	}
	return map[string][]byte{"empty": {}, "one": {7}, "random": random, "text": text, "far": far, "runs": runs}
}

func TestReadsWhatXZWrites(t *testing.T) {
	options := [][]string{
		{"-6"}, {"-0"}, {"--check=none"}, {"--check=crc32"}, {"--check=sha256"}, {"--lzma2=dict=4KiB"},
		{"--lzma2=dict=64KiB,lc=0,lp=4,pb=0"}, {"--lzma2=lc=4,lp=0,pb=4"}, {"--lzma2=lc=1,lp=2,pb=1,dict=96KiB"}, {"--block-size=100KiB", "-T2"},
	}
	var d Decoder
	defer d.Close()
	for name, data := range samples() {
		for _, opt := range options {
			var out bytes.Buffer
			n, err := d.Decode(&out, bytes.NewReader(packed(t, data, opt...)), generous)
			if err != nil || n != int64(len(data)) || !bytes.Equal(out.Bytes(), data) {
				t.Errorf("%s %v: got %d bytes of %d: %v", name, opt, n, len(data), err)
			}
			out.Reset()
			exact := Limits{Dictionary: 100 << 20, Output: int64(len(data))}
			if _, err := d.Decode(&out, bytes.NewReader(packed(t, data, opt...)), exact); err != nil || !bytes.Equal(out.Bytes(), data) {
				t.Errorf("%s %v: with the exact output as its limit: %v", name, opt, err)
			}
		}
	}
}
