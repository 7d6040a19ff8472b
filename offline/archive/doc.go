// Package archive is a bundle as one file: bundle.ota.
//
// It is a tar archive, compressed with zstd, that any tar unpacks. Inside, it is
// laid out so that a reader needs no unpacking: each member is a zstd frame of
// its own, or a few where it is long, and a table of all frames is at the end,
// in zstd's seekable format. The last member is an index, signed by the targets
// role, that vouches for the list of all others, and the list for each byte of
// them:
//
//	ostree_repo/…  tuf/…  apps/…    the files of the bundle, sorted by name
//	index.members                   the list: size, SHA-256 and name of each
//	tuf/bundle-targets.json         vouched for by what is signed in it
//	index.json                      the signed index
//
// docs/formats/bundle.md has the bytes. The form is strict: for one list there
// is one sequence of tar headers and one division into frames, and a file that
// differs in any of them is refused. What is left to the writer is how well a
// frame is compressed.
//
// File gives the members of such a file, and no byte of one before its hash was
// compared with the list. It believes the list as far as the index vouches for
// it; whether enough keys signed the index is for the caller, who has the root.
// Nothing here is ever written in place.
package archive
