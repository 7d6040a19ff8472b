package httpx

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxyOf says by which proxy a request goes.
func proxyOf(o Options) func(*http.Request) (*url.URL, error) {
	switch {
	case o.proxy != nil:
		return o.proxy
	case o.Proxy != nil:
		return configuredProxy(o.Proxy)
	}
	return environmentProxy()
}

// environmentProxy goes by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY where neither of
// these says more, and NO_PROXY, each in upper or lower case, as curl does; and
// never for this machine's own addresses. It is read here, as net/http would,
// so that no client can be made without it.
func environmentProxy() func(*http.Request) (*url.URL, error) {
	env := httpproxy.FromEnvironment()
	all := cmp.Or(os.Getenv("all_proxy"), os.Getenv("ALL_PROXY"))
	env.HTTPSProxy = cmp.Or(env.HTTPSProxy, all)
	if env.HTTPProxy == "" {
		// A request's header can't set ALL_PROXY in a CGI program, as it can HTTP_PROXY.
		env.HTTPProxy, env.CGI = all, false
	}
	return ofRequest(env.ProxyFunc())
}

// configuredProxy goes by proxy, for this machine's own addresses too, but for
// what NO_PROXY names.
func configuredProxy(proxy *url.URL) func(*http.Request) (*url.URL, error) {
	without := httpproxy.FromEnvironment().NoProxy
	c := httpproxy.Config{HTTPProxy: proxy.String(), HTTPSProxy: proxy.String(), NoProxy: without}
	next := ofRequest(c.ProxyFunc())
	named := strings.Split(without, ",")
	return func(r *http.Request) (*url.URL, error) {
		host := r.URL.Hostname()
		if here(host) && !slices.ContainsFunc(named, func(n string) bool { n = strings.TrimSpace(n); return n == "*" || strings.EqualFold(n, host) }) {
			return proxy, nil
		}
		return next(r)
	}
}

// here says whether host is this machine by its name or number.
func here(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func ofRequest(of func(*url.URL) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) { return of(r.URL) }
}
