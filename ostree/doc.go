// Package ostree is the OSTree engine in pure Go: objects, repositories, and
// the one way in which an object moves from one store to another.
//
// A Store holds content-addressed objects and refs. Copy moves the Merkle
// closure of a commit between stores: pruned where the destination is known to
// be complete, in parallel, every object verified against its checksum before
// it becomes visible, children before parents, the commit last and refs after
// that. Nothing else in the product moves an object.
//
// It trusts no byte it reads: GVariants must be in normal form, names are data
// and never paths, every count, length and depth is checked against
// internal/limits. It never prints, logs at error level, prompts, or talks to
// the network; stores that do live under client.
package ostree
