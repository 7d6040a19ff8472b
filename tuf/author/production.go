package author

import "github.com/otactl/otactl/tuf"

// ProductionThreshold is how many keys sign production targets unless somebody
// asked for more: the online key and one that is kept elsewhere. With fewer, a
// stolen server could sign them alone.
const ProductionThreshold = 2

// Production is the production twin of a CI root: the same root, but for the
// threshold of targets. Nobody has signed it yet.
func Production(ci []byte, threshold int) ([]byte, error) {
	t, _, err := parse(ci)
	if err != nil {
		return nil, err
	}
	t.role(tuf.RoleTargets)["threshold"] = threshold
	return t.file()
}
