package api

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/server/listen"
	"github.com/otactl/otactl/server/store"
)

// Guard lets requests pass that carry a good token, and slows down whoever
// keeps trying bad ones. A good token is never slowed down.
type Guard struct {
	db      *store.DB
	clock   clock.Clock
	log     *slog.Logger
	failing *limiter
}

// NewGuard makes a Guard over the tokens in db.
func NewGuard(db *store.DB, clk clock.Clock, log *slog.Logger) *Guard {
	return &Guard{db: db, clock: clk, log: log, failing: newLimiter(20, 2*time.Second)}
}

// Identity is who made a request.
type Identity struct {
	store.Token
	Secret string // the token itself, for revoking it once it is used
}

type identityKey struct{}

// IdentityOf is the identity that Allow put in the context.
func IdentityOf(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

// Allow passes requests on whose token has one of the scopes; an operator's
// token is always good. A missing or unknown token is 401, one for something
// else 403.
func (g *Guard) Allow(next Handler, scopes ...store.Scope) http.Handler {
	return Wrap(g.log, func(w http.ResponseWriter, r *http.Request) error {
		id, err := g.identify(r)
		if errors.Is(err, store.ErrNotFound) {
			return g.Failed(r, &Error{Status: http.StatusUnauthorized, Code: "unauthorized",
				Message: "cannot find a user with the provided token"})
		}
		if err != nil {
			return err
		}
		if id.Scope != store.ScopeOperator && !slices.Contains(scopes, id.Scope) {
			return Refuse(http.StatusForbidden, "forbidden", "the token is not good for this")
		}
		return next(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, id)))
	})
}

// identify finds the token of a request: OSF-TOKEN, or Authorization: Bearer
// with the token itself or its base64 form.
func (g *Guard) identify(r *http.Request) (Identity, error) {
	for _, secret := range presented(r) {
		t, err := g.db.Token(r.Context(), secret, g.clock())
		if err == nil {
			return Identity{Token: t, Secret: secret}, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return Identity{}, err
		}
	}
	return Identity{}, store.ErrNotFound
}

const maxToken = 512 // bytes

func presented(r *http.Request) []string {
	if t := r.Header.Get("OSF-TOKEN"); t != "" {
		return capped(t)
	}
	scheme, t, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	t = strings.TrimSpace(t)
	if !strings.EqualFold(scheme, "Bearer") || t == "" {
		return nil
	}
	all := capped(t)
	if b, err := base64.StdEncoding.DecodeString(t); err == nil {
		all = append(all, capped(string(b))...)
	}
	return all
}

func capped(t string) []string {
	if len(t) > maxToken {
		return nil
	}
	return []string{t}
}

// Failed counts a failed attempt of the request's peer and is the refusal to
// answer: e itself, or 429 once the peer has failed too often.
func (g *Guard) Failed(r *http.Request, e *Error) error {
	if err := g.Strike(r); err != nil {
		return err
	}
	return e
}

// Strike counts a failed attempt of the request's peer. It is nil while the
// peer may go on, else a refusal with 429.
func (g *Guard) Strike(r *http.Request) error {
	wait := g.failing.fail(Peer(r), g.clock())
	if wait == 0 {
		return nil
	}
	return &Error{Status: http.StatusTooManyRequests, Code: "too_many_failures",
		Message: "too many failed attempts from this address; wait and use a valid token", Retry: wait}
}

// Peer is whom a request came from, as listen tells peers apart.
func Peer(r *http.Request) string { return listen.Peer(r.RemoteAddr) }
