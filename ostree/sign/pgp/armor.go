package pgp

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

const (
	armorBegin = "-----BEGIN PGP "
	armorEnd   = "-----END PGP "
	armorClose = "-----" // of either line

	armoredSignature = "PGP SIGNATURE" // the types of blocks
	armoredMessage   = "PGP MESSAGE"

	// armorOff stands before the armor of the revocations that GnuPG keeps for
	// each of its keys, lest somebody uses one by accident.
	armorOff = ":"
)

// dearmor gives the packets in ASCII armor, of which there may be several
// blocks; text around them doesn't count.
func dearmor(text string) ([]byte, error) {
	var all []byte
	found := false
	none := fmt.Errorf("%w: neither packets nor an armored block", ErrNoKeys)
	for {
		before, block, behind, err := cutArmor(text)
		if err != nil {
			return nil, err
		}
		if block == "" {
			break
		}
		text = behind
		b, err := unwrap(block, strings.HasSuffix(before, armorOff))
		switch {
		case errors.Is(err, ErrNoKeys):
			none = err
		case err != nil:
			return nil, err
		default:
			all, found = append(all, b...), true
		}
	}
	if !found {
		return nil, none
	}
	return all, nil
}

// cutArmor finds the first armored block in text; it is empty if there is none.
// What stands on the line of its end may be the next one.
func cutArmor(text string) (before, block, behind string, err error) {
	from, to := strings.Index(text, armorBegin), strings.Index(text, armorEnd)
	switch {
	case from < 0 && to < 0:
		return text, "", "", nil
	case to < 0:
		return "", "", "", fmt.Errorf("%w: an armored block has no end", ErrMalformed)
	case from < 0 || to < from:
		return "", "", "", fmt.Errorf("%w: an armored block has no beginning", ErrMalformed)
	}
	end := to + len(armorEnd)
	line, _, _ := strings.Cut(text[end:], "\n")
	if n := strings.Index(line, armorClose); n >= 0 {
		line = line[:n+len(armorClose)]
	}
	end += len(line)
	return text[:from], text[from:end], text[end:], nil
}

// unwrap decodes one armored block, unless it is off or holds something else.
func unwrap(text string, off bool) ([]byte, error) {
	if off {
		return nil, fmt.Errorf("%w: the colon before its armor says that it is not to be used", ErrNoKeys)
	}
	var out []byte
	err := guard(func() error {
		block, err := armor.Decode(strings.NewReader(text))
		if err != nil {
			return fmt.Errorf("%w: armored block: %w", ErrMalformed, err)
		}
		switch {
		case strings.HasPrefix(block.Type, "PGP P"): // PUBLIC or PRIVATE KEY BLOCK
		case block.Type == "PGP SECRET KEY BLOCK": // as it was called once
		case block.Type == armoredSignature, block.Type == armoredMessage:
		case block.Type == "PGP SIGNED MESSAGE" && !strings.Contains(text, armorBegin+"P"): // with no block of keys in it
			return fmt.Errorf("%w: it is a %s", ErrNoKeys, block.Type)
		default:
			return fmt.Errorf("%w: armored block of type %.40q holds no keys", ErrMalformed, block.Type)
		}
		out, err = fsx.ReadAll(block.Body, "armored block", limits.Keyring)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if !sumsUp(text, out) {
			return fmt.Errorf("%w: armored block: its checksum is wrong", ErrMalformed)
		}
		switch block.Type {
		case armoredSignature:
			out, err = onlyRevocations(out)
		case armoredMessage:
			err = noMessage(out)
		}
		return err
	})
	return out, err
}

// sumsUp says whether packets fit the checksum of the armored block that they
// were in, if it has one. The library reads over it. A letter that was changed in
// a revocation leaves one that is not by its key, and so does not count.
func sumsUp(text string, packets []byte) bool {
	for line := range strings.Lines(text) {
		sum, ok := strings.CutPrefix(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		want, err := base64.StdEncoding.DecodeString(sum)
		if err != nil || !bytes.Equal(want, crc24(packets)) {
			return false
		}
	}
	return true
}

// crc24 is the checksum of RFC 9580, 6.1.1.
func crc24(data []byte) []byte {
	const first, generator = 0xb704ce, 0x864cfb
	crc := uint32(first)
	for _, b := range data {
		crc ^= uint32(b) << 16
		for range 8 {
			over := crc&0x800000 != 0
			if crc <<= 1; over {
				crc ^= generator
			}
		}
	}
	return []byte{byte(crc >> 16), byte(crc >> 8), byte(crc)}
}

// noMessage is the error for what is armored as a message. GnuPG takes no keys
// out of that; if there are some, one may be the revocation of another.
func noMessage(packets []byte) error {
	if len(packets) > 0 && beginsWithKey(packets) {
		return fmt.Errorf("%w: keys or signatures are armored as a %s", ErrMalformed, armoredMessage)
	}
	return fmt.Errorf("%w: it is a %s", ErrNoKeys, armoredMessage)
}

// onlyRevocations are the revocations of keys among packets: such a one is a
// signature, and some programs armor it as any other.
func onlyRevocations(packets []byte) ([]byte, error) {
	list, err := split(packets)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range list {
		if r.revokesKey() {
			out = r.append(out)
		}
	}
	if out == nil {
		return nil, fmt.Errorf("%w: it is a %s", ErrNoKeys, armoredSignature)
	}
	return out, nil
}
