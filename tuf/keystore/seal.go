package keystore

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// ErrPassphrase says that a passphrase does not open a file.
var ErrPassphrase = fail.New(fail.Auth, "give the passphrase that the archive was made with; without it the keys cannot be had", "wrong passphrase")

// ageIntro begins every age file that is not armored.
const ageIntro = "age-encryption.org/v1\n"

func isArmored(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte(armor.Header))
}

// isSealed says whether data claims to be an age file.
func isSealed(data []byte) bool {
	return isArmored(data) || bytes.HasPrefix(data, []byte(ageIntro))
}

// seal encrypts data for whoever knows passphrase, as text.
func seal(data []byte, passphrase string) ([]byte, error) {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	text := armor.NewWriter(&out)
	w, err := age.Encrypt(text, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), text.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unseal decrypts data, armored or not, and returns the passphrase that did it.
// It asks only once it knows that a passphrase is what is wanted, and that
// trying one costs at most 2^maxWork steps.
func unseal(data []byte, ask func() (string, error), maxWork int) ([]byte, string, error) {
	var from io.Reader = bytes.NewReader(data)
	if isArmored(data) {
		from = armor.NewReader(from)
	}
	k := &keyhole{ask: ask, maxWork: maxWork}
	r, err := age.Decrypt(from, k)
	switch {
	case k.err != nil:
		return nil, "", k.err
	case err != nil:
		return nil, "", damaged(err)
	}
	out, err := fsx.ReadAll(r, "archive", limits.KeyArchive)
	if err != nil {
		return nil, "", damaged(err)
	}
	return out, k.passphrase, nil
}

func damaged(err error) error {
	return &tuf.Error{Kind: tuf.ErrMalformed, Why: "the encrypted archive is damaged: " + err.Error()}
}

// keyhole is an age.Identity that looks at who a file is for before it asks
// for the passphrase.
type keyhole struct {
	ask     func() (string, error)
	maxWork int

	passphrase string
	err        error // ours, which age would wrap in its own words
}

// Unwrap implements age.Identity.
func (k *keyhole) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	key, err := k.unwrap(stanzas)
	k.err = err
	return key, err
}

func (k *keyhole) unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" || len(stanzas[0].Args) != 2 {
		return nil, fail.As(&tuf.Error{Kind: tuf.ErrMalformed, Why: "it is not encrypted with a passphrase alone"}, fail.Verification,
			"decrypt it with age, and give the archive a passphrase with otactl keys passphrase")
	}
	if work, err := strconv.Atoi(stanzas[0].Args[1]); err != nil || work < 1 || work > k.maxWork {
		return nil, &tuf.Error{Kind: tuf.ErrTooLarge, Why: "to try a passphrase takes 2^" + strings.ToValidUTF8(stanzas[0].Args[1], "?") +
			" steps, and at most 2^" + strconv.Itoa(k.maxWork) + " are made"}
	}
	passphrase, err := k.ask()
	if err != nil {
		return nil, err
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, ErrPassphrase // an empty one
	}
	id.SetMaxWorkFactor(k.maxWork)
	key, err := id.Unwrap(stanzas)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, damaged(err)
	}
	k.passphrase = passphrase
	return key, nil
}
