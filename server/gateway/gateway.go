// Package gateway is what devices talk to over mutual TLS: metadata, objects,
// and what they report about themselves.
//
// Who a device is, its certificate alone says: the CN is its uuid, the OU this
// factory, the key the one it registered with; all three are checked on every
// request. It trusts nothing else a device sends: bodies are capped, headers
// are recorded as text, and two of them alone decide anything, namely which set
// of production targets a production device gets: its tag, and the target that it
// runs, where that came to it in a bundle of a wave. It must never hand a production device what is CI's,
// or the other way round.
package gateway

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/factory"
	"github.com/otactl/otactl/server/metadata"
	"github.com/otactl/otactl/server/pki"
	"github.com/otactl/otactl/server/store"
)

// Gateway serves one factory's devices.
type Gateway struct {
	Factory string
	DB      *store.DB
	Author  *metadata.Author
	OSTree  http.Handler // the plain repo, below /ostree
	Clock   clock.Clock
	Log     *slog.Logger

	shares shares
}

// Handler is all routes. It must be served with pki.TLS, by a server that calls
// Connected and Changed.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]api.Handler{
		"GET /repo/{file}":           g.getFile,
		"GET /device":                g.getDevice,
		"GET /config":                noContent,
		"POST /ostree/download-urls": noContent, // use this server only
		"POST /events":               g.postEvents,
		"POST /apps-states":          g.document("apps-states", isReport),
		"PUT /system_info":           g.document("system_info", isJSON),
		"POST /system_info":          g.document("system_info", isJSON),
		"PUT /system_info/config":    g.document("config", isAnything),
		"POST /system_info/config":   g.document("config", isAnything),
		"PUT /system_info/network":   g.document("network", isJSON),
		"POST /system_info/network":  g.document("network", isJSON),
	} {
		mux.Handle(pattern, api.Wrap(g.Log, h))
	}
	mux.Handle("GET /ostree/", http.StripPrefix("/ostree", g.OSTree))
	return g.identified(mux)
}

type deviceKey struct{}

// deviceOf is the device that identified put in the context.
func deviceOf(ctx context.Context) store.Device {
	d, _ := ctx.Value(deviceKey{}).(store.Device)
	return d
}

// identified lets only devices through, and records that they were here.
func (g *Gateway) identified(next http.Handler) http.Handler {
	return api.Wrap(g.Log, func(w http.ResponseWriter, r *http.Request) error {
		d, err := g.identify(r)
		if refusal, ok := errors.AsType[*deniedError](err); ok {
			w.Header().Set("Connection", "close") // a stranger does not get to hold a place
			http.Error(w, refusal.Error(), http.StatusForbidden)
			return nil
		}
		if err != nil {
			return err
		}
		end, err := g.shares.begin(w, r, d.UUID)
		if err != nil {
			return err
		}
		defer end()
		says := said(r, d.CheckIn)
		if err := g.followTag(r, d, says); err != nil {
			return err
		}
		d = g.checkIn(r, d, says)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), deviceKey{}, d)))
		return nil
	})
}

// deniedError is why a device is turned away, as plain text with 403.
type deniedError struct{ why string }

func (e *deniedError) Error() string { return e.why }

func deny(format string, args ...any) error { return &deniedError{fmt.Sprintf(format, args...)} }

// identify finds the device of the connection's certificate, whose chain TLS
// has verified.
func (g *Gateway) identify(r *http.Request) (store.Device, error) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.PeerCertificates) == 0 {
		return store.Device{}, deny("no client certificate provided")
	}
	id, err := pki.IdentityOf(r.TLS.PeerCertificates[0])
	if err != nil {
		return store.Device{}, deny("%v", err)
	}
	uuid, ok := api.ParseUUID(id.CommonName)
	if !ok {
		return store.Device{}, deny("the certificate's CN is not a uuid")
	}
	if id.Factory != g.Factory {
		return store.Device{}, deny("the certificate is of another factory")
	}
	d, err := g.DB.Device(r.Context(), uuid)
	if errors.Is(err, store.ErrNotFound) {
		d, err = g.firstContact(r.Context(), uuid, id)
	}
	switch {
	case err != nil:
		return store.Device{}, err
	case !d.Deleted.IsZero():
		return store.Device{}, deny("Device(%s) is on the denied list", uuid)
	case !bytes.Equal(d.PublicKey, id.PublicKey):
		return store.Device{}, deny("Key rotation is not supported")
	case d.Production != id.Production:
		return store.Device{}, deny("Device(%s) was registered as another kind, CI or production, than its certificate says", uuid)
	}
	return d, nil
}

// firstContact takes in a device that has a certificate of our CA and was
// never registered here: the CA was used elsewhere, as a factory line does.
// The CA's signature is the permission.
func (g *Gateway) firstContact(ctx context.Context, uuid string, id pki.Identity) (store.Device, error) {
	d := store.Device{UUID: uuid, Name: uuid, Production: id.Production, PublicKey: id.PublicKey, Created: g.Clock()}
	err := g.DB.AddDevice(ctx, d, "")
	if errors.Is(err, store.ErrExists) { // another connection was first, or the name is taken
		if d, err = g.DB.Device(ctx, uuid); errors.Is(err, store.ErrNotFound) {
			return d, deny("another device is registered under the name %s", uuid)
		}
		return d, err
	}
	if err == nil {
		g.Log.Info("device taken in on first contact", "device", uuid)
	}
	return d, err
}

// firstTag is the tag that a production device follows.
func firstTag(says store.CheckIn) string {
	tag, _, _ := strings.Cut(says.Tags, ",")
	return tag
}

// followTag readies the metadata of a tag for a production device that comes
// from another one. A device that comes too early for it is turned away before
// its tag is noted: so it still comes from the other one when it asks again.
func (g *Gateway) followTag(r *http.Request, d store.Device, says store.CheckIn) error {
	if from := firstTag(d.CheckIn); !d.Production || from == "" || from == firstTag(says) {
		return nil
	}
	err := g.Author.FollowTag(r.Context(), firstTag(says))
	if errors.Is(err, metadata.ErrTooEarly) {
		return &api.Error{Status: http.StatusServiceUnavailable, Code: "tag_busy",
			Message: "the metadata of this tag was signed a moment ago, and is signed again for devices that come from another tag; ask again", Retry: time.Minute}
	}
	if err != nil && r.Context().Err() == nil {
		g.Log.Warn("a device changed its tag, and the tag's metadata could not be signed again", "device", d.UUID, "error", err)
	}
	return nil
}

// getFile answers a TUF file: production's to production devices, CI's to all
// others.
func (g *Gateway) getFile(w http.ResponseWriter, r *http.Request) error {
	var b []byte
	var err error
	if d := deviceOf(r.Context()); d.Production {
		b, err = g.Author.DeviceFile(r.Context(), d, firstTag(d.CheckIn), r.PathValue("file"))
	} else {
		b, err = g.Author.File(r.Context(), r.PathValue("file"))
	}
	if err != nil {
		return err
	}
	factory.WriteFile(w, b)
	return nil
}

func (g *Gateway) getDevice(w http.ResponseWriter, r *http.Request) error {
	d := deviceOf(r.Context())
	api.JSON(w, http.StatusOK, map[string]any{
		"uuid": d.UUID, "name": d.Name, "factory": g.Factory, "repo_id": g.Factory,
		"group_name": d.Group, "created_at": d.Created.Format(time.RFC3339), "last_seen": d.LastSeen.Unix(),
		"tag": d.Tags, "target_name": d.Target, "ostree_hash": d.OSTreeHash, "docker_apps": d.Apps,
		"update_name": "", "pubkey": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: d.PublicKey})),
	})
	return nil
}

func noContent(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
