package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/otactl/otactl/ostree"
)

const (
	uuid1 = "11111111-2222-4333-8444-555555555555"
	uuid2 = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
)

// identity is a device's key and what it got for it.
type identity struct {
	key   *ecdsa.PrivateKey
	files map[string]string
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func csr(t *testing.T, key any, subject pkix.Name) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func subject(uuid string) pkix.Name {
	return pkix.Name{CommonName: uuid, OrganizationalUnit: []string{"local"}}
}

// registration is the body that lmp-device-register sends.
func registration(t *testing.T, name, uuid, csr string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"name": name, "uuid": uuid, "csr": csr, "hardware-id": "demo",
		"sota-config-dir": "/var/sota", "use-ostree-server": "true",
		"overrides": map[string]any{"pacman": map[string]string{"tags": `"main"`, "packages_file": ""}, "p11": map[string]string{"label": "aktualizr"}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *backend) register(t *testing.T, token, name, uuid string) *identity {
	t.Helper()
	id := &identity{key: newKey(t)}
	b.call(t, token, "POST", "/ota/devices/", registration(t, name, uuid, csr(t, id.key, subject(uuid)))).want(t, 201).json(t, &id.files)
	return id
}

func parseCert(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("not PEM: %s", text)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRegisteredDeviceGetsWhatItNeeds(t *testing.T) {
	b := start(t)
	b.call(t, "", "HEAD", "/ota/devices/", nil).want(t, 200)
	id := b.register(t, b.operator, "dev-1", uuid1)
	cert := parseCert(t, id.files["client.pem"])
	if cert.Subject.CommonName != uuid1 || !slices.Equal(cert.Subject.OrganizationalUnit, []string{"local"}) || !id.key.PublicKey.Equal(cert.PublicKey) {
		t.Errorf("the certificate is for %s", cert.Subject)
	}
	critical := map[string]bool{}
	for _, e := range cert.Extensions {
		critical[e.Id.String()] = e.Critical
	}
	if !critical["2.5.29.15"] || !critical["2.5.29.37"] || cert.IsCA {
		t.Errorf("key usage and extended key usage must be critical, and no CA: %v", critical)
	}
	var sota map[string]map[string]string
	if err := toml.Unmarshal([]byte(id.files["sota.toml"]), &sota); err != nil {
		t.Fatal(err)
	}
	if sota["tls"]["server"] != b.Gateway || sota["pacman"]["tags"] != "main" || sota["p11"]["label"] != "aktualizr" {
		t.Errorf("sota.toml is %v", sota)
	}
	if _, set := sota["pacman"]["packages_file"]; set {
		t.Error("an override that is empty must unset its key")
	}
	again := b.register(t, b.operator, "dev-2", uuid2)
	if strings.Replace(again.files["sota.toml"], uuid2, uuid1, -1) != id.files["sota.toml"] {
		t.Error("sota.toml comes in another order the second time")
	}
	var list struct {
		Devices []struct{ Name, UUID, Tag string }
	}
	b.call(t, b.operator, "GET", "/ota/factories/local/devices/", nil).want(t, 200).json(t, &list)
	if len(list.Devices) != 2 || list.Devices[0].Tag != "main" || list.Devices[0].Name != "dev-1" || list.Devices[0].UUID != uuid1 {
		t.Errorf("the list is %+v", list)
	}
}

func TestRegistrationIsRefused(t *testing.T) {
	b := start(t)
	b.register(t, b.operator, "dev-1", uuid1)
	k := newKey(t)
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	double := subject(uuid2)
	double.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: uuid1}}
	broken := csr(t, k, subject(uuid2))
	broken = strings.Replace(broken, "MI", "MJ", 1)
	for what, c := range map[string]struct {
		name, uuid, csr string
		status          int
	}{
		"name taken":     {"dev-1", uuid2, csr(t, k, subject(uuid2)), 409},
		"uuid taken":     {"dev-2", strings.ToUpper(uuid1), csr(t, k, subject(strings.ToUpper(uuid1))), 409},
		"other CN":       {"dev-2", uuid2, csr(t, k, subject(uuid1)), 400},
		"two CNs":        {"dev-2", uuid2, csr(t, k, double), 400},
		"other OU":       {"dev-2", uuid2, csr(t, k, pkix.Name{CommonName: uuid2, OrganizationalUnit: []string{"x"}}), 400},
		"two OUs":        {"dev-2", uuid2, csr(t, k, pkix.Name{CommonName: uuid2, OrganizationalUnit: []string{"local", "x"}}), 400},
		"weak key":       {"dev-2", uuid2, csr(t, weak, subject(uuid2)), 400},
		"broken CSR":     {"dev-2", uuid2, broken, 400},
		"no CSR":         {"dev-2", uuid2, "", 400},
		"name as a path": {"../x", uuid2, csr(t, k, subject(uuid2)), 400},
		"another's uuid": {strings.ToUpper(uuid1), uuid2, csr(t, k, subject(uuid2)), 400},
		"no uuid":        {"dev-2", "../../x", csr(t, k, subject("../../x")), 400},
	} {
		if a := b.call(t, b.operator, "POST", "/v1/devices", registration(t, c.name, c.uuid, c.csr)); a.code != c.status {
			t.Errorf("%s: status %d, want %d: %s", what, a.code, c.status, a.body)
		}
	}
	b.call(t, b.publisher(t), "POST", "/ota/devices/", registration(t, "x", uuid2, csr(t, k, subject(uuid2)))).refused(t, 403, "forbidden")
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

type flow struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri_complete"`
	Interval   int    `json:"interval"`
	ExpiresIn  int    `json:"expires_in"`
}

func (b *backend) begin(t *testing.T, uuid string) flow {
	t.Helper()
	var f flow
	b.form(t, "/oauth/authorization/device/", url.Values{"client_id": {uuid}, "scope": {"local:devices:create"}}).want(t, 200).json(t, &f)
	return f
}

// poll asks after a code and says what the answer is: "ok" or the error.
func (b *backend) poll(t *testing.T, f flow, uuid string) (result, token string) {
	t.Helper()
	a := b.form(t, "/oauth/token/", url.Values{"grant_type": {deviceGrant}, "device_code": {f.DeviceCode}, "client_id": {uuid}, "scope": {"local:devices:create"}})
	var out struct {
		Error string
		Token string `json:"access_token"`
	}
	a.json(t, &out)
	if a.code == 200 {
		return "ok", out.Token
	}
	a.want(t, 400)
	return out.Error, ""
}

func (b *backend) approve(t *testing.T, token, verb, code string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"user_code": code})
	if err != nil {
		t.Fatal(err)
	}
	return b.call(t, token, "POST", "/ota/factories/local/device-codes/"+verb, body)
}

func TestDeviceFlowLetsOneDeviceInOnce(t *testing.T) {
	b := start(t)
	f := b.begin(t, uuid1)
	if f.Interval != 5 || f.ExpiresIn != 900 || len(f.UserCode) != 9 || !strings.HasPrefix(f.URI, b.URL+"/activate?user_code=") {
		t.Errorf("the flow begins with %+v", f)
	}
	want := func(uuid, result string) string {
		t.Helper()
		got, token := b.poll(t, f, uuid)
		if got != result {
			t.Fatalf("the poll says %s, want %s", got, result)
		}
		return token
	}
	want(uuid1, "authorization_pending")
	want(uuid1, "slow_down")
	b.pass(11 * time.Second)
	want(uuid1, "authorization_pending")
	want(uuid2, "invalid_grant") // bound to the client that began
	b.approve(t, b.publisher(t), "approve", f.UserCode).refused(t, 403, "forbidden")
	b.approve(t, b.operator, "approve", "BCDF-GHJK").refused(t, 404, "code_not_found")
	var said map[string]string
	b.approve(t, b.operator, "approve", strings.ToLower(strings.Replace(f.UserCode, "-", " ", 1))).want(t, 200).json(t, &said)
	if said["uuid"] != uuid1 || said["requested-at"] == "" {
		t.Errorf("the approval says %v", said)
	}
	b.approve(t, b.operator, "approve", f.UserCode).refused(t, 404, "code_not_found")
	b.pass(11 * time.Second)
	token := want(uuid1, "ok")
	b.pass(11 * time.Second)
	want(uuid1, "invalid_grant") // single use

	bearer := base64.StdEncoding.EncodeToString([]byte(token))
	k := newKey(t)
	b.call(t, bearer, "POST", "/ota/devices/", registration(t, "x", uuid2, csr(t, k, subject(uuid2)))).refused(t, 403, "forbidden")
	b.call(t, bearer, "GET", targetsPath, nil).refused(t, 403, "forbidden")
	b.register(t, bearer, "dev-1", uuid1)
	b.call(t, bearer, "POST", "/ota/devices/", registration(t, "x", uuid1, csr(t, k, subject(uuid1)))).refused(t, 401, "unauthorized")
}

func TestDeviceFlowEnds(t *testing.T) {
	b := start(t)
	denied := b.begin(t, uuid1)
	b.approve(t, b.operator, "deny", denied.UserCode).want(t, 200)
	if got, _ := b.poll(t, denied, uuid1); got != "access_denied" {
		t.Errorf("after a refusal the poll says %s", got)
	}
	f := b.begin(t, uuid1)
	b.pass(16 * time.Minute)
	if got, _ := b.poll(t, f, uuid1); got != "expired_token" {
		t.Errorf("after its time the poll says %s", got)
	}
	b.approve(t, b.operator, "approve", f.UserCode).refused(t, 404, "code_not_found")
	f = b.begin(t, uuid1)
	b.poll(t, f, uuid1)
	for range 30 { // a device that never listens to slow_down gets nothing else
		if got, _ := b.poll(t, f, uuid1); got != "slow_down" {
			t.Fatalf("asked without pause, the poll says %s", got)
		}
	}
	for _, form := range []url.Values{
		{"client_id": {"x"}, "scope": {"local:devices:create"}}, {"client_id": {uuid1}, "scope": {"other:devices:create"}},
	} {
		b.form(t, "/oauth/authorization/device/", form).want(t, 400)
	}
}

// client speaks mutual TLS as a device.
func (b *backend) client(t *testing.T, id *identity) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	root, err := os.ReadFile(filepath.Join(b.dir, "pki", "root.crt"))
	if err != nil || !pool.AppendCertsFromPEM(root) {
		t.Fatal(err)
	}
	cfg := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	if id != nil {
		cert := parseCert(t, id.files["client.pem"])
		cfg.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: id.key}}
	}
	tr := &http.Transport{TLSClientConfig: cfg}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func (b *backend) gate(t *testing.T, c *http.Client, method, path string, body []byte, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, b.Gateway+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

func TestDeviceFetchesThroughTheGateway(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	c := b.client(t, b.register(t, b.operator, "dev-1", uuid1))
	for _, name := range []string{"1.root.json", "timestamp.json", "snapshot.json", "targets.json"} {
		a := b.gate(t, c, "GET", "/repo/"+name, nil, "x-ats-tags", "main").want(t, 200)
		if api := b.call(t, token, "GET", "/ota/repo/local/api/v1/user_repo/"+name, nil); api.body != a.body {
			t.Errorf("%s differs between API and gateway", name)
		}
	}
	b.gate(t, c, "GET", "/repo/2.root.json", nil).want(t, 404)
	b.gate(t, c, "GET", "/repo/..%2fserver.db", nil).want(t, 404)
	object := "/ostree/" + ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommit}.ArchivePath()
	whole := b.gate(t, c, "GET", object, nil).want(t, 200).body
	if part := b.gate(t, c, "GET", object, nil, "Range", "bytes=5-").want(t, 206).body; part != whole[5:] {
		t.Error("the range is not the part asked for")
	}
	b.gate(t, c, "HEAD", object, nil).want(t, 200)
	b.gate(t, c, "POST", "/ostree/download-urls", nil).want(t, 204)
	b.gate(t, c, "GET", "/config", nil).want(t, 204)
	b.gate(t, c, "GET", "/hub-creds/", nil).want(t, 404)
}
