package main

// reason says why a mutant makes no difference that a test could see.
type reason struct{ key, why string }

// What several reasons have in common.
const (
	unseen = "whether a rename is on the disk shows after a power cut only"
	saving = "it only saves time"
	plain  = "texts can always be written"
)

var reasons = []reason{
	{"cache.go: DirCache.Remove: err != nil: always true #2", unseen},
	{"cache.go: DirCache.Quarantine: err != nil: always true #3", unseen},
	{"cache.go: DirCache.Quarantine: err != nil: always false #2", "the rename that follows fails as well"},
	{"envelope.go: Envelope.bytes: err != nil: always false", plain},
	{"envelope.go: Envelope.bytes: err != nil: always false #2", plain},
	{`envelope.go: Envelope.signedBy: bytes.IndexByte(e.Signed, '\\') < 0: shifted`, "the first byte is a bracket"},
	{`envelope.go: Envelope.signedBy: bytes.IndexByte(e.Signed, '\\') < 0: always false`, saving},
	{`fields.go: bare: bytes.IndexByte(v, '\\') < 0: shifted`, "the first byte is a quote"},
	{`fields.go: bare: bytes.IndexByte(v, '\\') < 0: always false`, saving},
	{`floor.go: floor.replaced: f.online != "": left out`, "a note without keys is one without versions"},
}
