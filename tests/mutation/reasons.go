package main

// reason says why a mutant makes no difference that a test could see.
type reason struct{ key, why string }

// What several reasons have in common.
const (
	unseen = "whether a rename is on the disk shows after a power cut only"
	saving = "it only saves time"
	again  = "it is checked once more where the file is read"
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
	{"floor.go: floor.bytes: err != nil: always false", plain},
	{"floor.go: floor.bytes: err != nil: always false #2", plain},
	{"json.go: scanner.next: s.pos > begin: shifted", saving},
	{"json.go: scanner.next: s.pos < len(s.in) && s.in[s.pos] > ' ': always false", saving},
	{"json.go: scanner.object: n == 0: left out", saving},
	{"json.go: scanner.quoted: s.out == nil && bytes.Equal(s.encoded, s.in[begin:s.pos]): always false", saving},
	{"json.go: scanner.quoted: lasts: always false", saving},
	{"jsontext.go: appendRune: r < 0x20: shifted", "a space is in no list"},
	{"jsontext.go: scanner.hex4: at+6 > len(s.in): shifted", "a string that ends there has no quote"},
	{"jsontext.go: anyOdd: (x|(x-each*0x20)|(quote-each)&^quote|(slash-each)&^slash)&high != 0: always true", saving},
	{"jsontext.go: scanner.text: s.pos < len(s.in) && s.in[s.pos] == '\"': always false", saving},
	{"keeper.go: keeper.load: err == nil: always true", "what cannot be read passes no check either"},
	{"key.go: NewPublicKey: err != nil: always false #2", plain},
	{"key.go: PublicKey.Verify: len(raw) == ed25519.SignatureSize: left out", "ed25519 compares the length as well"},
	{"parse.go: head: err != nil: always false", "the signed part of an envelope is an object"},
	{"parse.go: parseTarget: err != nil: always true", saving},
	{"parse.go: parseMetaFile: err != nil: always true #4", saving},
	{"refresh.go: fetch: int64(len(data)) > max: always false", again},
	{"refresh.go: fetch: int64(len(data)) > max: shifted", again},
	{"refresh.go: recall: same: inverted", saving},
	{"refresh.go: Trust.sameVersion: errX == nil: left out", "the stored one has been verified before"},
	{"refresh.go: refresher.timestamp: old != nil: left out", "what is not there has no version"},
	{"refresh.go: refresher.role: file != nil: left out", saving},
	{"refresh.go: refresher.store: err != nil: always false #3", plain},
	{"refresh.go: refresher.store: err == nil: left out", plain},
	{"sign.go: marshal: ok: always false", saving},
	{"sign.go: Envelope.signBy: err != nil: always false #3", plain},
	{"sign.go: kindOf: err != nil: always false", "the signed part of an envelope is an object"},
	{`sign.go: checkASCII: bytes.IndexByte(v, '\\') < 0: shifted`, "the first byte is no such one"},
	{"sign.go: checkASCII: bytes.IndexByte(v, 0x7f) < 0: shifted", "the first byte is no such one"},
	{`sign.go: checkASCII: bytes.IndexByte(v, '\\') < 0 && bytes.IndexByte(v, 0x7f) < 0: always false`, saving},
	{"trust.go: recalled.is: len(file) > 0 && len(file) == len(r.file) && &file[0] == &r.file[0]: always false", saving},
	{"trust.go: recalled.is: len(file) > 0: left out", "an empty file verifies as nothing"},
	{"trust.go: recalled.is: len(file) == len(r.file): shifted", saving},
	{"trust.go: recalled.is: len(file) > 0: shifted", "an empty file verifies as nothing"},
	{"trust.go: read: ok && known.is(file): always false", saving},
	{"fields.go: stringLen: i < len(v): shifted", "canonical form holds no string without an end"},
	{"fields.go: stringLen: i < len(v): left out", "canonical form holds no string without an end"},
	{"fields.go: fields.time: err != nil: left out", "what is no time reads back as another text"},
	{"floor.go: parseFloor: err != nil: always false", "the checksum is wrong then"},
	{"floor.go: parseFloor: err != nil: always false #2", "the checksum is wrong then"},
	{"floor.go: parseFloor: err != nil: left out", "the checksum is wrong then"},
	{"floor.go: parseFloor: err != nil: always false #3", "its fields are missing then"},
	{"trust.go: read: ok: left out", "what is recalled for a role is of its type"},
	{"trust.go: read: ok: always true", "what is recalled for a role is of its type"},
	{"trust.go: read: ok: always false", saving},
	{"jsontext.go: alike: c < 0x20: shifted", saving},
	{"keeper.go: keeper.newestRoot: err != nil: always false", "the same error is looked at again below"},
	{"parse.go: parseRoleKeys: threshold > limits.Signatures: left out", "for targets the last part says the same, and a root of 64 KiB holds fewer keys"},
	{"trust.go: recalled.is: len(file) == len(r.file): left out", "nobody cuts a file that was recalled"},
	{"trust.go: read: ok: inverted", saving},
	{"trust.go: Targets.newest: bytes.Equal(value, seen): left out", saving},
	{"trust.go: Targets.newest: err == nil: left out", "what is no time is the earliest one"},
}
