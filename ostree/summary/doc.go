// Package summary reads and writes the summary of a repo: the file that says
// which commit each ref stands at, how long that commit is, which static
// deltas there are and how the repo is kept.
//
// What comes from a server is parsed strictly: normal form, names that are
// refs, each list sorted and without doubles, the keys that OSTree defines of
// the type that it defines. Parsing says nothing about who wrote it; package
// sign does. It never resolves a ref to a path, and it never makes a summary
// out of refs whose commits are not there.
package summary
