package plumbing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/sign/pgp"
	"github.com/otactl/otactl/ostree/summary"
	"github.com/otactl/otactl/ostree/variant"
)

// summaryView is a summary as a person reads it.
type summaryView struct {
	s          *summary.Summary
	signatures []string // lines about them
}

// MarshalJSON gives the refs and the metadata as text.
func (v summaryView) MarshalJSON() ([]byte, error) { return json.Marshal(v.plain()) }

type summaryRef struct {
	Collection string     `json:"collection,omitempty"`
	Ref        string     `json:"ref"`
	Commit     string     `json:"commit"`
	Size       uint64     `json:"size"`
	Version    string     `json:"version,omitempty"`
	Time       *time.Time `json:"time,omitempty"`
}

type summaryPlain struct {
	Refs     []summaryRef      `json:"refs"`
	Metadata map[string]string `json:"metadata"`
}

func (v summaryView) plain() summaryPlain {
	p := summaryPlain{Refs: []summaryRef{}, Metadata: map[string]string{}}
	v.each(func(collection string, r summary.Ref) {
		out := summaryRef{Collection: collection, Ref: r.Name, Commit: r.Commit.String(), Size: r.Size, Version: r.Version}
		if !r.Time.IsZero() {
			out.Time = &r.Time
		}
		p.Refs = append(p.Refs, out)
	})
	for i := range v.s.Metadata.Len() {
		key, value := v.s.Metadata.At(i).At(0).Text(), v.s.Metadata.At(i).At(1).Variant()
		if key != summary.KeyCollectionMap {
			p.Metadata[key] = v.metadataText(key, value)
		}
	}
	return p
}

// each calls fn with every ref, those of the repo itself first.
func (v summaryView) each(fn func(collection string, r summary.Ref)) {
	for _, r := range v.s.Refs {
		fn(v.s.CollectionID, r)
	}
	for _, c := range v.s.Collections {
		for _, r := range c.Refs {
			fn(c.ID, r)
		}
	}
}

// Table prints what ostree summary --view prints.
func (v summaryView) Table(w io.Writer) {
	v.each(func(collection string, r summary.Ref) {
		name := r.Name
		if collection != "" {
			name = "(" + collection + ", " + r.Name + ")"
		}
		fmt.Fprintf(w, "* %s\n    Latest Commit (%s):\n      %s\n", name, sizeText(r.Size), r.Commit)
		for i := range r.Metadata.Len() {
			key, value := r.Metadata.At(i).At(0).Text(), r.Metadata.At(i).At(1).Variant()
			switch key {
			case summary.KeyCommitTimestamp:
				fmt.Fprintf(w, "    Timestamp (%s): %s\n", key, shownTime(r.Time))
			case summary.KeyCommitVersion:
				fmt.Fprintf(w, "    Version (%s): %s\n", key, shownName(r.Version))
			default:
				fmt.Fprintf(w, "    %s: %s\n", shownName(key), value.PrintPlain())
			}
		}
		fmt.Fprintln(w)
	})
	for i := range v.s.Metadata.Len() {
		key, value := v.s.Metadata.At(i).At(0).Text(), v.s.Metadata.At(i).At(1).Variant()
		if title := summaryTitles()[key]; title != "" {
			fmt.Fprintf(w, "%s (%s): %s\n", title, key, v.metadataText(key, value))
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", shownName(key), v.metadataText(key, value))
	}
	for _, line := range v.signatures {
		fmt.Fprintln(w, line)
	}
}

// summaryTitles are what a person calls the keys that OSTree defines.
func summaryTitles() map[string]string {
	return map[string]string{
		summary.KeyStaticDeltas:  "Static Deltas",
		summary.KeyLastModified:  "Last-Modified",
		summary.KeyExpires:       "Expires",
		summary.KeyCollectionID:  "Collection ID",
		summary.KeyCollectionMap: "Collection Map",
		summary.KeyMode:          "Repository Mode",
		summary.KeyTombstones:    "Has Tombstone Commits",
	}
}

func (v summaryView) metadataText(key string, value variant.Value) string {
	switch key {
	case summary.KeyLastModified:
		return shownTime(v.s.LastModified)
	case summary.KeyExpires:
		return shownTime(v.s.Expires)
	case summary.KeyCollectionID, summary.KeyMode:
		return shownName(value.Text())
	case summary.KeyCollectionMap:
		return "(printed above)"
	case summary.KeyTombstones:
		if v.s.Tombstones {
			return "Yes"
		}
		return "No"
	}
	return value.PrintPlain()
}

// shownTime is a time as summaries show it: ISO 8601 with the hours of the zone.
func shownTime(t time.Time) string { return t.Local().Format("2006-01-02T15:04:05-07") }

// keysOf are the keys of a dictionary, sorted.
func keysOf(dict variant.Value) keyNamesView {
	list := make(keyNamesView, dict.Len())
	for i := range list {
		list[i] = dict.At(i).At(0).Text()
	}
	slices.Sort(list)
	return list
}

type keyNamesView []string

// Table prints one a line.
func (v keyNamesView) Table(w io.Writer) {
	for _, k := range v {
		fmt.Fprintln(w, shownName(k))
	}
}

// summarySignatures are lines about the GPG signatures of a summary.
func (e *Env) summarySignatures(c *cli.Context, repo *ostree.Repo, data, sig []byte) ([]string, error) {
	if sig == nil {
		return []string{"Summary is unsigned"}, nil
	}
	ring, err := e.knownKeys(repo, c.String("gpg-homedir"))
	if err != nil {
		return nil, err
	}
	detached, err := sign.ParseDetached(sig)
	if err != nil {
		return nil, err
	}
	list, err := e.gpgSignatures(sign.NewGPG(ring, e.signEnv()), data, detached)
	if err != nil || list == nil {
		return nil, err
	}
	return append([]string{"", foundSignatures("Found", len(list), " on the summary")}, e.signatureLines(list)...), nil
}

// gpgSignatures judges the GPG signatures of data; nil where there are none.
func (e *Env) gpgSignatures(v sign.Verifier, data []byte, detached variant.Value) ([]sign.Signature, error) {
	r, err := v.VerifyData(data, detached)
	if errors.Is(err, sign.ErrUnsigned) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, sign.ErrNotTrusted) {
		return nil, err
	}
	return r.Signatures, nil
}

func foundSignatures(found string, n int, where string) string {
	s := "s"
	if n == 1 {
		s = ""
	}
	return fmt.Sprintf("%s %d signature%s%s:", found, n, s, where)
}

// signatureLines say what came out about each signature, with a blank line
// before each.
func (e *Env) signatureLines(list []sign.Signature) []string {
	var lines []string
	for _, s := range list {
		lines = append(lines, "")
		for _, l := range s.Lines(e.Now(), time.Local) {
			lines = append(lines, "  "+shownName(l))
		}
	}
	return lines
}

// commitSignatures are the lines that ostree show prints about the GPG
// signatures of a commit, none for one that has none. With a remote its keys
// decide, else those of all remotes and the system, and of a home of GnuPG if
// one is named.
func (e *Env) commitSignatures(c *cli.Context, repo *ostree.Repo, sum ostree.Checksum) ([]string, error) {
	detached, err := ostree.ReadDetached(c.Context, repo, sum)
	if err != nil {
		return nil, err
	}
	if _, err := sign.Signatures(sign.GPG, detached); errors.Is(err, sign.ErrUnsigned) {
		return nil, nil
	}
	data, err := sign.CommitData(c.Context, repo, sum)
	if err != nil {
		return nil, err
	}
	var ring *pgp.Keyring
	if remote := c.String("gpg-verify-remote"); remote != "" {
		ring, err = sign.RemoteKeyring(repo, remote, e.signEnv())
	} else {
		ring, err = e.knownKeys(repo, c.String("gpg-homedir"))
	}
	if err != nil {
		return nil, err
	}
	list, err := e.gpgSignatures(sign.NewGPG(ring, e.signEnv()), data, detached)
	if err != nil || list == nil {
		return nil, err
	}
	return append([]string{foundSignatures("Found", len(list), "")}, e.signatureLines(list)...), nil
}
