// Package spec is the dialect of TUF's own specification, read and verified by
// go-tuf's set of trusted metadata.
//
// go-tuf checks signatures over what it writes again from its structs, reads
// names in any case, follows null pointers that a file has put there, and hands
// keys of any length to crypto/ed25519. So every file is read strictly first,
// has to say what go-tuf would sign, byte by byte in canonical form, and a panic
// is an error. A new set is made for each file, from the newest verified root:
// no set ever begins with an older one, and none is left half filled.
//
// Expiry, versions, floors and caps are tuf.Trust's to judge; sets are made
// without a time. It must never fetch, store or write metadata.
package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// Dialect reads repositories as python-tuf, go-tuf and the services built on
// them write them.
type Dialect struct{}

// Name says which dialect this is.
func (Dialect) Name() string { return "tuf" }

// RootType is the _type of a root.
func (Dialect) RootType() string { return metadata.ROOT }

// Root reads the next root, or the first one where nothing is held.
func (Dialect) Root(held tuf.Held, file []byte) (tuf.Opened[*tuf.Root], error) {
	return open(file, readRoot, func() error {
		if held.Root == nil {
			_, err := trustedmetadata.New(file)
			return err
		}
		set, err := trusted(rootOf(held))
		if err == nil {
			_, err = set.UpdateRoot(file)
		}
		return err
	})
}

// Timestamp reads timestamp.json.
func (Dialect) Timestamp(held tuf.Held, file []byte) (tuf.Opened[*tuf.Timestamp], error) {
	return open(file, readTimestamp, func() error {
		set, err := trusted(rootOf(held))
		if err == nil {
			_, err = set.UpdateTimestamp(file)
		}
		return err
	})
}

// Snapshot reads snapshot.json.
func (Dialect) Snapshot(held tuf.Held, file []byte) (tuf.Opened[*tuf.Snapshot], error) {
	return open(file, readSnapshot, func() error {
		if held.Timestamp == nil {
			return alone[metadata.SnapshotType](held, metadata.SNAPSHOT, file)
		}
		below := rootOf(held)
		below.Timestamp = held.Timestamp
		set, err := trusted(below)
		if err == nil {
			_, err = set.UpdateSnapshot(file, false)
		}
		return err
	})
}

// Targets reads targets.json, or the targets of a role that is delegated to.
func (Dialect) Targets(held tuf.Held, file []byte) (tuf.Opened[*tuf.Targets], error) {
	return open(file, readTargets, func() error {
		if held.Snapshot == nil {
			return alone[metadata.TargetsType](held, metadata.TARGETS, file)
		}
		set, err := trusted(held)
		if err != nil {
			return err
		}
		if held.By == nil {
			_, err = set.UpdateTargets(file)
			return err
		}
		const delegator = "the delegator"
		if set.Targets[delegator], err = delegatorOf(held.By); err != nil {
			return err
		}
		_, err = set.UpdateDelegatedTargets(file, held.By.Name, delegator)
		return err
	})
}

// rootOf is held without what hangs below the root.
func rootOf(held tuf.Held) tuf.Held { return tuf.Held{Root: held.Root, RootFile: held.RootFile} }

// trusted is a set of all that is held. It has no time, so that nothing in it
// has expired.
func trusted(held tuf.Held) (*trustedmetadata.TrustedMetadata, error) {
	set, err := trustedmetadata.New(held.RootFile)
	if err != nil {
		return nil, err
	}
	set.RefTime = time.Time{}
	if held.Timestamp != nil {
		_, err = set.UpdateTimestamp(held.Timestamp)
	}
	if err == nil && held.Snapshot != nil {
		_, err = set.UpdateSnapshot(held.Snapshot, false)
	}
	return set, err
}

// alone checks the signatures on a file that nothing has announced.
func alone[T metadata.Roles](held tuf.Held, role string, file []byte) error {
	set, err := trusted(rootOf(held))
	if err != nil {
		return err
	}
	md, err := new(metadata.Metadata[T]).FromBytes(file)
	if err != nil {
		return err
	}
	return set.Root.VerifyDelegate(role, md)
}

// Bundle refuses: a bundle's list of targets is an invention of ota-tuf.
func (Dialect) Bundle([]byte) (*tuf.BundleTargets, error) {
	return nil, tuf.Refuse(tuf.ErrBundle, "bundles are made for repositories of the ota-tuf dialect, and this device trusts a root of another")
}

// open reads a file strictly, turns it into a model, and has it verified.
func open[T metadata.Roles, M any](file []byte, model func(*T) (M, error), verify func() error) (o tuf.Opened[M], err error) {
	err = guarded(func() error {
		md, signed, err := parse[T](file)
		if err != nil {
			return err
		}
		o.Signed = signed
		if o.Says, err = model(&md.Signed); err != nil {
			return err
		}
		return classed(verify())
	})
	if err != nil {
		return tuf.Opened[M]{}, err
	}
	return o, nil
}

// guarded makes a panic an error.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = tuf.Refuse(tuf.ErrMalformed, "it makes go-tuf panic: %v", p)
		}
	}()
	return do()
}

// parse reads a file and its signed part in canonical form, which has to be
// what go-tuf makes of it when it writes it again: it checks signatures over
// that. go-tuf is given the file as it lies, as when it verifies: of names that
// differ in case alone it takes the last one, and canonical form moves them.
func parse[T metadata.Roles](file []byte) (*metadata.Metadata[T], json.RawMessage, error) {
	canon, err := tuf.Canonical(file)
	if err != nil {
		return nil, nil, err
	}
	var received struct {
		Signatures []json.RawMessage `json:"signatures"`
		Signed     json.RawMessage   `json:"signed"`
	}
	if err := json.Unmarshal(canon, &received); err != nil {
		return nil, nil, tuf.Refuse(tuf.ErrMalformed, "%v", err)
	}
	if len(received.Signatures) > limits.Signatures { // go-tuf compares each with each
		return nil, nil, tuf.Refuse(tuf.ErrTooLarge, "more than %d signatures", limits.Signatures)
	}
	md, err := new(metadata.Metadata[T]).FromBytes(file)
	if err != nil {
		return nil, nil, tuf.Refuse(tuf.ErrMalformed, "%v", err)
	}
	written, err := json.Marshal(md.Signed)
	if err == nil {
		written, err = tuf.Canonical(written)
	}
	if err != nil {
		return nil, nil, tuf.Refuse(tuf.ErrMalformed, "%v", err)
	}
	if !bytes.Equal(received.Signed, written) {
		return nil, nil, tuf.Refuse(tuf.ErrMalformed, "a field is missing, misspelt or not in its one proper form")
	}
	return md, received.Signed, nil
}

// classed gives go-tuf's errors the class that they stand for.
func classed(err error) error {
	if err == nil {
		return nil
	}
	kind := tuf.ErrMalformed
	if _, ok := errors.AsType[*metadata.ErrUnsignedMetadata](err); ok {
		kind = tuf.ErrSignature
	} else if _, ok := errors.AsType[*metadata.ErrBadVersionNumber](err); ok {
		kind = tuf.ErrVersion
	} else if _, ok := errors.AsType[*metadata.ErrLengthOrHashMismatch](err); ok {
		kind = tuf.ErrHash
	}
	return tuf.Refuse(kind, "%v", err)
}
