package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/limits"
)

// Sum is a SHA-256.
type Sum = [sha256.Size]byte

// Member is one file of a bundle as the list has it.
type Member struct {
	Name string
	Size int64
	Sum  Sum

	pieces []Sum // of each piece, where there is more than one
	frame  int   // the first of its frames
}

// appendMember writes a member as its lines in the list: size, SHA-256, name;
// then, if the member is longer than a piece, the SHA-256 of each piece.
func appendMember(list []byte, m *Member) []byte {
	list = fmt.Appendf(list, "%d %x %s\n", m.Size, m.Sum, m.Name)
	for _, p := range m.pieces {
		list = fmt.Appendf(list, "+ %x\n", p)
	}
	return list
}

// leastLine is the shortest line of a member, or of a piece.
const leastLine = len("0 ") + 2*sha256.Size + len(" a\n")

// parseList reads a list, which has to be in the one form that appendMember
// gives it, sorted by name.
func parseList(text string) ([]Member, error) {
	members := make([]Member, 0, min(len(text)/leastLine, limits.BundleMembers))
	frame := int64(0)
	for line := 1; text != ""; line++ {
		m, rest, err := parseMember(text)
		if err != nil {
			return nil, fmt.Errorf("member %d: %w", len(members)+1, err)
		}
		if len(members) > 0 && m.Name <= members[len(members)-1].Name {
			return nil, refuse("the list names %s after %s: it is not sorted, or names a file twice", m.Name, members[len(members)-1].Name)
		}
		if len(members) == limits.BundleMembers {
			return nil, refuse("the list has more than %d members", limits.BundleMembers)
		}
		m.frame = int(frame)
		if frame += pieces(m.Size); frame > maxFrames {
			return nil, refuse("the list is about more than %d frames", maxFrames)
		}
		members = append(members, m)
		text = rest
	}
	return members, distinct(members)
}

// parseMember reads the lines of the first member of a list.
func parseMember(text string) (m Member, rest string, err error) {
	line, rest, whole := strings.Cut(text, "\n")
	size, sum, name := "", "", ""
	if f := strings.SplitN(line, " ", 3); len(f) == 3 {
		size, sum, name = f[0], f[1], f[2]
	}
	m.Name = name
	if m.Size, err = strconv.ParseInt(size, 10, 64); err != nil || !whole || strconv.FormatInt(m.Size, 10) != size || m.Size < 0 || m.Size > maxMember {
		return m, rest, refuse("the line %.200q of the list is malformed", line)
	}
	if m.Sum, err = parseSum(sum); err != nil {
		return m, rest, err
	}
	if err := checkName(name); err != nil {
		return m, rest, err
	}
	if n := pieces(m.Size); n > 1 {
		m.pieces = make([]Sum, 0, min(n, int64(len(rest)/2/sha256.Size)))
		for range n {
			line, rest, whole = strings.Cut(rest, "\n")
			sum, plus := strings.CutPrefix(line, "+ ")
			p, err := parseSum(sum)
			if err != nil || !plus || !whole {
				return m, rest, refuse("%s: the list lacks the sum of one of its %d pieces", name, n)
			}
			m.pieces = append(m.pieces, p)
		}
	}
	return m, rest, nil
}

func parseSum(text string) (s Sum, err error) {
	if len(text) != hex.EncodedLen(len(s)) || strings.ToLower(text) != text {
		return s, refuse("%.100q is no SHA-256", text)
	}
	if _, err := hex.Decode(s[:], []byte(text)); err != nil {
		return s, refuse("%.100q is no SHA-256", text)
	}
	return s, nil
}

// distinct holds that no two members would be one file where names are compared
// without their case, that the same goes for folders, and that none is a folder
// of another.
func distinct(members []Member) error {
	folded := make([]string, 0, len(members)+3)
	for i := range members {
		folded = append(folded, strings.ToLower(members[i].Name))
	}
	folded = append(folded, nameMembers, nameBundleTargets, nameIndex)
	slices.Sort(folded)
	for i := 1; i < len(folded); i++ {
		if folded[i] == folded[i-1] {
			return refuse("the list names %s twice, or in capitals and small letters, or it is a name of the archive's own", folded[i])
		}
	}
	spelled := map[string]string{} // folders, by their name in small letters
	if err := folders(nameBundleTargets, folded, spelled); err != nil {
		return err
	}
	for i := range members {
		if err := folders(members[i].Name, folded, spelled); err != nil {
			return err
		}
	}
	return nil
}

// folders notes in which folders a name is, which are no files, and spelled in
// one way.
func folders(name string, files []string, spelled map[string]string) error {
	for dir := path.Dir(name); dir != "." && spelled[strings.ToLower(dir)] != dir; dir = path.Dir(dir) {
		small := strings.ToLower(dir)
		if _, file := slices.BinarySearch(files, small); file {
			return refuse("the list names the file %s, and files in a folder of that name", small)
		}
		if other, there := spelled[small]; there {
			return refuse("the list has files in %s and in %s, which are one folder on some file systems", other, dir)
		}
		spelled[small] = dir
	}
	return nil
}
