package xz

import (
	"bytes"
	"os/exec"
	"testing"
)

func TestXZReadsWhatWeWrite(t *testing.T) {
	for name, data := range samples() {
		for _, dict := range []int{4 << 10, 64 << 10, 8 << 20} {
			var out bytes.Buffer
			if err := Encode(&out, bytes.NewReader(data), dict); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, dictionary %d: %d of %d bytes", name, dict, out.Len(), len(data))
			cmd := exec.Command("xz", "-dc")
			cmd.Stdin = bytes.NewReader(out.Bytes())
			got, err := cmd.Output()
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, dictionary %d: xz gives %d bytes of %d: %v", name, dict, len(got), len(data), err)
			}
			var d Decoder
			var back bytes.Buffer
			if _, err := d.Decode(&back, bytes.NewReader(out.Bytes()), generous); err != nil || !bytes.Equal(back.Bytes(), data) {
				t.Errorf("%s, dictionary %d: we read %d bytes of %d: %v", name, dict, back.Len(), len(data), err)
			}
		}
	}
}
