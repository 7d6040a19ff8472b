// Package secrets keeps what proves who a person is at a backend: in the
// keyring of the operating system, or where a person asked for that, in a file
// that nobody else can read.
//
// It trusts the keyring to show a secret to its owner's programs alone. Each
// secret is kept under the address of the server it is for, so that a context
// that is made to point elsewhere finds none. It must never log a secret, put
// one into an error or an argument, or write one to a file that is not 0600.
package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/otactl/otactl/client/oauth"
	"github.com/otactl/otactl/internal/fail"
)

// Secret proves who one is: an API token, or an application's id and secret
// with the token that it has for now.
type Secret struct {
	Token string `json:"token,omitempty"`

	OAuthURL     string       `json:"oauth_url,omitempty"` // the token server
	ClientID     string       `json:"client_id,omitempty"`
	ClientSecret string       `json:"client_secret,omitempty"`
	Session      *oauth.Token `json:"session,omitempty"`
}

// String leaves the secrets out.
func (s Secret) String() string {
	if s.ClientID != "" {
		return "application at " + s.OAuthURL
	}
	return "API token"
}

// GoString leaves the secrets out as well.
func (s Secret) GoString() string { return s.String() }

// Item is the name that the secret of a context is kept under.
func Item(context, url string) string { return context + " " + strings.TrimRight(url, "/") }

// Store keeps secrets by item.
type Store interface {
	// Get is the secret of an item; ErrNone when there is none.
	Get(ctx context.Context, item string) (Secret, error)
	// Set replaces it.
	Set(ctx context.Context, item string, s Secret) error
	// Delete forgets it; nothing happens when there is none.
	Delete(ctx context.Context, item string) error
	// String is where the secrets are, for people.
	String() string
}

// ErrNone says that a store has no such item.
var ErrNone = fail.New(fail.Auth, "log in: otactl login", "no secret is kept")

// ErrUnavailable says that there is no keyring here, or that it is locked.
var ErrUnavailable = errors.New("no keyring answers here")

func unavailable(err error) error {
	return fail.As(fmt.Errorf("%w: %w", ErrUnavailable, err), fail.Auth,
		"unlock the keyring; or say --insecure-storage to otactl login; or in CI set OTACTL_TOKEN")
}

// maxSecret caps one secret, packed.
const maxSecret = 64 << 10

func pack(s Secret) ([]byte, error) {
	data, err := json.Marshal(s)
	if err == nil && len(data) > maxSecret {
		err = fmt.Errorf("a secret of %d bytes, more than %d", len(data), maxSecret)
	}
	return data, err
}

func unpack(data []byte) (Secret, error) {
	var s Secret
	if len(data) > maxSecret || json.Unmarshal(data, &s) != nil {
		return Secret{}, fail.New(fail.Auth, "log in again: otactl login", "what is kept is no secret of ours")
	}
	return s, nil
}

// Session keeps the token of an item in its store: an oauth.TokenStore.
type Session struct {
	Store Store
	Item  string
	// Lock is called around each change and waits until no other program is at
	// it.
	Lock func(ctx context.Context) (unlock func(), err error)
}

// Update implements oauth.TokenStore.
func (s Session) Update(ctx context.Context, renew func(oauth.Token) (oauth.Token, error)) (oauth.Token, error) {
	unlock, err := s.Lock(ctx)
	if err != nil {
		return oauth.Token{}, err
	}
	defer unlock()
	secret, err := s.Store.Get(ctx, s.Item)
	if err != nil {
		return oauth.Token{}, err
	}
	var was oauth.Token
	if secret.Session != nil {
		was = *secret.Session
	}
	is, err := renew(was)
	if err != nil || is.Access == was.Access {
		return is, err
	}
	secret.Session = &is
	return is, s.Store.Set(ctx, s.Item, secret)
}
