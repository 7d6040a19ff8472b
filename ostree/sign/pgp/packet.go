package pgp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/otactl/otactl/internal/limits"
)

// The tags of packets that this package looks at.
const (
	tagSignature     = 2
	tagSecretKey     = 5
	tagPublicKey     = 6
	tagSecretSubkey  = 7
	tagUserID        = 13
	tagPublicSubkey  = 14
	tagUserAttribute = 17
)

// ErrMalformed says that bytes are no OpenPGP packets.
var ErrMalformed = errors.New("malformed OpenPGP data")

// ErrNoKeys says that data was read to its end and there is neither a key nor a
// revocation of one in it. What is damaged may have held one, and is none of
// these.
var ErrNoKeys = fmt.Errorf("%w: no keys in it", ErrMalformed)

// errUnsupported says that a packet is well formed and made with something that
// is not known here.
var errUnsupported = errors.New("not supported")

// raw is a packet as it came: tag and body.
type raw struct {
	tag  byte
	body []byte
}

// split cuts data into packets. Bodies of unknown length, which only literal
// and encrypted data have, are malformed.
func split(data []byte) ([]raw, error) {
	var list []raw
	for len(data) > 0 {
		first := data[0]
		if first&0x80 == 0 {
			return nil, fmt.Errorf("%w: no packet begins with %#02x", ErrMalformed, first)
		}
		tag, head, n := header(data)
		if head == 0 || n > len(data)-1-head {
			return nil, fmt.Errorf("%w: packet of type %d is longer than the data", ErrMalformed, tag)
		}
		body := data[1+head : 1+head+n : 1+head+n]
		list, data = append(list, raw{tag, body}), data[1+head+n:]
	}
	return list, nil
}

// readPackets reads what is binary or in ASCII armor.
func readPackets(data []byte) ([]raw, error) {
	list, err := split(data)
	if err == nil || beginsWithKey(data) {
		return list, err
	}
	if data, err = dearmor(string(data)); err != nil {
		return nil, err
	}
	return split(data)
}

// beginsWithKey tells a damaged keyring from other files, such as an image: by
// its first packet, a key or a signature, and the version of that.
func beginsWithKey(data []byte) bool {
	if data[0]&0x80 == 0 {
		return false
	}
	tag, head, _ := header(data)
	if tag != tagSignature && tag != tagPublicKey && tag != tagSecretKey {
		return false
	}
	version := 1 + head
	return head == 0 || len(data) <= version || data[version] >= 2 && data[version] <= 6
}

// header reads the tag of a packet, and behind it how many bytes its length
// takes and what that says.
func header(data []byte) (tag byte, head, n int) {
	first := data[0]
	if first&0x40 != 0 {
		head, n = newLength(data[1:])
		return first & 0x3f, head, n
	}
	head, n = oldLength(first&3, data[1:])
	return first >> 2 & 0x0f, head, n
}

// newLength reads a length of the new format: how many bytes it takes, 0 if it
// can't be read, and what it says.
func newLength(b []byte) (head, n int) {
	switch {
	case len(b) == 0:
		return 0, 0
	case b[0] < 192:
		return 1, int(b[0])
	case b[0] < 224 && len(b) >= 2:
		return 2, (int(b[0])-192)<<8 + int(b[1]) + 192
	case b[0] == 255 && len(b) >= 5:
		return long(b[1:5], 5)
	}
	return 0, 0
}

// oldLength reads a length of the old format.
func oldLength(kind byte, b []byte) (head, n int) {
	switch {
	case kind == 0 && len(b) >= 1:
		return 1, int(b[0])
	case kind == 1 && len(b) >= 2:
		return 2, int(binary.BigEndian.Uint16(b))
	case kind == 2 && len(b) >= 4:
		return long(b[:4], 4)
	}
	return 0, 0
}

func long(b []byte, head int) (int, int) {
	n := binary.BigEndian.Uint32(b)
	if n > limits.Keyring {
		return 0, 0
	}
	return head, int(n)
}

// append writes the packet with a header of the old format, as GnuPG writes
// keyrings, where its tag allows it.
func (r raw) append(to []byte) []byte {
	n := len(r.body)
	switch {
	case r.tag > 15:
		to = append(to, 0xc0|r.tag, 255)
		to = binary.BigEndian.AppendUint32(to, uint32(n))
	case n < 256:
		to = append(to, 0x80|r.tag<<2, byte(n))
	case n < 65536:
		to = append(to, 0x80|r.tag<<2|1)
		to = binary.BigEndian.AppendUint16(to, uint16(n))
	default:
		to = append(to, 0x80|r.tag<<2|2)
		to = binary.BigEndian.AppendUint32(to, uint32(n))
	}
	return append(to, r.body...)
}

// guard runs fn and turns a panic in it into an error.
func guard(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrMalformed, p)
		}
	}()
	return fn()
}

// parse hands the packet to the library. What is left over after it is
// malformed.
func (r raw) parse() (packet.Packet, error) {
	var p packet.Packet
	err := guard(func() error {
		rest := bytes.NewReader(r.append(nil))
		var err error
		if p, err = packet.Read(rest); err != nil {
			return classify(err)
		}
		if rest.Len() > 0 {
			return fmt.Errorf("%w: %d bytes after the end of the packet", ErrMalformed, rest.Len())
		}
		return nil
	})
	return p, err
}

// classify sorts the library's errors into what is malformed and what is not
// supported.
func classify(err error) error {
	_, unsupported := errors.AsType[pgperrors.UnsupportedError](err)
	_, unknown := errors.AsType[pgperrors.UnknownPacketTypeError](err)
	_, critical := errors.AsType[pgperrors.CriticalUnknownPacketTypeError](err)
	if unsupported || unknown || critical {
		return fmt.Errorf("%w: %w", errUnsupported, err)
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}
