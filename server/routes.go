package server

import (
	"context"
	"html/template"
	"net/http"

	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/devices"
	"github.com/otactl/otactl/server/factory"
	"github.com/otactl/otactl/server/gateway"
)

// routes puts the rooms behind their URLs.
func (s *Server) routes(context.Context) error {
	guard := api.NewGuard(s.db, s.opt.Clock, s.log)
	mux := http.NewServeMux()
	treehub := s.objects.Treehub(guard)
	for _, base := range []string{"/api/v2", "/api/v3",
		"/ota/treehub/" + s.opt.Factory + "/api/v2", "/ota/treehub/" + s.opt.Factory + "/api/v3"} {
		mux.Handle(base+"/", http.StripPrefix(base, treehub))
	}
	plain := s.objects.Plain()
	mux.Handle("GET /ostree/", http.StripPrefix("/ostree", plain))
	(&factory.API{Name: s.opt.Factory, DB: s.db, Author: s.author, Repo: s.objects, Clock: s.opt.Clock, Log: s.log}).Routes(mux, guard)
	(&devices.API{Factory: s.opt.Factory, URL: s.opt.URL, Gateway: s.opt.GatewayURL, DB: s.db, PKI: s.pki,
		Poll: s.opt.PollInterval, Clock: s.opt.Clock, Log: s.log}).Routes(mux, guard)
	mux.Handle("GET /healthz", api.Wrap(s.log, s.health))
	mux.Handle("GET /activate", api.Wrap(s.log, activate))
	s.handler = mux
	s.gateway = &gateway.Gateway{Factory: s.opt.Factory, DB: s.db, Author: s.author, OSTree: plain,
		Clock: s.opt.Clock, Log: s.log}
	return nil
}

// health says that the server works, and which metadata expires soon. That is no
// failure: a server that is started again for it would gain nothing.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	if err := s.db.Ping(r.Context()); err != nil {
		return err
	}
	warnings, err := s.author.Warnings(r.Context())
	if err != nil {
		return err
	}
	api.JSON(w, http.StatusOK, map[string]any{"status": "ok", "warnings": warnings})
	return nil
}

var activatePage = template.Must(template.New("activate").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Let a device in</title></head>
<body><h1>Let a device in</h1>
<p>A device that registers shows a code. Compare it with the device's screen, then approve it on a machine
that has the server's context file:</p>
<pre>otactl devices approve {{if .}}{{.}}{{else}}CODE{{end}} --config DIR/otactl.yaml</pre>
<p>Approve only a code that you have seen on a device of yours.</p>
</body></html>
`))

// activate tells a person how a code is approved. The page itself approves
// nothing: that takes an operator's token.
func activate(w http.ResponseWriter, r *http.Request) error {
	code, ok := devices.ParseUserCode(r.URL.Query().Get("user_code"))
	if !ok {
		code = ""
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	return activatePage.Execute(w, code)
}
