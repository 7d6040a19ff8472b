package ostree

import (
	"slices"
	"testing"

	"github.com/otactl/otactl/ostree/variant"
)

// TestBootableCommitsHaveTheOrderOfOSTree holds orders that ostree commit
// --bootable gave.
func TestBootableCommitsHaveTheOrderOfOSTree(t *testing.T) {
	const ref, collection, bootable, linux = KeyRefBinding, "ostree.collection-binding", "ostree.bootable", "ostree.linux"
	for _, c := range []struct{ in, want []string }{
		{[]string{"version", "b", "n", ref, collection, bootable, linux}, []string{linux, "version", "b", bootable, "n", ref, collection}},
		{[]string{"zz", "yy", "kk", "kl", ref, collection, bootable, linux}, []string{bootable, "zz", ref, collection, "kl", "yy", "kk", linux}},
		{[]string{linux, bootable, ref, collection, bootable, linux}, []string{linux, collection, bootable, ref}},
	} {
		var in []variant.Entry
		for i, key := range c.in {
			in = append(in, variant.Entry{Key: key, Value: variant.Uint32(uint32(i))})
		}
		var got []string
		for _, e := range dictOrder(in) {
			got = append(got, e.Key)
			if last := in[slices.IndexFunc(in, func(x variant.Entry) bool { return x.Key == e.Key && x.Value.Uint32() == e.Value.Uint32() })]; last.Key == bootable && last.Value.Uint32() != uint32(len(in)-2) {
				t.Errorf("%s has the earlier value", e.Key)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
	many := make([]variant.Entry, 300)
	for i := range many {
		many[i] = variant.Entry{Key: string(rune('a'+i%26)) + string(rune('a'+i/26)), Value: variant.Byte(0)}
	}
	for _, n := range []int{0, maxDict, len(many)} {
		if got := dictOrder(many[:n]); len(got) != n {
			t.Errorf("%d of %d keys are left", len(got), n)
		}
	}
}
