package pgp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// revocation is that of a key, by itself.
func (o *owner) revocation() raw {
	o.tb.Helper()
	c := &owner{tb: o.tb, key: o.key}
	return c.direct(packet.SigTypeKeyRevocation, now, nil, nil).block.direct[0]
}

// armored is what b is in ASCII armor, without a newline at its end.
func armored(tb testing.TB, b []byte) []byte {
	tb.Helper()
	return armoredAs(tb, "PGP PUBLIC KEY BLOCK", b)
}

func armoredAs(tb testing.TB, typ string, b []byte) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := must(armor.Encode(&buf, typ, nil))(tb)
	must(w.Write(b))(tb)
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return bytes.TrimSpace(buf.Bytes())
}

func join(list ...[]byte) []byte { return slices.Concat(list...) }

func TestRevocationCountsWhereverItStands(t *testing.T) {
	o, sub, other := newSigner(t), newSigner(t), newSigner(t)
	sub.subkey(true, nil)
	key, subKey, otherKey, nl := o.append(nil), sub.append(nil), other.append(nil), []byte("\n")
	rev, subRev := o.revocation().append(nil), sub.revocation().append(nil)
	unknown := o.revocation()
	unknown.body = bytes.Clone(unknown.body)
	unknown.body[2] = 99 // an algorithm that nobody knows
	version3 := raw{tagSignature, join([]byte{3, 5, byte(packet.SigTypeKeyRevocation), 0, 0, 0, 1}, binary.BigEndian.AppendUint64(nil, o.key.KeyId), []byte{1, 8, 0, 0, 0, 1, 1})}
	for name, c := range map[string]struct {
		of   *owner
		data [][]byte
	}{
		"behind the user id":         {o, [][]byte{join(key, rev)}},
		"behind a subkey":            {sub, [][]byte{join(subKey, subRev)}},
		"before its key":             {o, [][]byte{join(rev, key)}},
		"behind another key":         {o, [][]byte{join(key, otherKey, rev)}},
		"before any, behind another": {o, [][]byte{join(otherKey, rev, key)}},
		"armored apart":              {o, [][]byte{join(armored(t, key), nl, armored(t, rev), nl)}},
		"armored on one line":        {o, [][]byte{join(armored(t, key), armored(t, rev))}},
		"armored behind another":     {o, [][]byte{join(armored(t, key), nl, armored(t, otherKey), nl, armored(t, rev))}},
		"armored as a signature":     {o, [][]byte{join(armored(t, key), nl, armoredAs(t, armoredSignature, rev), nl)}},
		"as a signature, alone":      {o, [][]byte{key, armoredAs(t, armoredSignature, rev)}},
		"as a signature with another": {o, [][]byte{
			join(armoredAs(t, armoredSignature, join(signature(t, other.key, nil), rev)), nl, armored(t, otherKey)), key}},
		"in a file that comes later": {o, [][]byte{key, rev}},
		"in a file that comes first": {o, [][]byte{armored(t, rev), otherKey, key}},
		"by an unknown algorithm":    {o, [][]byte{unknown.append(nil), key}},
		"of version 3":               {o, [][]byte{join(key, version3.append(nil))}},
		"of version 3, apart":        {o, [][]byte{version3.append(nil), key}},
	} {
		r, late, early := &Keyring{}, &Keyring{}, &Keyring{}
		for _, b := range c.data {
			must(r.Add(b))(t)
			one := &Keyring{}
			must(one.Add(b))(t)
			late.Merge(one)
			one.Merge(early)
			early = one
		}
		written := &Keyring{}
		must(written.Add(r.Bytes()))(t)
		only := must(r.Only(now, r.Keys(now)[0].Fingerprint, r.Keys(now)[r.Len()-1].Fingerprint))(t)
		for how, r := range map[string]*Keyring{"": r, ", merged": late, ", merged backwards": early, ", written": written, ", picked": only} {
			if got := outcome(t, r, signature(t, c.of.key, nil), now); got.Status != KeyRevoked {
				t.Errorf("%s%s: it is %d, want KeyRevoked", name, how, got.Status)
			}
			if got := outcome(t, r, signature(t, other.key, nil), now); got.Status != Good && got.Status != KeyMissing {
				t.Errorf("%s%s: another key is %d", name, how, got.Status)
			}
			if strays := r.Strays(); len(strays) > 0 {
				t.Errorf("%s%s: %v is said not to be there", name, how, strays)
			}
		}
		// GnuPG and libostree look for it there.
		for _, b := range written.blocks {
			if bytes.Equal(b.primary.body, c.of.primary.body) && (len(b.direct) != 1 || !b.direct[0].revokesKey()) {
				t.Errorf("%s: it is not written behind its key", name)
			}
		}
	}
}

func TestRevocationThatCannotBeReadIsOfTheKeyItNames(t *testing.T) {
	o, other := newSigner(t), newSigner(t)
	rev := o.revocation()
	rev.body[2] = 99
	r := &Keyring{}
	must(r.Add(join(other.append(nil), rev.append(nil))))(t)
	if got := outcome(t, r, signature(t, other.key, nil), now); got.Status != Good {
		t.Errorf("another key is %d, want Good", got.Status)
	}
	must(r.Add(o.append(nil)))(t)
	if got := outcome(t, r, signature(t, o.key, nil), now); got.Status != KeyRevoked {
		t.Errorf("the key is %d, want KeyRevoked", got.Status)
	}
}

func TestRevocationWithoutItsKeyIsNamed(t *testing.T) {
	o := newSigner(t)
	r := &Keyring{}
	must(r.Add(o.revocation().append(nil)))(t)
	if got, want := r.Strays(), ring(t, o).Keys(now)[0].KeyID(); len(got) != 1 || got[0] != want {
		t.Errorf("%v, want %s", got, want)
	}
	must(r.Add(o.append(nil)))(t)
	if got := r.Strays(); len(got) > 0 {
		t.Errorf("%v, want none", got)
	}
}

func TestRevocationBehindAColonIsNotUsed(t *testing.T) {
	o := newSigner(t)
	off := join([]byte(":"), armored(t, o.revocation().append(nil)), []byte("\n"))
	r := &Keyring{}
	if _, err := r.Add(off); !errors.Is(err, ErrNoKeys) || !strings.Contains(err.Error(), "colon") {
		t.Errorf("alone: %v, want ErrNoKeys and why", err)
	}
	must(r.Add(join(armored(t, o.append(nil)), []byte("\n"), off)))(t)
	if got := outcome(t, r, signature(t, o.key, nil), now); got.Status != Good {
		t.Errorf("it is %d, want Good", got.Status)
	}
}

func TestDamagedKeysAreToldFromOtherFiles(t *testing.T) {
	o := newSigner(t)
	key := o.append(nil)
	text := armored(t, key)
	message := []byte{0xd2, 0xea, 0x01} // encrypted data of a length that shows later
	signed := func(text string) []byte {
		sig := armoredAs(t, armoredSignature, signature(t, o.key, nil))
		return join([]byte("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"+text), sig)
	}
	nameless := raw{tagSignature, []byte{4, byte(packet.SigTypeKeyRevocation), 22, 8, 0, 0, 0, 0, 0, 0}}
	for name, c := range map[string]struct {
		data   []byte
		noKeys bool
	}{
		"nothing":                        {nil, true},
		"text":                           {[]byte("no key\n"), true},
		"text beyond ASCII":              {[]byte("Ключи лежат рядом\n"), true},
		"an image":                       {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), true},
		"a trust database":               {[]byte("\x01gpg\x03\x03\x01\x05"), true},
		"a signature":                    {signature(t, o.key, nil), true},
		"an armored signature":           {armoredAs(t, armoredSignature, signature(t, o.key, nil)), true},
		"an armored signature, cut":      {armoredAs(t, armoredSignature, signature(t, o.key, nil)[:20]), false},
		"a key that is cut":              {key[:20], false},
		"a first byte":                   {key[:1], false},
		"a key and a half":               {join(key, key[:20]), false},
		"a key and armor":                {join(key, text), false},
		"armor without end":              {text[:len(text)/2], false},
		"armor without beginning":        {text[len(text)/2:], false},
		"an end, and armor":              {join(text[len(text)/2:], []byte("\n"), text), false},
		"armor in armor":                 {join(text[:len(text)/2], []byte("\n"), text), false},
		"armor and armor without end":    {join(text, []byte("\n"), text[:len(text)/2]), false},
		"armor of another type":          {bytes.ReplaceAll(text, []byte("PUBLIC"), []byte("KUBLIC")), false},
		"a revocation that names nobody": {nameless.append(nil), false},
		"a key in armor that is cut":     {armored(t, key[:20]), false},
		"a message":                      {armoredAs(t, armoredMessage, message), true},
		"a key as a message":             {armoredAs(t, armoredMessage, key), false},
		"a revocation as a message":      {armoredAs(t, armoredMessage, o.revocation().append(nil)), false},
		"a signed message":               {signed("Hello.\n"), true},
		"a key in a signed message":      {signed("- " + string(text) + "\n"), false},
	} {
		_, err := (&Keyring{}).Add(c.data)
		if !errors.Is(err, ErrMalformed) || errors.Is(err, ErrNoKeys) != c.noKeys {
			t.Errorf("%s: %v, ErrNoKeys is %v", name, err, !c.noKeys)
		}
	}
}
