package spec

import (
	"slices"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/otactl/otactl/tuf"
)

// Signatures checks each signature on a file of role by itself.
func (Dialect) Signatures(root *tuf.Root, role tuf.Role, file []byte) (rep *tuf.SignatureReport, err error) {
	err = guarded(func() error {
		switch role {
		case tuf.RoleRoot:
			rep, err = report[metadata.RootType](root, role, file)
		case tuf.RoleTimestamp:
			rep, err = report[metadata.TimestampType](root, role, file)
		case tuf.RoleSnapshot:
			rep, err = report[metadata.SnapshotType](root, role, file)
		default:
			rep, err = report[metadata.TargetsType](root, role, file)
		}
		return err
	})
	return rep, err
}

func report[T metadata.Roles](root *tuf.Root, role tuf.Role, file []byte) (*tuf.SignatureReport, error) {
	md, _, err := parse[T](file)
	if err != nil {
		return nil, err
	}
	keys, err := writeKeys(root.Keys)
	if err != nil {
		return nil, err
	}
	of := root.Roles[role]
	rep := &tuf.SignatureReport{Allowed: slices.Sorted(slices.Values(of.KeyIDs)), Threshold: of.Threshold}
	var counted []*tuf.PublicKey
	for _, s := range md.Signatures {
		key := root.Keys[s.KeyID]
		switch {
		case key == nil || !slices.Contains(of.KeyIDs, s.KeyID):
			rep.Unknown = append(rep.Unknown, s.KeyID)
		case slices.ContainsFunc(counted, key.Equal) || signedBy(role, s.KeyID, keys, md) != nil:
			rep.Invalid = append(rep.Invalid, s.KeyID)
		default:
			counted = append(counted, key)
			rep.Valid = append(rep.Valid, s.KeyID)
		}
	}
	slices.Sort(rep.Valid)
	slices.Sort(rep.Invalid)
	slices.Sort(rep.Unknown)
	return rep, nil
}

// signedBy asks go-tuf about one signature, by a root that has that key alone.
func signedBy[T metadata.Roles](role tuf.Role, id string, keys map[string]*metadata.Key, md *metadata.Metadata[T]) error {
	one := metadata.Root()
	one.Signed.Keys[id] = keys[id]
	one.Signed.Roles[string(role)] = &metadata.Role{KeyIDs: []string{id}, Threshold: 1}
	return one.VerifyDelegate(string(role), md)
}
