package ostree

// NamedBy are the objects that a metadata object with these bytes names, and
// which have to be there before it. A commit's parent is history, not content,
// and is not among them; nor is its detached metadata, which nothing names.
func NamedBy(t ObjectType, data []byte) ([]ObjectID, error) {
	switch t {
	case TypeCommit:
		c, err := ParseCommit(data)
		if err != nil {
			return nil, err
		}
		return []ObjectID{{c.Tree, TypeDirTree}, {c.Meta, TypeDirMeta}}, nil
	case TypeDirTree:
		tree, err := ParseDirTree(data)
		if err != nil {
			return nil, err
		}
		ids := make([]ObjectID, 0, len(tree.Files)+2*len(tree.Dirs))
		tree.children(func(id ObjectID) { ids = append(ids, id) })
		return ids, nil
	}
	return nil, nil
}
