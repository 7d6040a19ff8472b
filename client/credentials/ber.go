package credentials

import (
	"bytes"
	"errors"
)

// Some programs write PKCS#12 in BER: lengths that are only known at the end,
// and strings in pieces. The library reads DER.

// berDepth is how deep values may nest; a PKCS#12 file has about ten levels.
const berDepth = 32

var errBER = errors.New("not BER")

// node is one value: primitive with its bytes, or with the values in it.
type node struct {
	tag   byte
	bytes []byte
	kids  []node
}

// Tags of X.690 that matter here.
const (
	constructed = 0x20
	tagOctets   = 0x04
	tagOID      = 0x06
	tagSequence = 0x30
	tagContext0 = 0xa0
	implicit0   = 0x80
)

// oidData is 1.2.840.113549.1.7.1: a content that is kept as a string of octets.
var oidData = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}

// toDER writes a PKCS#12 file of BER anew in DER. Its MAC, which is of the bytes
// as they were, is left out: with the empty password anybody could make it.
func toDER(ber []byte) ([]byte, error) {
	pfx, rest, err := parseBER(ber, 0)
	if err != nil || len(rest) > 0 || pfx.tag != tagSequence || len(pfx.kids) < 2 {
		return nil, errBER
	}
	pfx.kids = pfx.kids[:2]
	if err := pfx.settle(0); err != nil {
		return nil, err
	}
	return pfx.der(), nil
}

// parseBER reads one value, and returns what follows it.
func parseBER(data []byte, depth int) (n node, rest []byte, err error) {
	if len(data) < 2 || depth > berDepth || data[0]&0x1f == 0x1f {
		return n, nil, errBER
	}
	n.tag = data[0]
	size, rest, err := berLength(data[1:])
	switch {
	case err != nil:
		return n, nil, err
	case size < 0:
		if n.tag&constructed == 0 {
			return n, nil, errBER
		}
		for !bytes.HasPrefix(rest, []byte{0, 0}) {
			var kid node
			if kid, rest, err = parseBER(rest, depth+1); err != nil {
				return n, nil, err
			}
			n.kids = append(n.kids, kid)
		}
		return n, rest[2:], nil
	case size > len(rest):
		return n, nil, errBER
	}
	body, rest := rest[:size], rest[size:]
	if n.tag&constructed == 0 {
		n.bytes = body
		return n, rest, nil
	}
	for len(body) > 0 {
		var kid node
		if kid, body, err = parseBER(body, depth+1); err != nil {
			return n, nil, err
		}
		n.kids = append(n.kids, kid)
	}
	return n, rest, nil
}

// berLength reads a length; -1 is one that the end tells.
func berLength(data []byte) (size int, rest []byte, err error) {
	first := data[0]
	data = data[1:]
	if first < 0x80 {
		return int(first), data, nil
	}
	if first == 0x80 {
		return -1, data, nil
	}
	n := int(first & 0x7f)
	if n > 4 || n > len(data) {
		return 0, nil, errBER
	}
	for _, b := range data[:n] {
		size = size<<8 | int(b)
	}
	return size, data[n:], nil
}

// settle joins strings that came in pieces, here and in strings that hold BER
// themselves.
func (n *node) settle(depth int) error {
	if depth > berDepth {
		return errBER
	}
	for i := range n.kids {
		if err := n.kids[i].settle(depth + 1); err != nil {
			return err
		}
		// The third of an EncryptedContentInfo is a string under another tag.
		if k := &n.kids[i]; n.tag == tagSequence && i == 2 && k.tag == tagContext0 && k.pieces() {
			k.join(implicit0)
		}
	}
	if n.tag == tagOctets|constructed {
		if !n.pieces() {
			return errBER
		}
		n.join(tagOctets)
	}
	if n.isData() {
		return n.kids[1].kids[0].settleInside(depth)
	}
	return nil
}

// pieces says whether all that is in n are strings of octets.
func (n *node) pieces() bool {
	for _, k := range n.kids {
		if k.tag != tagOctets {
			return false
		}
	}
	return len(n.kids) > 0
}

func (n *node) join(tag byte) {
	for _, k := range n.kids {
		n.bytes = append(n.bytes, k.bytes...)
	}
	n.tag, n.kids = tag, nil
}

// isData says whether n is a ContentInfo of plain data.
func (n *node) isData() bool {
	return n.tag == tagSequence && len(n.kids) == 2 &&
		n.kids[0].tag == tagOID && bytes.Equal(n.kids[0].bytes, oidData) &&
		n.kids[1].tag == tagContext0 && len(n.kids[1].kids) == 1 && n.kids[1].kids[0].tag == tagOctets
}

// settleInside writes the value that a string of octets holds anew.
func (n *node) settleInside(depth int) error {
	inner, rest, err := parseBER(n.bytes, depth+1)
	if err != nil || len(rest) > 0 {
		return errBER
	}
	if err := inner.settle(depth + 1); err != nil {
		return err
	}
	n.bytes = inner.der()
	return nil
}

// der is the value in DER.
func (n *node) der() []byte {
	body := n.bytes
	if n.tag&constructed != 0 {
		body = nil
		for i := range n.kids {
			body = append(body, n.kids[i].der()...)
		}
	}
	return append(append([]byte{n.tag}, derLength(len(body))...), body...)
}

func derLength(n int) []byte {
	if n < 0x80 {
		return []byte{byte(n)}
	}
	var out []byte
	for ; n > 0; n >>= 8 {
		out = append([]byte{byte(n)}, out...)
	}
	return append([]byte{0x80 | byte(len(out))}, out...)
}

// maxRounds is how often a password may be hashed before it opens a file. Tools
// write from two thousand to a few hundred thousand; nothing ends the library
// before it has done all that a file asks for.
const maxRounds = 10_000_000

var errRounds = errors.New("it asks for more rounds of hashing than anybody waits for")

const tagInteger = 0x02

// checkRounds refuses a PKCS#12 file that would keep this program busy for
// hours, or for ever, before a password is tried on it.
func checkRounds(p12 []byte) error {
	pfx, rest, err := parseBER(p12, 0)
	if err != nil || len(rest) > 0 {
		return errBER
	}
	if err := pfx.settle(0); err != nil {
		return err
	}
	return pfx.checkRounds(0)
}

// checkRounds looks through n for a number of rounds: no other in such a file is
// as large, whatever stands beside it.
func (n *node) checkRounds(depth int) error {
	if depth > berDepth {
		return errBER
	}
	if n.tag == tagInteger && rounds(n.bytes) > maxRounds {
		return errRounds
	}
	for i := range n.kids {
		if err := n.kids[i].checkRounds(depth + 1); err != nil {
			return err
		}
	}
	switch {
	case n.isData():
	case n.seemsData():
		return errBER // the library passes over what is too much
	default:
		return nil
	}
	inner, _, err := parseBER(n.kids[1].kids[0].bytes, depth+1)
	if err != nil {
		return err
	}
	return inner.checkRounds(depth + 1)
}

// seemsData says whether n begins like a ContentInfo of plain data.
func (n *node) seemsData() bool {
	return len(n.kids) > 1 && n.kids[0].tag == tagOID && bytes.Equal(n.kids[0].bytes, oidData) && n.kids[1].tag == tagContext0
}

// rounds reads a number, as far as it matters how large it is.
func rounds(b []byte) (n int) {
	for _, x := range b {
		if n = n<<8 | int(x); n > maxRounds {
			break
		}
	}
	return n
}
