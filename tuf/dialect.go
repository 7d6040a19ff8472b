package tuf

import "encoding/json"

// Dialect is the way in which one family of programs writes metadata. It reads
// files into the models of this package and checks who signed them; everybody
// else sees the models alone and need not ask which dialect lies below.
//
// What holds in every dialect is checked by Trust over the models: caps,
// versions, the floor, the clock, expiry, lengths and hashes. A dialect may
// check such things as well. It holds no state, does no I/O and reads no clock.
//
// Errors are the sentinels of this package. A file that makes an
// implementation panic is ErrMalformed like any other.
type Dialect interface {
	// Name is what people call the dialect, "ota-tuf".
	Name() string
	// RootType is the _type of its roots, exactly. It tells dialects apart: no
	// two have the same one, and no dialect reads a root of another.
	RootType() string
	// Root reads a root that is signed by its own threshold and, if held has a
	// root, by the threshold of that one before.
	Root(held Held, file []byte) (Opened[*Root], error)
	// Timestamp, Snapshot and Targets read what the root in held lets sign, and
	// Targets what held.By lets sign if that is there.
	Timestamp(held Held, file []byte) (Opened[*Timestamp], error)
	Snapshot(held Held, file []byte) (Opened[*Snapshot], error)
	Targets(held Held, file []byte) (Opened[*Targets], error)
	// Bundle reads a list of targets and checks no signature.
	Bundle(file []byte) (*BundleTargets, error)
	// Signatures checks each signature on a file by itself, whatever it is that
	// was signed.
	Signatures(root *Root, role Role, file []byte) (*SignatureReport, error)
}

// Held is what a file is held against: what has been verified before it.
type Held struct {
	Root     *Root  // nil before there is one
	RootFile []byte // as it was received

	// Timestamp and Snapshot are the files in force. They are nil where a
	// stored file is looked at by itself; then form and signatures are all
	// that there is to check.
	Timestamp, Snapshot []byte
	// By lets the targets at hand be signed in the root's stead; nil for
	// targets.json.
	By *Delegation
}

// Opened is a file whose form and signatures are in order.
type Opened[T any] struct {
	Says T
	// Signed is the signed part in canonical form. Two files that say the same
	// have the same one.
	Signed json.RawMessage
	// Whole is the file in canonical form, where peers may have announced the
	// length and hashes of that instead of the file's as it lies; nil otherwise.
	Whole []byte
}

// otaTUF is the dialect of Foundries, OTA Connect and aktualizr.
type otaTUF struct{}

func (otaTUF) Name() string     { return "ota-tuf" }
func (otaTUF) RootType() string { return typeRoot }

func (otaTUF) Root(held Held, file []byte) (o Opened[*Root], err error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return o, err
	}
	if held.Root != nil {
		if err := held.Root.verify(RoleRoot, e); err != nil {
			return o, err
		}
	}
	root, err := parseRoot(e.Signed)
	if err == nil {
		err = in(RootName(root.Version), root.verify(RoleRoot, e))
	}
	return Opened[*Root]{Says: root, Signed: e.Signed, Whole: e.canonical}, err
}

func (otaTUF) Timestamp(held Held, file []byte) (Opened[*Timestamp], error) {
	return open(held.Root, RoleTimestamp, file, parseTimestamp)
}

func (otaTUF) Snapshot(held Held, file []byte) (Opened[*Snapshot], error) {
	return open(held.Root, RoleSnapshot, file, parseSnapshot)
}

func (otaTUF) Targets(held Held, file []byte) (Opened[*Targets], error) {
	return open(held.Root, RoleTargets, file, parseTargets)
}

// open checks the signatures on a file before it reads what was signed.
func open[T any](root *Root, role Role, file []byte, parse func(json.RawMessage) (T, error)) (o Opened[T], err error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return o, err
	}
	if err := root.verify(role, e); err != nil {
		return o, err
	}
	says, err := parse(e.Signed)
	return Opened[T]{Says: says, Signed: e.Signed, Whole: e.canonical}, err
}

func (otaTUF) Bundle(file []byte) (*BundleTargets, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	return parseBundle(e.Signed)
}

func (otaTUF) Signatures(root *Root, role Role, file []byte) (*SignatureReport, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	return root.signatures(role, e), nil
}

// Refuse makes the error by which a dialect refuses a file. What is formatted
// may come from that file: the text is cut and made safe to print.
func Refuse(kind error, format string, args ...any) error { return refuse(kind, format, args...) }

// dialectOf tells the dialect by the root that trust begins with: one of more,
// or ota-tuf, which says what is wrong with anything else.
func dialectOf(root []byte, more []Dialect) Dialect {
	kind := rootType(root)
	for _, d := range more {
		if d.RootType() == kind {
			return d
		}
	}
	return otaTUF{}
}

// rootType is the _type of a root that nobody has verified; "" where it can't
// be told: of nothing, each step makes nothing.
func rootType(root []byte) string {
	canon, _ := canonicalise(root, formEscaped)
	doc, _ := pick("document", canon, "signed")
	signed, _ := pick("signed", doc.m["signed"], "_type")
	kind, _ := signed.text("_type")
	return kind
}
