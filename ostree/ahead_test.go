package ostree

import "testing"

// TestWhatIsFoundIsSentBeforeMoreIs: a disk is faster than a network, and what
// was found of a large repo must not pile up in memory.
func TestWhatIsFoundIsSentBeforeMoreIs(t *testing.T) {
	s := newScheduler(&copier{nearSrc: true}, nil)
	numbered := func(i int) *node {
		var id ObjectID
		id.Sum[0], id.Sum[1], id.Sum[2] = byte(i), byte(i>>8), byte(i>>16)
		return &node{id: id}
	}
	for i := range frontier {
		n := numbered(i)
		s.live[n.key()] = n
	}
	s.farReads = []*node{numbered(frontier)}
	for _, tc := range []struct {
		what       string
		puts, asks []*node
		reads      bool
	}{
		{"objects to send", []*node{numbered(1)}, nil, false},
		{"objects to ask about", nil, []*node{numbered(2)}, false},
		{"all under way", nil, nil, true},
	} {
		s.puts, s.asks = tc.puts, tc.asks
		if got := s.ready(&s.near) > 0; got != tc.reads {
			t.Errorf("%s: ready to read: %v", tc.what, got)
		}
		if got := s.pick(&s.near) != nil; got != tc.reads {
			t.Errorf("%s: read: %v", tc.what, got)
		}
	}
}
