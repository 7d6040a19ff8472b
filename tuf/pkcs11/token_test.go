package pkcs11

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

const (
	softhsm = "/usr/lib/softhsm/libsofthsm2.so"
	goodPIN = "48151623"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newToken makes a token of SoftHSM, labelled "release", in a folder of its own.
func newToken(t *testing.T) {
	t.Helper()
	for _, program := range []string{"softhsm2-util", "pkcs11-tool"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: make packages", program)
		}
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "softhsm2.conf")
	check(t, os.WriteFile(conf, []byte("directories.tokendir = "+dir+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600))
	t.Setenv("SOFTHSM2_CONF", conf)
	run(t, "softhsm2-util", "--init-token", "--free", "--label", "release", "--pin", goodPIN, "--so-pin", "5678")
}

// newKey makes a key in the token.
func newKey(t *testing.T, kind, id, label string) {
	t.Helper()
	run(t, "pkcs11-tool", "--module", softhsm, "--token-label", "release", "--login", "--pin", goodPIN,
		"--keypairgen", "--key-type", kind, "--id", id, "--label", label)
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

func uri(t *testing.T, attributes string) *URI {
	t.Helper()
	u, err := ParseURI("pkcs11:" + attributes + "?module-path=" + softhsm)
	check(t, err)
	return u
}

func givePIN(pin string) AskPIN { return func(string) (string, error) { return pin, nil } }

// both runs a test with each way to speak to a token that this build has.
func both(t *testing.T, test func(t *testing.T, d driver)) {
	for name, d := range drivers() {
		t.Run(name, func(t *testing.T) { test(t, d) })
	}
}

func TestATokenSignsAsMetadataWantsIt(t *testing.T) {
	newToken(t)
	newKey(t, "rsa:2048", "01", "rsa")
	newKey(t, "EC:edwards25519", "02", "ed")
	both(t, func(t *testing.T, d driver) {
		for label, kind := range map[string]tuf.KeyType{"rsa": tuf.RSA, "ed": tuf.ED25519} {
			k, err := open(t.Context(), d, uri(t, "token=release;object="+label), givePIN(goodPIN))
			if err != nil || k.Public().Type != kind {
				t.Fatalf("%s: %v, %v", label, k, err)
			}
			r := tuftest.New(t)
			r.Root.AddKey(tuf.RoleTargets, k.Public())
			s, err := r.Root.WithRootID(tuf.RoleTargets, k)
			check(t, err)
			file, err := tuf.Sign(map[string]any{"a": "short"}, s)
			check(t, err)
			check(t, r.Root.Verify(tuf.RoleTargets, file))
		}
	})
}

// A root is longer than what pkcs11-tool hands over in one piece.
func TestALongDocumentIsSignedOrTheReasonIsSaid(t *testing.T) {
	newToken(t)
	newKey(t, "rsa:2048", "01", "rsa")
	newKey(t, "EC:edwards25519", "02", "ed")
	both(t, func(t *testing.T, d driver) {
		for _, length := range []int{oneShot, oneShot + 1, 100_000} {
			msg := []byte(strings.Repeat("x", length))
			for _, label := range []string{"rsa", "ed"} {
				k, err := open(t.Context(), d, uri(t, "object="+label), givePIN(goodPIN))
				check(t, err)
				_, err = k.Sign(msg)
				if _, isTool := d.(tool); isTool && label == "ed" && length > oneShot {
					if !errors.Is(err, ErrInParts) || fail.ClassOf(err) != fail.Unsupported || fail.HintOf(err) == "" {
						t.Errorf("%s, %d bytes: %v", label, length, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s, %d bytes: %v", label, length, err)
				}
			}
		}
	})
}

func TestAWrongPINIsTriedOnceAndNeverShown(t *testing.T) {
	newToken(t)
	newKey(t, "rsa:2048", "01", "rsa")
	both(t, func(t *testing.T, d driver) {
		asked := 0
		k, err := open(t.Context(), d, uri(t, "token=release"), func(token string) (string, error) {
			asked++
			if token != "release" {
				t.Errorf("asked for the PIN of %q", token)
			}
			return "99999999", nil
		})
		if !errors.Is(err, ErrPIN) || fail.ClassOf(err) != fail.Auth || asked != 1 || strings.Contains(err.Error(), "99999999") {
			t.Errorf("%v, %v; asked %d times", k, err, asked)
		}
		k, err = open(t.Context(), d, uri(t, "token=release"), givePIN(goodPIN))
		check(t, err)
		for _, format := range []string{"%v", "%+v", "%#v"} {
			if shown := fmt.Sprintf(format, k); strings.Contains(shown, goodPIN) {
				t.Errorf("%s shows the PIN", format)
			}
		}
		if strings.Contains(k.LogValue().String(), goodPIN) {
			t.Error("a log shows the PIN")
		}
	})
}

func TestExactlyOneKeyHasToFit(t *testing.T) {
	newToken(t)
	newKey(t, "rsa:2048", "01", "same")
	newKey(t, "EC:edwards25519", "02", "same")
	newKey(t, "rsa:1024", "03", "weak")
	newKey(t, "rsa:2048", "0405", "twin")
	newKey(t, "rsa:2048", "0405", "twin of it")
	both(t, func(t *testing.T, d driver) {
		for _, c := range []struct {
			attributes string
			want       fail.Class
			says       string
		}{
			{"token=release;object=same;id=%01", fail.Unknown, ""},
			{"id=%02;type=private;manufacturer=SoftHSM%20project;model=SoftHSM%20v2", fail.Unknown, ""},
			{"token=release;object=same", fail.Conflict, "2 keys"},
			{"object=twin", fail.Conflict, "no id that is its own"},
			{"object=weak", fail.Verification, "1024 bits"},
			{"object=none", fail.NotFound, `"weak" (id 03)`},
			{"token=other;object=same", fail.NotFound, `"release"`},
			{"serial=0;object=same", fail.NotFound, "no such token"},
		} {
			k, err := open(t.Context(), d, uri(t, c.attributes), givePIN(goodPIN))
			if c.want == fail.Unknown {
				if err != nil {
					t.Errorf("%s: %v", c.attributes, err)
				}
				continue
			}
			if err == nil || fail.ClassOf(err) != c.want || !strings.Contains(err.Error(), c.says) || fail.HintOf(err) == "" {
				t.Errorf("%s: %v, %v (class %v)", c.attributes, k, err, fail.ClassOf(err))
			}
		}
	})
}

func TestAnEmptyTokenAndNoTokenAreToldApart(t *testing.T) {
	newToken(t)
	both(t, func(t *testing.T, d driver) {
		if _, err := open(t.Context(), d, uri(t, "token=release"), givePIN(goodPIN)); fail.ClassOf(err) != fail.NotFound || !strings.Contains(err.Error(), "key is in the token") {
			t.Error(err)
		}
		nowhere, err := ParseURI("pkcs11:token=release?module-path=/nowhere/lib.so")
		check(t, err)
		if _, err := open(t.Context(), d, nowhere, givePIN(goodPIN)); fail.ClassOf(err) != fail.NotFound || fail.HintOf(err) == "" {
			t.Error(err)
		}
	})
}

// fake is a pkcs11-tool that does what a shell script says. The script finds
// its arguments in the file $LOG as well.
func fake(t *testing.T, script string) (d tool, log string) {
	t.Helper()
	dir := t.TempDir()
	program, log := filepath.Join(dir, "pkcs11-tool"), filepath.Join(dir, "log")
	text := "#!/bin/sh\nprintf '%s\\n' \"$@\" >>" + log + "\nenv | grep -a OTACTL >>" + log + ".env\n" + script + "\n"
	check(t, os.WriteFile(program, []byte(text), 0o700))
	return tool{program: program}, log
}

// honest answers as the real tool does for one RSA key, but for its signatures.
func honest(t *testing.T, sign string) string {
	t.Helper()
	key := filepath.Join(t.TempDir(), "pub.pem")
	check(t, os.WriteFile(key, []byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA6MBy7oDFTBYKVQVQeQTtxCyjUCtbHc8789PZuF0Wiok=\n-----END PUBLIC KEY-----\n"), 0o600))
	return `case "$*" in
*list-token-slots*) printf 'Available slots:\nSlot 0 (0x7): x\n  token label        : release\n' ;;
*list-objects*) printf 'Private Key Object; EC_EDWARDS\n  label:      a\n  ID:         01\n' ;;
*read-object*) cat ` + key + ` ;;
*) ` + sign + ` ;;
esac`
}

func TestThePINIsInNoArgument(t *testing.T) {
	t.Setenv("OTACTL_TOKEN", "token-of-the-backend")
	d, log := fake(t, honest(t, "head -c 64 /dev/zero"))
	k, err := open(t.Context(), d, uri(t, "object=a"), givePIN(goodPIN))
	check(t, err)
	if _, err := k.Sign([]byte("x")); !errors.Is(err, tuf.ErrSignature) {
		t.Errorf("a signature that is none was returned: %v", err)
	}
	args, err := os.ReadFile(log)
	check(t, err)
	env, err := os.ReadFile(log + ".env")
	check(t, err)
	if strings.Contains(string(args), goodPIN) || !strings.Contains(string(args), "env:"+pinVariable) {
		t.Errorf("arguments:\n%s", args)
	}
	if !strings.Contains(string(env), pinVariable+"="+goodPIN) || strings.Contains(string(env), "token-of-the-backend") {
		t.Errorf("environment:\n%s", env)
	}
}

func TestAToolThatMisbehavesIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   func(error) bool
	}{
		"no end to its answer": {"head -c 3000000 /dev/zero", func(err error) bool { _, ok := errors.AsType[*fsx.TooLargeError](err); return ok }},
		"fails":                {"echo 'error: PKCS11 function C_Login failed: rv = CKR_PIN_LOCKED (0xa4)' >&2; exit 1", func(err error) bool { return errors.Is(err, ErrLocked) }},
		"fails in silence":     {"exit 3", func(err error) bool { return strings.Contains(err.Error(), "exit status 3") }},
		"no such mechanism":    {"echo 'error: PKCS11 function C_SignInit failed: rv = CKR_MECHANISM_INVALID (0x70)' >&2; exit 1", func(err error) bool { return fail.ClassOf(err) == fail.Unsupported }},
		"token pulled out":     {"echo 'error: PKCS11 function C_Sign failed: rv = CKR_DEVICE_REMOVED (0x32)' >&2; exit 1", func(err error) bool { return fail.ClassOf(err) == fail.NotFound }},
		"an empty answer":      {"true", func(err error) bool { return errors.Is(err, tuf.ErrSignature) }},
	} {
		d, _ := fake(t, honest(t, c.script))
		k, err := open(t.Context(), d, uri(t, "object=a"), givePIN(goodPIN))
		check(t, err)
		if _, err := k.Sign([]byte("x")); err == nil || !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := open(t.Context(), tool{program: "no-such-program"}, uri(t, "object=a"), givePIN(goodPIN)); fail.ClassOf(err) != fail.Unsupported || !strings.Contains(fail.HintOf(err), "opensc") {
		t.Errorf("not installed: %v", err)
	}
}

func TestAToolThatHangsIsLetGo(t *testing.T) {
	d, _ := fake(t, "sleep 86400")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := open(ctx, d, uri(t, "object=a"), givePIN(goodPIN)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
