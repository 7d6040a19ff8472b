package main

// reason says why a mutant makes no difference that a test could see.
type reason struct{ key, why string }

// unseen is what a power cut alone would show.
const unseen = "whether a rename is on the disk shows after a power cut only"

var reasons = []reason{
	{"cache.go: DirCache.Remove: err != nil: inverted #2", unseen},
	{"cache.go: DirCache.Remove: err != nil: always true #2", unseen},
	{"cache.go: DirCache.Quarantine: err != nil: inverted #3", unseen},
	{"cache.go: DirCache.Quarantine: err != nil: always true #3", unseen},
	{"cache.go: DirCache.Quarantine: err != nil: always false #2", "the rename that follows fails as well"},
}
