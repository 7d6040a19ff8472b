package httpx

import (
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestTheEnvironmentSaysByWhichProxyARequestGoes(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		url  string
		want string // "" goes straight
	}{
		{"none", nil, "https://a.example/", ""},
		{"one for each scheme", map[string]string{"https_proxy": "s:1", "HTTP_PROXY": "h:1"}, "https://a.example/", "http://s:1"},
		{"the other", map[string]string{"https_proxy": "s:1", "HTTP_PROXY": "h:1"}, "http://a.example/", "http://h:1"},
		{"one for all", map[string]string{"ALL_PROXY": "socks5://all:1"}, "https://a.example/", "socks5://all:1"},
		{"one for all, http", map[string]string{"all_proxy": "all:1"}, "http://a.example/", "http://all:1"},
		{"the lower case before the upper", map[string]string{"all_proxy": "low:1", "ALL_PROXY": "up:1"}, "http://a.example/", "http://low:1"},
		{"a scheme's own before that for all", map[string]string{"ALL_PROXY": "all:1", "HTTPS_PROXY": "s:1"}, "https://a.example/", "http://s:1"},
		{"what that of a scheme leaves", map[string]string{"ALL_PROXY": "all:1", "HTTPS_PROXY": "s:1"}, "http://a.example/", "http://all:1"},
		{"past it", map[string]string{"ALL_PROXY": "all:1", "no_proxy": "b.example,.a.example"}, "http://x.a.example/", ""},
		{"not past it", map[string]string{"ALL_PROXY": "all:1", "NO_PROXY": "b.example"}, "http://a.example/", "http://all:1"},
		{"this machine", map[string]string{"ALL_PROXY": "all:1"}, "http://127.0.0.1:80/", ""},
		{"in a CGI program, where a request's header says HTTP_PROXY", map[string]string{"ALL_PROXY": "all:1", "REQUEST_METHOD": "GET"}, "http://a.example/", "http://all:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			setProxies(t, c.env)
			wantProxy(t, Options{}, c.url, c.want)
		})
	}
}

func TestAProxyOfTheConfigIsForAllThatNoProxyDoesNotName(t *testing.T) {
	proxy := &url.URL{Scheme: "http", User: url.UserPassword("u", "p@:/"), Host: "own:1"}
	for _, c := range []struct {
		name, without, url string
		direct             bool
	}{
		{"all", "", "https://a.example/", false},
		{"this machine too", "", "http://localhost:8080/", false},
		{"its number", "a.example", "http://[::1]/", false},
		{"named", "a.example", "https://a.example/", true},
		{"this machine named", "b.example, LOCALHOST", "http://localhost:8080/", true},
		{"everything", "*", "http://127.0.0.1/", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			setProxies(t, map[string]string{"NO_PROXY": c.without, "ALL_PROXY": "other:1"})
			want := proxy.String()
			if c.direct {
				want = ""
			}
			wantProxy(t, Options{Proxy: proxy}, c.url, want)
		})
	}
}

// setProxies makes env all that the environment says of proxies.
func setProxies(t *testing.T, env map[string]string) {
	t.Helper()
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "REQUEST_METHOD"} {
		t.Setenv(name, env[name])
	}
}

func wantProxy(t *testing.T, o Options, to, want string) {
	t.Helper()
	u, err := proxyOf(o)(httptest.NewRequest("GET", to, nil))
	got := ""
	if u != nil {
		got = u.String()
	}
	if err != nil || got != want {
		t.Errorf("%s goes by %q, not %q: %v", to, got, want, err)
	}
}
