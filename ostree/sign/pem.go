package sign

import (
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

const (
	pemBegin = "-----BEGIN "
	pemDash  = "-----"
)

// bareKey is base64 of the length of a key, or of a line of one.
var bareKey = regexp.MustCompile(`[A-Za-z0-9+/]{40}`)

// pemBlocks are the bodies of the PEM blocks in data, which must all have one
// of the labels. Text around them doesn't count, but what looks like a key, or
// like a part of a block, is an error: it may be the key that somebody revoked.
func pemBlocks(data []byte, labels ...string) ([][]byte, error) {
	var list [][]byte
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), "\n")
	begin := -1 // where the block began that a line is in
	for i, line := range lines {
		text := strings.TrimSpace(line)
		switch {
		case begin < 0 && strings.HasPrefix(text, pemBegin):
			begin = i
		case begin < 0 && strings.HasPrefix(text, pemDash):
			return nil, badPEM(i, "a PEM block without a beginning")
		case begin < 0 && !strings.HasPrefix(text, "#") && bareKey.MatchString(text):
			return nil, fail.New(fail.Verification, "put it into a PEM block, or # before it if it is no key",
				"line %d: what looks like a key stands outside of a PEM block", i+1)
		case begin >= 0 && strings.HasPrefix(text, pemDash):
			block, rest := pem.Decode([]byte(strings.Join(lines[begin:i+1], "\n") + "\n"))
			if block == nil || len(rest) > 0 {
				return nil, badPEM(begin, "a PEM block that can't be read")
			}
			if !slices.Contains(labels, block.Type) {
				return nil, badPEM(begin, fmt.Sprintf("a PEM block of type %.60q, want %q", block.Type, labels))
			}
			list, begin = append(list, block.Bytes), -1
		}
	}
	if begin >= 0 {
		return nil, badPEM(begin, "a PEM block without an end")
	}
	return list, nil
}

func badPEM(line int, what string) error {
	return fail.New(fail.Verification, "write the block anew, or take it out of the file", "line %d: %s", line+1, what)
}
