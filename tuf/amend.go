package tuf

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// AmendTargets makes the signed part of the targets.json that follows file:
// put is added, or takes the place of what has its name; what drop names is
// gone; version and expiry are new. All else stays to the byte, fields that we
// do not know included, so that adding one target to tens of thousands costs
// little more than reading them once.
//
// Hand the outcome to Sign. The signatures on file are not looked at: the
// caller knows where it is from. A target in put that no device would read is
// ErrMalformed naming it; a name in drop that is not there is no error.
func AmendTargets(file []byte, version int, expires time.Time, put map[string]Target, drop ...string) (json.RawMessage, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, in(TargetsFile, err)
	}
	if _, _, err := headOfTargets(e.Signed); err != nil {
		return nil, in(TargetsFile, err)
	}
	a := amendment{out: make([]byte, 0, len(e.Signed)+4096), left: slices.Sorted(maps.Keys(put)), put: put, drop: drop}
	for w := (walk{e.Signed}); w.more(); {
		a.out = append(a.out, w.rest[0]) // the bracket or the comma
		before := w.rest[1:]
		name, value := w.member()
		a.out = append(a.out, before[:len(before)-len(w.rest)-len(value)]...)
		switch string(name) {
		case "targets":
			if err := a.targets(value); err != nil {
				return nil, in(TargetsFile, err)
			}
		case "version":
			a.out = strconv.AppendInt(a.out, int64(version), 10)
		case "expires":
			a.out = strconv.AppendQuote(a.out, stamp(expires))
		default:
			a.out = append(a.out, value...)
		}
	}
	return append(a.out, '}'), nil
}

// amendment is a targets.json that is written anew.
type amendment struct {
	out  []byte
	left []string // names in put that are still to be written, sorted
	put  map[string]Target
	drop []string
}

func (a *amendment) targets(list json.RawMessage) error {
	sep := byte('{')
	for w := (walk{list}); w.more(); {
		before := w.rest
		raw, _ := w.member()
		name := string(raw)
		if err := a.insert(&sep, func(next string) bool { return next < name }); err != nil {
			return err
		}
		if _, replaced := a.put[name]; replaced || slices.Contains(a.drop, name) {
			continue // insert writes what takes its place
		}
		a.out = append(append(a.out, sep), before[1:len(before)-len(w.rest)]...)
		sep = ','
	}
	if err := a.insert(&sep, func(string) bool { return true }); err != nil {
		return err
	}
	if sep == '{' {
		a.out = append(a.out, sep)
	}
	a.out = append(a.out, '}')
	return nil
}

// insert writes what is left of put for as long as it is due.
func (a *amendment) insert(sep *byte, due func(name string) bool) error {
	for len(a.left) > 0 && due(a.left[0]) {
		name := a.left[0]
		a.left = a.left[1:]
		a.out = append(appendString(append(a.out, *sep), []byte(name), formEscaped), ':')
		*sep = ','
		begin := len(a.out)
		var err error
		if a.out, err = a.put[name].append(a.out); err != nil {
			return in("target "+strconv.QuoteToASCII(name), err)
		}
		if _, err := parseTarget(name, a.out[begin:]); err != nil {
			return err
		}
	}
	return nil
}
