package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

const phrase = "correct horse battery"

func give(phrase string) Ask { return func(string) (string, error) { return phrase, nil } }

// cheap seals data with little work, so that tests can do it often.
func cheap(t testing.TB, data []byte, armored bool) []byte {
	t.Helper()
	to, err := age.NewScryptRecipient(phrase)
	check(t, err)
	to.SetWorkFactor(2)
	var out bytes.Buffer
	var w io.WriteCloser = nopCloser{&out}
	if armored {
		w = armor.NewWriter(&out)
	}
	enc, err := age.Encrypt(w, to)
	check(t, err)
	_, err = enc.Write(data)
	check(t, errors.Join(err, enc.Close(), w.Close()))
	return out.Bytes()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func plainArchive(t testing.TB, k *tuf.PrivateKey) []byte {
	t.Helper()
	f := New("", "")
	check(t, f.Add(tuf.RoleTargets, k))
	data, err := f.entries.bytes()
	check(t, err)
	return data
}

// This one pays for the real work factor, on purpose.
func TestANewArchiveOpensWithItsPassphraseAlone(t *testing.T) {
	r := tuftest.New(t)
	file := filepath.Join(t.TempDir(), "keys.age")
	f := New(file, phrase)
	check(t, f.Add(tuf.RoleTargets, r.Keys[tuf.RoleTargets][0]))
	check(t, f.Save())
	data, err := os.ReadFile(file)
	check(t, err)
	if st, err := os.Stat(file); err != nil || st.Mode() != 0o600 || !isArmored(data) || bytes.Contains(data, []byte("tufrepo")) {
		t.Errorf("mode %v, %v: %.40s", st.Mode(), err, data)
	}
	again, err := Open(file, give(phrase))
	check(t, err)
	if _, err := again.Signer(r.Root, tuf.RoleTargets); err != nil || again.Form != Sealed || again.Exposed {
		t.Errorf("%v: %v", again, err)
	}
	_, err = Open(file, give("something else"))
	if !errors.Is(err, ErrPassphrase) || fail.ClassOf(err) != fail.Auth || !strings.Contains(err.Error(), file) || fail.HintOf(err) == "" {
		t.Errorf("a wrong passphrase: %v", err)
	}
}

func TestBothFormsOfAgeAreRead(t *testing.T) {
	for _, armored := range []bool{false, true} {
		file := onDisk(t, cheap(t, plainArchive(t, seeded(t, 1)), armored))
		f, err := Open(file, give(phrase))
		if err != nil || len(f.Keys) != 1 || f.Form != Sealed {
			t.Errorf("armored %v: %v, %v", armored, f, err)
		}
		if _, err := Open(file, give("wrong")); !errors.Is(err, ErrPassphrase) {
			t.Errorf("armored %v, wrong passphrase: %v", armored, err)
		}
		if _, err := Open(file, give("")); !errors.Is(err, ErrPassphrase) {
			t.Errorf("armored %v, no passphrase: %v", armored, err)
		}
	}
}

// withWork is a file that demands 2^work steps of whoever tries a passphrase.
func withWork(t testing.TB, work string) []byte {
	t.Helper()
	good := cheap(t, []byte("x"), false)
	return bytes.Replace(good, []byte(" 2\n"), []byte(" "+work+"\n"), 1)
}

func TestAHostileWorkFactorCostsNothing(t *testing.T) {
	for _, work := range []string{"21", "30", "64", "999999999999999999999", "-1", "0", "x"} {
		_, err := Open(onDisk(t, withWork(t, work)), noAsk(t))
		if !errors.Is(err, tuf.ErrTooLarge) && !errors.Is(err, tuf.ErrMalformed) {
			t.Errorf("work factor %s: %v", work, err)
		}
	}
}

func TestWorkUpToTheLimitIsDone(t *testing.T) {
	data := cheap(t, []byte("keys"), false) // 2^2 steps
	ask := func() (string, error) { return phrase, nil }
	if out, _, err := unseal(data, ask, 2); err != nil || string(out) != "keys" {
		t.Errorf("%q, %v", out, err)
	}
	if _, _, err := unseal(data, ask, 1); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("one step too many: %v", err)
	}
}

func TestAPassphraseIsChangedAndRemoved(t *testing.T) {
	file := onDisk(t, cheap(t, plainArchive(t, seeded(t, 1)), true))
	f, err := Open(file, give(phrase))
	check(t, err)
	check(t, f.SetPassphrase(""))
	check(t, f.Save())
	if f, err = Open(file, noAsk(t)); err != nil || f.Form != Plain || len(f.Keys) != 1 {
		t.Fatalf("%v, %v", f, err)
	}
	check(t, f.SetPassphrase("another phrase"))
	check(t, f.Save())
	if f.Form != Sealed || !isSealed(read(t, file)) {
		t.Errorf("%v, %.30s", f, read(t, file))
	}
}

func TestADamagedSealIsRefused(t *testing.T) {
	good := cheap(t, plainArchive(t, seeded(t, 1)), false)
	other, err := age.GenerateX25519Identity()
	check(t, err)
	var toKey bytes.Buffer
	w, err := age.Encrypt(&toKey, other.Recipient())
	check(t, err)
	check(t, w.Close())
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	armored := cheap(t, plainArchive(t, seeded(t, 1)), true)
	cases := map[string][]byte{
		"cut in the header":    good[:40],
		"cut in the archive":   good[:len(good)-5],
		"a bit flipped":        flipped,
		"bytes after it":       append(bytes.Clone(good), 'x'),
		"cut armor":            armored[:len(armored)-30],
		"text after armor":     append(bytes.Clone(armored), "x\n"...),
		"for a key":            toKey.Bytes(),
		"sealed twice":         cheap(t, good, false),
		"no archive in it":     cheap(t, []byte("hello"), false),
		"a single key in it":   cheap(t, []byte(text(t, seeded(t, 1))), false),
		"more than an archive": cheap(t, make([]byte, 2<<20), false),
	}
	for name, data := range cases {
		if f, err := Open(onDisk(t, data), give(phrase)); err == nil || fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func TestPrintingAFileShowsNoSecret(t *testing.T) {
	f, err := Open(onDisk(t, cheap(t, plainArchive(t, seeded(t, 1)), true)), give(phrase))
	check(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if shown := fmt.Sprintf(format, f); strings.Contains(shown, phrase) || strings.Contains(shown, "private") {
			t.Errorf("%s: %s", format, shown)
		}
	}
	if strings.Contains(f.LogValue().String(), phrase) {
		t.Error("a log shows the passphrase")
	}
}

func TestTheFailureToAskIsWhatIsReported(t *testing.T) {
	nobody := errors.New("nobody to ask")
	_, err := Open(onDisk(t, cheap(t, nil, false)), func(string) (string, error) { return "", nobody })
	if !errors.Is(err, nobody) {
		t.Error(err)
	}
}
