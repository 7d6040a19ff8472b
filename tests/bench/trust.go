package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// trust does what the claims about TUF measure, in a process of its own.
//
//	bench trust make DIR TARGETS     make a repository with 100 roots
//	bench trust verify DIR           refresh from it, from the first root on
//	bench trust add DIR              add a target, and sign targets, snapshot and timestamp
//	bench trust limit DIR            read, decode, hash and check signatures, and keep no rule
func trust(ctx context.Context, args []string) error {
	usage := errors.New("usage: bench trust make|verify|add|limit DIR [TARGETS]")
	if len(args) < 2 {
		return usage
	}
	dir := args[1]
	switch args[0] {
	case "make":
		if len(args) != 3 {
			return usage
		}
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return makeTrust(dir, n)
	case "verify":
		return verifyTrust(ctx, dir)
	case "add":
		return addTarget(dir)
	case "limit":
		return limitTrust(dir)
	}
	return usage
}

// trustKeys are the keys of all roles, kept beside the metadata.
type trustKeys map[tuf.Role]*tuf.PrivateKey

func makeTrust(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	keys := trustKeys{}
	root := tuf.NewRoot(1, trustExpiry(), tuf.Changelog{})
	for _, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		k, err := tuf.GenerateKey(tuf.ED25519)
		if err != nil {
			return err
		}
		keys[role] = k
		root.AddKey(role, k.Public())
		secret, err := json.Marshal(k)
		if err != nil {
			return err
		}
		if err := fsx.WriteFile(filepath.Join(dir, string(role)+".sec"), secret, 0o600); err != nil {
			return err
		}
	}
	for root.Version = 1; root.Version <= 100; root.Version++ {
		file, err := tuf.Sign(root, keys[tuf.RoleRoot])
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, tuf.RootName(root.Version)), file, 0o600); err != nil {
			return err
		}
	}
	targets := map[string]tuf.Target{}
	for i := range n {
		targets[fmt.Sprintf("intel-corei7-64-lmp-%d", i)] = trustTarget(i)
	}
	file, err := tuf.Sign(tuf.NewTargets(1, trustExpiry(), targets), keys[tuf.RoleTargets])
	if err != nil {
		return err
	}
	return vouch(dir, keys, 1, file)
}

func trustExpiry() time.Time { return time.Now().AddDate(1, 0, 0) }

// trustTarget is one of 418 bytes, name included, as a factory builds them:
// 20,000 make 8 MiB, which is all that a device reads.
func trustTarget(i int) tuf.Target {
	commit := sha256.Sum256([]byte(strconv.Itoa(i)))
	custom := fmt.Sprintf(`{"arch":"x86_64","createdAt":"2026-01-01T00:00:00Z","hardwareIds":["intel-corei7-64"],"name":"intel-corei7-64-lmp",`+
		`"tags":["main"],"targetFormat":"OSTREE","updatedAt":"2026-01-01T00:00:00Z","uri":"https://ci.example.com/projects/lmp/build/%05d/intel-corei7-64/","version":"%05d"}`, i, i)
	return tuf.Target{Hashes: map[string]string{"sha256": fmt.Sprintf("%x", commit)}, Custom: json.RawMessage(custom)}
}

// vouch signs snapshot and timestamp over a targets.json, and stores all three.
func vouch(dir string, keys trustKeys, version int, targets []byte) error {
	s, err := tuf.NewSnapshot(version, trustExpiry(), targets)
	if err != nil {
		return err
	}
	snapshot, err := tuf.Sign(s, keys[tuf.RoleSnapshot])
	if err != nil {
		return err
	}
	t, err := tuf.NewTimestamp(version, trustExpiry(), snapshot)
	if err != nil {
		return err
	}
	timestamp, err := tuf.Sign(t, keys[tuf.RoleTimestamp])
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, tuf.TargetsFile), targets, 0o600),
		os.WriteFile(filepath.Join(dir, tuf.SnapshotFile), snapshot, 0o600), os.WriteFile(filepath.Join(dir, tuf.TimestampFile), timestamp, 0o600))
}

func verifyTrust(ctx context.Context, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	trust, err := tuf.Refresh(ctx, tuf.DirFetcher{Root: root}, nil, tuf.RefreshOptions{Now: time.Now(), FirstUse: true})
	if err != nil {
		return err
	}
	fmt.Println(trust.Root().Version, len(trust.Targets().Targets))
	return nil
}

// addTarget takes one target out again, so that 20,000 stay within the cap.
func addTarget(dir string) error {
	keys := trustKeys{}
	for _, role := range []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		secret, err := os.ReadFile(filepath.Join(dir, string(role)+".sec"))
		if err != nil {
			return err
		}
		if keys[role], err = tuf.ParsePrivateKey(secret); err != nil {
			return err
		}
	}
	file, err := fsx.ReadFile(filepath.Join(dir, tuf.TargetsFile), limits.Targets)
	if err != nil {
		return err
	}
	d, err := tuf.DraftTargets(file)
	if err != nil {
		return err
	}
	if err := d.Set("new", d.Entry("intel-corei7-64-lmp-0")); err != nil {
		return err
	}
	d.Remove("intel-corei7-64-lmp-0")
	out := filepath.Join(dir, "added")
	if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	targets, err := d.Sign(2, trustExpiry(), keys[tuf.RoleTargets])
	if err != nil {
		return err
	}
	return vouch(out, keys, 2, targets)
}

// limitTrust reads each file once into Go values, hashes it, and checks one
// signature of each: what no verifier in Go can do without.
func limitTrust(dir string) error {
	names := []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile}
	for v := range 100 {
		names = append(names, tuf.RootName(v+1))
	}
	for _, name := range names {
		if err := limitFile(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func limitFile(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var doc struct {
		Signatures []tuf.Signature
		Signed     json.RawMessage
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	var signed map[string]any
	if err := json.Unmarshal(doc.Signed, &signed); err != nil {
		return err
	}
	sha256.Sum256(data)
	role := tuf.Role(strings.ToLower(fmt.Sprint(signed["_type"])))
	secret, err := os.ReadFile(filepath.Join(filepath.Dir(path), string(role)+".sec"))
	if err != nil {
		return err
	}
	k, err := tuf.ParsePrivateKey(secret)
	if err != nil {
		return err
	}
	return k.Public().Verify(doc.Signed, doc.Signatures[0])
}
