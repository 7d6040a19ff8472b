package secrets

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// service is what the program's items are filed under.
const service = "otactl"

// patience bounds how long the keyring may take: it may be asking a person to
// unlock it.
const patience = 60 * time.Second

// System is the keyring of the operating system: Secret Service, Keychain or
// Credential Manager.
type System struct {
	// Bus says whether there is a session bus, where the keyring is reached by
	// one: to ask without would start one. Nil: there is.
	Bus func() bool
}

// String implements Store.
func (System) String() string { return "the keyring" }

// Get implements Store.
func (k System) Get(ctx context.Context, item string) (Secret, error) {
	text, err := k.ask(ctx, func() (string, error) { return keyring.Get(service, item) })
	if err != nil {
		return Secret{}, err
	}
	return unpack([]byte(text))
}

// Set implements Store.
func (k System) Set(ctx context.Context, item string, s Secret) error {
	data, err := pack(s)
	if err != nil {
		return err
	}
	_, err = k.ask(ctx, func() (string, error) { return "", keyring.Set(service, item, string(data)) })
	return err
}

// Delete implements Store.
func (k System) Delete(ctx context.Context, item string) error {
	_, err := k.ask(ctx, func() (string, error) { return "", keyring.Delete(service, item) })
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}

type reply struct {
	text string
	err  error
}

// ask waits for the keyring, which can't be told to give up, no longer than is
// reasonable.
func (k System) ask(ctx context.Context, do func() (string, error)) (string, error) {
	if k.Bus != nil && !k.Bus() {
		return "", unavailable(errors.New("there is no session bus"))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it gave no answer for %s", patience))
	defer cancel()
	got := make(chan reply, 1)
	go func() {
		text, err := do()
		got <- reply{text, err}
	}()
	select {
	case r := <-got:
		switch {
		case errors.Is(r.err, keyring.ErrNotFound):
			return "", ErrNone
		case r.err != nil:
			return "", unavailable(r.err)
		}
		return r.text, nil
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), context.Canceled) {
			return "", ctx.Err()
		}
		return "", unavailable(context.Cause(ctx))
	}
}
