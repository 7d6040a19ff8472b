package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/store"
)

const (
	maxHeader  = 1024    // bytes kept of a header
	keepEvents = 500     // per device
	maxEvent   = 8 << 10 // bytes; clients cut their details at 2 KiB
	// seenEvery is how often a check-in that says nothing new is written down.
	seenEvery = time.Minute
)

// said is what the request's headers say, and what is known where one is missing;
// an empty one clears it.
func said(r *http.Request, known store.CheckIn) store.CheckIn {
	header(r, "x-ats-tags", &known.Tags)
	header(r, "x-ats-target", &known.Target)
	header(r, "x-ats-ostreehash", &known.OSTreeHash)
	header(r, "x-ats-dockerapps", &known.Apps)
	known.Tags = api.CleanTags(known.Tags)
	return known
}

// checkIn records what a device says. It gets what it came for also when that
// cannot be written down: on a full disk updates still go out.
func (g *Gateway) checkIn(r *http.Request, d store.Device, says store.CheckIn) store.Device {
	now := g.Clock()
	if says == d.CheckIn && now.Sub(d.LastSeen) < seenEvery {
		return d
	}
	says.LastSeen = now
	d.CheckIn = says
	if err := g.DB.Seen(r.Context(), d.UUID, says); err != nil && r.Context().Err() == nil {
		g.Log.Warn("a check-in was not recorded", "device", d.UUID, "error", err)
	}
	return d
}

func header(r *http.Request, name string, into *string) {
	if values := r.Header.Values(name); len(values) > 0 {
		*into = printable(values[0])
	}
}

// printable is at most maxHeader bytes of s without what a terminal would act
// upon.
func printable(s string) string {
	if len(s) > maxHeader {
		s = s[:maxHeader]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// document stores the body as the device's latest of a kind.
func (g *Gateway) document(kind string, valid func([]byte) bool) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := api.Body(w, r, limits.DeviceBody)
		if err != nil {
			return err
		}
		if !valid(body) {
			return api.Refuse(http.StatusBadRequest, "bad_request", "the body is not what belongs here")
		}
		if err := g.DB.PutDoc(r.Context(), deviceOf(r.Context()).UUID, kind, body, g.Clock()); err != nil {
			return err
		}
		w.WriteHeader(http.StatusOK)
		return nil
	}
}

func isJSON(b []byte) bool { return json.Valid(b) }

func isAnything([]byte) bool { return true }

// isReport says whether b is a report on apps: an object with a time.
func isReport(b []byte) bool {
	var report struct {
		At time.Time `json:"deviceTime"`
	}
	return json.Unmarshal(b, &report) == nil && !report.At.IsZero()
}

var eventID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// postEvents stores a device's events. Entries that are malformed are dropped:
// a device would send a refused batch again for ever.
func (g *Gateway) postEvents(w http.ResponseWriter, r *http.Request) error {
	body, err := api.Body(w, r, limits.DeviceBody)
	if err != nil {
		return err
	}
	var raw []json.RawMessage
	if err := api.Decode(body, &raw); err != nil {
		return err
	}
	events := make([]store.Event, 0, len(raw))
	for _, e := range raw {
		if id, ok := parseEvent(e); ok {
			events = append(events, store.Event{ID: id, Body: compact(e)})
		}
	}
	if len(events) > keepEvents {
		events = events[len(events)-keepEvents:]
	}
	if err := g.DB.AddEvents(r.Context(), deviceOf(r.Context()).UUID, events, keepEvents, g.Clock()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func parseEvent(b []byte) (id string, ok bool) {
	var e struct {
		ID    string `json:"id"`
		Event struct {
			CorrelationID string `json:"correlationId"`
		} `json:"event"`
	}
	if len(b) > maxEvent || json.Unmarshal(b, &e) != nil {
		return "", false
	}
	return e.ID, eventID.MatchString(e.ID) && eventID.MatchString(e.Event.CorrelationID)
}

func compact(b []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return b
	}
	return out.Bytes()
}
