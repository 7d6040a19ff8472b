package pgp

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/testkit"
)

// algorithms are those of keys that gpg makes and that may sign here.
var algorithms = []string{"rsa2048", "ed25519", "nistp256", "nistp521", "brainpoolP384r1", "dsa2048"}

// gpgKey makes a key with the real gpg and gives its fingerprint.
func gpgKey(t *testing.T, home, algorithm string, more ...string) string {
	t.Helper()
	user := "Test " + algorithm + " <" + algorithm + "@example.com>"
	testkit.GPG(t, home, nil, append(more, "--quick-generate-key", user, algorithm, "sign", "never")...)
	out := string(testkit.GPG(t, home, nil, "--with-colons", "--list-keys", algorithm+"@example.com"))
	_, rest, ok := strings.Cut(out, "\nfpr:::::::::")
	fingerprint, _, _ := strings.Cut(rest, ":")
	if !ok || fingerprint == "" {
		t.Fatalf("no fingerprint in %s", out)
	}
	return fingerprint
}

func TestGPGAndWeVerifyEachOther(t *testing.T) {
	home := testkit.GPGHome(t)
	old := t.TempDir() // a home as GnuPG 1 had it, and as --export writes one
	var fingerprints []string
	for _, a := range algorithms {
		fingerprints = append(fingerprints, gpgKey(t, home, a))
	}
	write(t, filepath.Join(old, "pubring.gpg"), testkit.GPG(t, home, nil, "--export"))
	write(t, filepath.Join(old, "secring.gpg"), testkit.GPG(t, home, nil, "--export-secret-keys"))
	at := clock.System().Add(time.Second) // gpg's clock is the machine's
	ring := must(Home(old).Public())(t)
	if kbx := must(Home(home).Public())(t); kbx.Len() != len(algorithms) || string(kbx.Bytes()) == "" {
		t.Errorf("%d keys in the keybox, want %d", kbx.Len(), len(algorithms))
	}
	for i, a := range algorithms {
		id := fingerprints[i][len(fingerprints[i])-16:]
		t.Run(a, func(t *testing.T) {
			theirs := testkit.GPG(t, home, data, "--local-user", id, "--detach-sign", "--output", "-")
			if got := outcome(t, ring, theirs, at); got.Status != Good || got.Key != fingerprints[i] {
				t.Errorf("what gpg signed is %+v", got)
			}
			byProgram := must(Program{Home: Home(home), ID: id}.Sign(context.Background(), data))(t)
			if got := outcome(t, ring, byProgram, at); got.Status != Good || got.Key != fingerprints[i] {
				t.Errorf("what the program signed is %+v", got)
			}
			ours := must(must(Home(old).Signer(id, at))(t).Sign(data))(t)
			if got := outcome(t, ring, ours, at); got.Status != Good || got.Key != fingerprints[i] {
				t.Errorf("what we signed is %+v", got)
			}
			sig, file := filepath.Join(t.TempDir(), "sig"), filepath.Join(t.TempDir(), "data")
			write(t, sig, ours)
			write(t, file, data)
			testkit.GPG(t, home, nil, "--faked-system-time", at.Add(time.Hour).UTC().Format("20060102T150405"), "--verify", sig, file)
		})
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatGPGSaysOfAKeyWeSay(t *testing.T) {
	home := testkit.GPGHome(t)
	// What gpg says it is runs on: a key must not be from after its signature.
	long, later := "--faked-system-time=20200101T000000", "--faked-system-time=20200101T010000"
	at := time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC)
	fingerprint := gpgKey(t, home, "ed25519", long)
	sign := func(args ...string) []byte {
		return testkit.GPG(t, home, data, append(append([]string{later}, args...), "--detach-sign", "--output", "-")...)
	}
	status := func(sig []byte) Status {
		t.Helper()
		r := &Keyring{}
		must(r.Add(testkit.GPG(t, home, nil, "--export")))(t)
		return outcome(t, r, sig, at).Status
	}
	sig := sign()
	if got := status(sig); got != Good {
		t.Errorf("good signature is %d", got)
	}
	if got := status(sign("--default-sig-expire=1d")); got != SignatureExpired {
		t.Errorf("expired signature is %d", got)
	}
	rsa := gpgKey(t, home, "rsa2048", long)
	if got := status(sign("--local-user", rsa, "--digest-algo=SHA1")); got != Refused {
		t.Errorf("signature over SHA-1 is %d", got)
	}
	testkit.GPG(t, home, nil, later, "--quick-set-expire", fingerprint, "2020-01-03")
	if got := status(sig); got != KeyExpired {
		t.Errorf("signature by an expired key is %d", got)
	}
	testkit.GPG(t, home, nil, "--faked-system-time=20200102T000000", "--quick-set-expire", fingerprint, "never")
	if got := status(sig); got != Good {
		t.Errorf("signature by a key whose end was moved is %d", got)
	}
	cert := must(os.ReadFile(filepath.Join(home, "openpgp-revocs.d", fingerprint+".rev")))(t)
	testkit.GPG(t, home, []byte(strings.Replace(string(cert), ":-----BEGIN", "-----BEGIN", 1)), "--import")
	if got := status(sig); got != KeyRevoked {
		t.Errorf("signature by a revoked key is %d", got)
	}
}

func TestProgramSignsBinaryDataWhateverItsConfigSays(t *testing.T) {
	home := testkit.GPGHome(t)
	fingerprint := gpgKey(t, home, "ed25519")
	write(t, filepath.Join(home, "gpg.conf"), []byte("armor\ntextmode\n"))
	sig := must(Program{Home: Home(home), ID: fingerprint}.Sign(t.Context(), data))(t)
	if got := outcome(t, must(Home(home).Public())(t), sig, clock.System().Add(time.Second)); got.Status != Good {
		t.Errorf("it is %+v", got)
	}
}

func TestProgramThatFailsSaysWhy(t *testing.T) {
	home := testkit.GPGHome(t)
	_, err := Program{Home: Home(home), ID: "0123456789ABCDEF"}.Sign(t.Context(), data)
	if err == nil || !strings.Contains(err.Error(), "No secret key") {
		t.Errorf("err = %v", err)
	}
	if _, err := (Program{Path: "no-such-gpg", ID: "0123456789ABCDEF"}).Sign(t.Context(), data); err == nil {
		t.Error("a program that is not there signed")
	}
	if _, err := (Program{ID: ""}).Sign(t.Context(), data); err == nil {
		t.Error("no key signed")
	}
}

func TestSecretKeyBehindAPassphraseIsLeftToGPG(t *testing.T) {
	home := testkit.GPGHome(t)
	testkit.GPG(t, home, nil, "--passphrase=secret", "--quick-generate-key", "x <x@example.com>", "ed25519", "sign", "never")
	old := t.TempDir()
	write(t, filepath.Join(old, "pubring.gpg"), testkit.GPG(t, home, nil, "--export"))
	write(t, filepath.Join(old, "secring.gpg"), testkit.GPG(t, home, nil, "--passphrase=secret", "--export-secret-keys"))
	if _, err := Home(old).Signer("x@example.com", clock.System().Add(time.Second)); !errors.Is(err, ErrNoSecret) {
		t.Errorf("err = %v, want ErrNoSecret", err)
	}
}

func TestChildThatGPGLeavesBehindHoldsNothingUp(t *testing.T) {
	o := newSigner(t)
	want := must(split(signature(t, o.key, nil)))(t)[0].append(nil)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "sig"), want)
	for name, c := range map[string]struct {
		script string
		good   bool
	}{
		"it has signed":   {"cat >/dev/null; cat " + dir + "/sig; sleep 30 &", true},
		"it has failed":   {"sleep 30 & exit 2", false},
		"it said nothing": {"sleep 30 &", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "gpg")
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got, err := Program{Path: path, ID: "0123456789ABCDEF"}.Sign(ctx, data)
			if ctx.Err() != nil || (err == nil) != c.good || c.good && !bytes.Equal(got, want) {
				t.Errorf("%x, %v, want a signature: %v", got, err, c.good)
			}
		})
	}
}

func TestDamagedRevocationIsRefusedAsByGPG(t *testing.T) {
	home := testkit.GPGHome(t)
	fingerprint := gpgKey(t, home, "ed25519")
	file := string(must(os.ReadFile(filepath.Join(home, "openpgp-revocs.d", fingerprint+".rev")))(t))
	_, cert, _ := strings.Cut(file, armorOff+armorBegin)
	cert = armorBegin + cert
	sum := strings.LastIndex(cert, "\n=")
	for name, damaged := range map[string]string{
		"a letter of it": cert[:sum-8] + "////" + cert[sum-4:],
		"its checksum":   cert[:sum] + "\n=AAAA\n" + cert[sum+7:],
	} {
		if _, err := (&Keyring{}).Add([]byte(damaged)); !errors.Is(err, ErrMalformed) || errors.Is(err, ErrNoKeys) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := testkit.TryGPG(home, []byte(damaged), "--import"); err == nil {
			t.Errorf("%s: gpg takes it", name)
		}
	}
	must((&Keyring{}).Add([]byte(cert)))(t)
	must((&Keyring{}).Add([]byte(cert[:sum] + cert[sum+6:])))(t) // a checksum need not be there
}

func TestRevocationThatGPGFindsInAFileWeFind(t *testing.T) {
	home := testkit.GPGHome(t)
	fingerprint := gpgKey(t, home, "ed25519")
	sig := testkit.GPG(t, home, data, "--detach-sign", "--output", "-")
	at := clock.System().Add(time.Second)
	key, text := testkit.GPG(t, home, nil, "--export"), testkit.GPG(t, home, nil, "--armor", "--export")
	off := must(os.ReadFile(filepath.Join(home, "openpgp-revocs.d", fingerprint+".rev")))(t)
	cert := bytes.Replace(off, []byte(":-----BEGIN"), []byte("-----BEGIN"), 1)
	rev := testkit.GPG(t, home, cert, "--dearmor")
	for name, c := range map[string]struct {
		file []byte
		want Status
	}{
		"armored":                 {join(text, cert), KeyRevoked},
		"binary":                  {join(key, rev), KeyRevoked},
		"armored, behind a colon": {join(text, off), Good},
	} {
		r, there := &Keyring{}, testkit.GPGHome(t)
		must(r.Add(c.file))(t)
		if got := outcome(t, r, sig, at); got.Status != c.want {
			t.Errorf("%s: it is %d, want %d", name, got.Status, c.want)
		}
		for who, keys := range map[string][]byte{"what is read": c.file, "what we write": r.Bytes()} {
			testkit.GPG(t, there, keys, "--import")
			out := string(testkit.GPG(t, there, nil, "--with-colons", "--list-keys"))
			if revoked := strings.Contains(out, "\npub:r:"); revoked != (c.want == KeyRevoked) {
				t.Errorf("%s: gpg says of %s: %s", name, who, out)
			}
		}
	}
}
