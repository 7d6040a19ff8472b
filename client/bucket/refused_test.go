package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// saying is a server that answers everything alike.
func saying(t *testing.T, status int, code, message string) Options {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><StringToSign>do not show</StringToSign></Error>`, code, message)
		}
	}))
	t.Cleanup(s.Close)
	return Options{Bucket: "site", Endpoint: s.URL, Keys: NewKeys(KeyOptions{AccessKey: "ID", Secret: "hush", Session: "whisper"}), Retry: quick}
}

func TestWhatS3RefusesIsExplained(t *testing.T) {
	for _, tc := range []struct {
		status     int
		code, hint string
		want       fail.Class
	}{
		{403, "AccessDenied", "s3:PutObject", fail.Auth},
		{403, "InvalidAccessKeyId", "check the access key", fail.Auth},
		{403, "SignatureDoesNotMatch", "check the access key", fail.Auth},
		{400, "ExpiredToken", "expired", fail.Auth},
		{403, "RequestTimeTooSkewed", "clock", fail.Auth},
		{404, "NoSuchBucket", "make the bucket", fail.NotFound},
		{400, "AuthorizationHeaderMalformed", "AWS_REGION", fail.Usage},
		{301, "PermanentRedirect", "AWS_REGION", fail.Usage},
		{403, "QuotaExceeded", "make room", fail.NoSpace},
		{507, "XMinioStorageFull", "make room", fail.NoSpace},
		{503, "SlowDown", "", fail.Network},
		{418, "Teapot", "", fail.Network},
	} {
		_, err := Open(t.Context(), saying(t, tc.status, tc.code, "so it says"))
		if fail.ClassOf(err) != tc.want || !strings.Contains(fail.HintOf(err), tc.hint) || !strings.Contains(fmt.Sprint(err), tc.code) {
			t.Errorf("%s: %v (class %d, hint %q)", tc.code, err, fail.ClassOf(err), fail.HintOf(err))
		}
		for _, secret := range []string{"hush", "whisper", "do not show"} {
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("%s: the error tells %q", tc.code, secret)
			}
		}
	}
}

func TestWhatIsNoAnswerOfS3IsSaid(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "config") {
			io.WriteString(w, newConfig)
		} else if !strings.HasSuffix(r.URL.Path, "summary.sig") {
			io.WriteString(w, "<html>Log in to the network</html>")
		} else {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	st := open(t, Options{Bucket: "site", Endpoint: s.URL, Keys: NewKeys(KeyOptions{AccessKey: "ID", Secret: "hush"}), Retry: quick})
	if _, err := st.Refs(t.Context()); fail.ClassOf(err) != fail.Network {
		t.Errorf("%v", err)
	}
}

// TestKeysThatMayOnlyReadWriteNothingAndAreNotTriedAgain: the rights to read are
// there, so it shows only where something is written.
func TestKeysThatMayOnlyReadWriteNothingAndAreNotTriedAgain(t *testing.T) {
	var writes atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut:
			writes.Add(1)
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
		case r.URL.Query().Get("list-type") != "":
			io.WriteString(w, "<ListBucketResult></ListBucketResult>")
		case strings.HasSuffix(r.URL.Path, "/config"):
			io.WriteString(w, newConfig)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	st := open(t, Options{Bucket: "site", Endpoint: s.URL, Keys: NewKeys(KeyOptions{AccessKey: "ID", Secret: "hush"}), Retry: quick})
	path := "delta-indexes/ab/c.index"
	err := st.PutFile(t.Context(), path, 1, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil })
	if fail.ClassOf(err) != fail.Auth || !strings.Contains(fail.HintOf(err), "s3:PutObject") || writes.Load() != 1 {
		t.Errorf("%v (hint %q) after %d attempts", err, fail.HintOf(err), writes.Load())
	}
}

// TestAListThatGoesRoundEnds: a token that comes twice would have it go on for
// ever, and so would ever new ones.
func TestAListThatGoesRoundEnds(t *testing.T) {
	for want, token := range map[int64]string{2: "again", maxPages: "%d"} {
		testListEnds(t, token, want)
	}
}

func testListEnds(t *testing.T, token string, want int64) {
	t.Helper()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("list-type") == "" {
			io.WriteString(w, map[bool]string{true: newConfig}[strings.HasSuffix(r.URL.Path, "config")])
			return
		}
		next := strings.ReplaceAll(token, "%d", strconv.FormatInt(asked.Add(1), 10))
		io.WriteString(w, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>"+next+"</NextContinuationToken></ListBucketResult>")
	}))
	t.Cleanup(s.Close)
	st := open(t, Options{Bucket: "site", Endpoint: s.URL, Keys: NewKeys(KeyOptions{AccessKey: "ID", Secret: "hush"}), Retry: quick, SignSummary: func([]byte) ([]byte, error) { return nil, nil }})
	if _, err := st.Refs(t.Context()); err == nil || asked.Load() != want {
		t.Errorf("%v after %d lists", err, asked.Load())
	}
}

func TestKeysStayWithTheBucket(t *testing.T) {
	var told atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told.Store(r.Header.Get("Authorization")+r.Header.Get("X-Amz-Security-Token") != "" || told.Load())
	}))
	t.Cleanup(elsewhere.Close)
	s := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(s.Close)
	keys := NewKeys(KeyOptions{AccessKey: "ID", Secret: "hush", Session: "whisper"})
	_, _ = Open(t.Context(), Options{Bucket: "site", Endpoint: s.URL, Keys: keys, Retry: quick})
	if told.Load() {
		t.Error("another host was shown the signature")
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", keys, keys, keys, keys)} {
		if strings.Contains(text, "hush") || strings.Contains(text, "whisper") {
			t.Errorf("keys print as %s", text)
		}
	}
}

func TestKeysOfAProfile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "credentials")
	if err := os.WriteFile(file, []byte("[default]\naws_access_key_id=A\naws_secret_access_key=a\n[ci]\naws_access_key_id=C\naws_secret_access_key=c\naws_session_token=t\n[half]\naws_access_key_id=H\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("AWS_PROFILE", "")
	for profile, want := range map[string]string{"": "A", "ci": "C", "half": "", "none": ""} {
		v, err := NewKeys(KeyOptions{Profile: profile}).creds.GetWithContext(nil)
		if v.AccessKeyID != want || (err == nil) != (want != "") {
			t.Errorf("profile %q: key %q, %v", profile, v.AccessKeyID, err)
		}
		if want == "" && fail.ClassOf(err) != fail.Auth {
			t.Errorf("profile %q: %v has no class", profile, err)
		}
	}
	v, err := NewKeys(KeyOptions{AccessKey: "E", Secret: "e", Profile: "ci"}).creds.GetWithContext(nil)
	if err != nil || v.AccessKeyID != "E" || v.SessionToken != "" {
		t.Errorf("keys of the environment and a profile: %q, %v", v.AccessKeyID, err)
	}
}

// TestAProfileThatCannotBeReadIsNotQuoted: what stands in the wrong place of such
// a file may be a key, and CI keeps what is printed.
func TestAProfileThatCannotBeReadIsNotQuoted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CONFIG_FILE", "/nowhere")
	t.Setenv("AWS_PROFILE", "")
	for _, text := range []string{
		"[default]\naws_access_key_id=A\nwJalrHUSH/K7MDENG\n",
		"[default]\naws_access_key_id=A\naws_secret_access_key=\"\"\"wJalrHUSH/K7MDENG\n",
		"[default]\naws_access_key_id=A\naws_secret_access_key=`wJalrHUSH/K7MDENG\n",
		"wJalrHUSH/K7MDENG\n",
		"[wJalrHUSH/K7MDENG\n",
		"[default]\ncredential_process=sh -c 'echo wJalrHUSH/K7MDENG'\n",
		"[default]\ncredential_process=sh -c 'echo wJalrHUSH/K7MDENG; exit 1'\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := NewKeys(KeyOptions{}).creds.GetWithContext(nil)
		if err == nil || strings.Contains(fmt.Sprint(err, fail.HintOf(err)), "HUSH") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestLentKeysAreRenewed: those of a container expire while a publisher works.
func TestLentKeysAreRenewed(t *testing.T) {
	var lent atomic.Int64
	lender := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"AccessKeyId":"ID%d","SecretAccessKey":"hush","Token":"whisper","Expiration":"2999-01-01T00:00:00Z"}`, lent.Add(1))
	}))
	t.Cleanup(lender.Close)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", lender.URL)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
	t.Setenv("AWS_CONFIG_FILE", "/nowhere")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.Contains(r.Header.Get("Authorization"), "Credential=ID2/"):
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>")
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	_, err := Open(t.Context(), Options{Bucket: "site", Endpoint: s.URL, Keys: NewKeys(KeyOptions{Machine: true}), Retry: quick})
	if err != nil || lent.Load() != 2 {
		t.Errorf("%v; keys were lent %d times", err, lent.Load())
	}
}

func TestTheRegionIsWhereTheBucketIs(t *testing.T) {
	for header, want := range map[string]string{"eu-central-1": "eu-central-1", "": "", "evil.example/": "", strings.Repeat("x", 100): ""} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				t.Error("the question was signed")
			}
			w.Header().Set("X-Amz-Bucket-Region", header)
			w.WriteHeader(http.StatusForbidden)
		}))
		got, err := regionOf(t.Context(), Options{Bucket: "site", HTTP: s.Client(), Retry: quick}, s.URL+"/")
		if err != nil || got != want {
			t.Errorf("header %.20q: region %q, %v", header, got, err)
		}
		s.Close()
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if _, err := regionOf(t.Context(), Options{Bucket: "site", HTTP: s.Client(), Retry: quick}, s.URL+"/"); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("no bucket: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	o := Options{Bucket: "site", Endpoint: "https://s3.example:9000/"}
	if at, err := locate(t.Context(), o); err != nil || at != (place{"https://s3.example:9000/site/", anyRegion}) {
		t.Errorf("%v, %v", at, err)
	}
	o = Options{Bucket: "site", Region: "cn-north-1"}
	if at, err := locate(t.Context(), o); err != nil || at.base != "https://site.s3.cn-north-1.amazonaws.com.cn/" {
		t.Errorf("%v, %v", at, err)
	}
	o.Bucket = "os.example.org"
	if at, err := locate(t.Context(), o); err != nil || at.base != "https://s3.cn-north-1.amazonaws.com.cn/os.example.org/" {
		t.Errorf("%v, %v", at, err)
	}
	for _, bad := range []string{"s3.example", "ftp://x", "https://", "https://user:pw@host", "https://host?x"} {
		if _, err := locate(t.Context(), Options{Bucket: "site", Endpoint: bad}); fail.ClassOf(err) != fail.Usage || strings.Contains(fmt.Sprint(err), "pw") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestARunThatIsCancelledEnds although the server wants to be asked again.
func TestARunThatIsCancelledEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := saying(t, 400, "RequestTimeout", "")
	o.Retry = httpx.Retry{}
	cancel()
	if _, err := Open(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
