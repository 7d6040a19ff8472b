package commands

import (
	"strings"
	"testing"
)

func TestServersAddressDrivesNoTerminal(t *testing.T) {
	var b strings.Builder
	outcome{WebURL: "https://h.example.com/\x1b]0;owned\a\r1"}.say(&b)
	if s := b.String(); strings.ContainsAny(s, "\x1b\a\r") || !strings.Contains(s, "https://h.example.com/") {
		t.Errorf("%q", s)
	}
}
