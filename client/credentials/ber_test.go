package credentials

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// toBER writes a PKCS#12 file as programs do that stream: no length of what is
// made of parts, each string of octets in two pieces, down to the certificates.
func toBER(t testing.TB, der []byte) []byte {
	t.Helper()
	pfx, rest, err := parseBER(der, 0)
	if err != nil || len(rest) > 0 {
		t.Fatal(err)
	}
	pfx.kids = pfx.kids[:2] // the MAC is of the bytes as they were
	return pfx.ber(t)
}

func (n *node) ber(t testing.TB) []byte {
	end := []byte{0, 0}
	if n.isData() {
		inner, _, err := parseBER(n.kids[1].kids[0].bytes, 0)
		if err != nil {
			t.Fatal(err)
		}
		n.kids[1].kids[0].bytes = inner.ber(t)
	}
	if n.tag == tagOctets || n.tag == implicit0 {
		out := []byte{n.tag | constructed, 0x80}
		for _, piece := range [][]byte{n.bytes[:len(n.bytes)/2], n.bytes[len(n.bytes)/2:]} {
			out = append(append(append(out, tagOctets), derLength(len(piece))...), piece...)
		}
		return append(out, end...)
	}
	if n.tag&constructed == 0 {
		return n.der()
	}
	out := []byte{n.tag, 0x80}
	for i := range n.kids {
		out = append(out, n.kids[i].ber(t)...)
	}
	return append(out, end...)
}

func TestStoresInBERAreRead(t *testing.T) {
	ca := issue(t, "ca", nil)
	me := issue(t, "publisher", ca)
	for name, enc := range map[string]*pkcs12.Encoder{"RC2 and 3DES": pkcs12.LegacyRC2, "AES": pkcs12.Modern} {
		der, err := enc.Encode(me.key, me.cert, []*x509.Certificate{ca.cert}, "")
		if err != nil {
			t.Fatal(err)
		}
		ber := toBER(t, der)
		if _, _, _, err := pkcs12.DecodeChain(ber, ""); err == nil {
			t.Fatalf("%s: this is no BER", name)
		}
		cert, err := clientCertificate(ber)
		if err != nil || !cert.Leaf.Equal(me.cert) || len(cert.Certificate) != 2 {
			t.Errorf("%s: %v", name, err)
		}
		opensslReads(t, ber)
	}
}

// endless makes the which-th number of rounds of a file that of a year's work,
// and says whether there was one.
func (n *node) endless(t *testing.T, which *int) bool {
	for i := range n.kids {
		k := &n.kids[i]
		if i > 0 && k.tag == tagInteger && n.kids[i-1].tag == tagOctets {
			if *which--; *which < 0 {
				k.bytes = []byte{0x7f, 0xff, 0xff, 0xff}
				return true
			}
		}
		if k.endless(t, which) {
			return true
		}
	}
	if !n.isData() {
		return false
	}
	data := &n.kids[1].kids[0]
	inner, _, err := parseBER(data.bytes, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := inner.endless(t, which)
	data.bytes = inner.der()
	return found
}

func TestStoreThatWouldTakeForEverIsRefused(t *testing.T) {
	me := issue(t, "publisher", nil)
	for name, enc := range map[string]*pkcs12.Encoder{"RC2 and 3DES": pkcs12.LegacyRC2, "AES": pkcs12.Modern} {
		der, err := enc.Encode(me.key, me.cert, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; ; at++ {
			pfx, _, err := parseBER(der, 0)
			if err != nil {
				t.Fatal(err)
			}
			if which := at; !pfx.endless(t, &which) {
				if at < 2 { // the certificates, the key, and often the MAC
					t.Errorf("%s: %d numbers of rounds", name, at)
				}
				break
			}
			for _, member := range []string{memberClientP12, memberServerP12} {
				_, err = Parse(zipped(t, "treehub.json", oauth2JSON, member, string(pfx.der())))
				if !errors.Is(err, errRounds) || !strings.Contains(err.Error(), member) {
					t.Errorf("%s, number %d of %s: %v", name, at, member, err)
				}
			}
		}
	}
}

// shrouded is the AES file of a key in which the rounds of the key's own
// encryption are those of a year's work, after change has had its way with what
// they stand in: salt, rounds and what follows.
func shrouded(t *testing.T, change func(params *node)) *node {
	t.Helper()
	me := issue(t, "publisher", nil)
	der, err := pkcs12.Modern.Encode(me.key, me.cert, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	pfx, _, err := parseBER(der, 0)
	if err != nil {
		t.Fatal(err)
	}
	pfx.kids = pfx.kids[:2] // with the empty password a file needs no MAC
	pfx.inside(t, func(safe *node) {
		safe.kids[1].inside(t, func(bags *node) {
			params := &bags.kids[0].kids[1].kids[0].kids[0].kids[1].kids[0].kids[1]
			params.kids[1].bytes = []byte{0x7f, 0xff, 0xff, 0xff}
			change(params)
		})
	})
	return &pfx
}

// inside changes what the plain data in n holds; of a PFX that is its content.
func (n *node) inside(t *testing.T, change func(*node)) {
	t.Helper()
	if !n.isData() {
		n = &n.kids[1]
	}
	data := &n.kids[1].kids[0]
	in, _, err := parseBER(data.bytes, 0)
	if err != nil {
		t.Fatal(err)
	}
	change(&in)
	data.bytes = in.der()
}

func TestRoundsThatAreHiddenTakeNoLonger(t *testing.T) {
	null := node{tag: 0x05}
	for name, pfx := range map[string]*node{
		"behind a salt of another class": shrouded(t, func(params *node) { params.kids[0].tag |= 0x80 }),
		"in data with something after it": func() *node {
			pfx := shrouded(t, func(*node) {})
			pfx.inside(t, func(safe *node) { safe.kids[1].kids = append(safe.kids[1].kids, null) })
			return pfx
		}(),
	} {
		done := make(chan error, 1)
		go func() {
			_, err := Parse(zipped(t, "treehub.json", oauth2JSON, memberClientP12, string(pfx.der())))
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: it was read", name)
			}
		case <-time.After(3 * time.Second):
			t.Errorf("%s: it takes for ever", name)
		}
	}
}

// encrypt puts what the second part of a file's content holds into its first, in
// the place of what is encrypted there.
func encrypt(t *testing.T, safe *node) {
	t.Helper()
	info := &safe.kids[0].kids[1].kids[0].kids[1]
	scheme := &info.kids[1].kids[1]
	params := scheme.kids[0].kids[1]
	key, err := pbkdf2.Key(sha256.New, "", params.kids[0].bytes, rounds(params.kids[1].bytes), 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	plain := safe.kids[1].kids[1].kids[0].bytes
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, scheme.kids[1].kids[1].bytes).CryptBlocks(plain, plain)
	info.kids[2].bytes = plain
	safe.kids = safe.kids[:1]
}

func TestRoundsThatAreEncryptedTakeNoLongerThanOneWaits(t *testing.T) {
	pfx := shrouded(t, func(*node) {})
	pfx.inside(t, func(safe *node) { encrypt(t, safe) })
	c := &Credentials{}
	err := c.readStores(members{memberClientP12: pfx.der()}, 100*time.Millisecond)
	if !errors.Is(err, errRounds) {
		t.Error(err)
	}
}

// opensslReads holds that the test's BER is what others take for it.
func opensslReads(t *testing.T, ber []byte) {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "ber.p12")
	if err := os.WriteFile(path, ber, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(openssl, "pkcs12", "-in", path, "-nodes", "-passin", "pass:", "-nomacver", "-legacy").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "CN = publisher") && !strings.Contains(string(out), "CN=publisher") {
		t.Errorf("openssl: %v: %s", err, out)
	}
}

func FuzzToDER(f *testing.F) {
	f.Add([]byte{0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01,
		0xa0, 0x80, 0x24, 0x80, 0x04, 0x02, 0x30, 0x00, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0x30, 0x06, 0x02, 0x01, 0x03, 0x24, 0x01, 0x04})
	f.Fuzz(func(t *testing.T, data []byte) {
		der, err := toDER(data)
		if err != nil {
			return
		}
		again, err := toDER(der)
		if err != nil || string(again) != string(der) {
			t.Errorf("%x became %x and that %x, %v", data, der, again, err)
		}
	})
}
