package commands

import (
	"errors"
	"flag"
	"fmt"
	"net/http"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/ostreehub"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// Exit codes of fiopush, fiocheck and fiosync: whatever goes wrong is the
// first, and a call that their flags do not allow the second.
const (
	fioFailed = 1
	fioMisuse = 2
)

// fioCall is a call of one of the tools, whose flags are those of Go's own
// package: -token and --token are the same.
type fioCall struct {
	*flag.FlagSet
	server, token, correlation, version string
}

func newFioCall(rt *runtime, tool string) *fioCall {
	f := &fioCall{FlagSet: flag.NewFlagSet(tool, flag.ContinueOnError)}
	f.SetOutput(rt.std.Err)
	f.StringVar(&f.server, "server", ostreehub.DefaultServer, "the ostreehub")
	f.StringVar(&f.token, "token", "", "API token; others can see it in the process list, -creds is safer")
	f.StringVar(&f.correlation, "cor-id", "", "correlation id of all requests (default: a random one)")
	return f
}

// withVersion adds the flag that fiosync has not.
func (f *fioCall) withVersion() {
	f.StringVar(&f.version, "api-version", "v2", "version of the protocol; there is only v2")
}

// parse reads args; where it says no, code is the tool's exit code.
func (f *fioCall) parse(args []string) (code int, ok bool) {
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0, false
	case err == nil && f.NArg() > 0:
		fmt.Fprintf(f.Output(), "unexpected argument: %.80q\n", f.Arg(0))
		f.Usage()
		return fioMisuse, false
	}
	return fioMisuse, err == nil
}

// side is one factory's repository, and how to get at it.
type side struct{ factory, creds string }

// fioStore opens the store of a side: by token and factory, by credentials, or
// else without any proof. local may be nil.
func (rt *runtime) fioStore(f *fioCall, s side, local ostree.Source) (*ostreehub.Store, error) {
	if f.version != "" && f.version != "v2" {
		return nil, fail.New(fail.Usage, "use v2", "API version %.20q: there is none", f.version)
	}
	o := ostreehub.Options{Retry: rt.retry(), Local: local, CorrelationID: f.correlation}
	var err error
	switch {
	case f.token != "" && s.factory == "":
		return nil, fail.New(fail.Usage, "name the factory that the token is for", "a token, and no factory")
	case f.token != "":
		o.URL, err = ostreehub.Address(f.server, s.factory)
		o.Auth = tokenAuth(account.Factory, f.token)
	case s.creds != "":
		o.URL, o.Auth, o.HTTP, err = rt.fioCredentials(s.creds)
	default:
		o.URL, err = ostreehub.OpenAddress(f.server, s.factory)
	}
	if err == nil && o.HTTP == nil {
		o.HTTP, err = rt.httpClient("", nil, ostreehub.Connections)
	}
	if err != nil {
		return nil, err
	}
	return ostreehub.New(o)
}

func (rt *runtime) fioCredentials(path string) (address string, auth httpx.Auth, hc *http.Client, err error) {
	creds, err := credentials.Open(path)
	if err != nil {
		return "", nil, nil, err
	}
	if address, err = ostreehub.AddressBeside(creds.TreehubURL); err != nil {
		return "", nil, nil, err
	}
	hc, err = rt.credentialsClient(creds, "", ostreehub.Connections)
	return address, creds.Auth(hc, rt.retry()), hc, err
}

// fioEnd says what went wrong, if anything did, and is the tool's exit code.
func (rt *runtime) fioEnd(tool string, err error) int {
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	rt.sayFailure(tool, err)
	return fioFailed
}

// sayPushed is the tools' report of a push.
func (rt *runtime) sayPushed(st *ostreehub.Store, r ostreehub.PushReport) {
	rt.say("Checked: %d", r.Checked)
	rt.say("Sent %d files, %d objects, %d bytes", r.Files, r.Objects, r.Bytes)
	done := st.Report()
	rt.say("Uploaded %d files, synced %d objects, uploaded to GCS %d objects", done.Uploaded, done.Synced, done.UploadSynced)
	rt.say("Failed to sync 0 objects") // else it would have ended before
}
