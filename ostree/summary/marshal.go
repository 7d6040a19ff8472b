package summary

import "github.com/otactl/otactl/ostree/variant"

// Marshal is the summary's bytes: Refs and Metadata, in the form that Parse
// demands. The other fields are only read.
func (s *Summary) Marshal() ([]byte, error) {
	metadata := s.Metadata
	if !metadata.IsValid() {
		metadata = variant.Dict()
	}
	v := variant.Tuple(summaryType, variant.Array(refType, packRefs(s.Refs)...), metadata)
	if _, err := Parse(v.Data()); err != nil {
		return nil, err
	}
	return v.Data(), nil
}

func packRefs(refs []Ref) []variant.Value {
	list := make([]variant.Value, len(refs))
	for i, r := range refs {
		metadata := r.Metadata
		if !metadata.IsValid() {
			metadata = variant.Dict()
		}
		at := variant.Tuple(commitType, variant.Uint64(r.Size), variant.Bytes(r.Commit[:]), metadata)
		list[i] = variant.Tuple(refType, variant.Text(r.Name), at)
	}
	return list
}
