package server_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGatewayRecordsWhatADeviceSays(t *testing.T) {
	b := start(t)
	c := b.client(t, b.register(t, b.operator, "dev-1", uuid1))
	says := func(headers ...string) map[string]any {
		t.Helper()
		var d map[string]any
		b.gate(t, c, "GET", "/device", nil, headers...).want(t, 200).json(t, &d)
		return d
	}
	d := says("x-ats-tags", "main,dev , a/b", "x-ats-target", "demo-1", "x-ats-ostreehash", "unknown", "x-ats-dockerapps", "a,b")
	if d["tag"] != "main,dev" || d["target_name"] != "demo-1" || d["ostree_hash"] != "unknown" || d["docker_apps"] != "a,b" || d["uuid"] != uuid1 {
		t.Errorf("the device is %v", d)
	}
	if d = says("x-ats-target", ""); d["tag"] != "main,dev" || d["target_name"] != "" {
		t.Errorf("a missing header must keep and an empty one clear: %v", d)
	}
	ok := `{"id":"e-1","deviceTime":"2026-01-01T00:00:00Z","event":{"correlationId":"1-x","ecu":"","targetName":"t","version":"1"},"eventType":{"id":"EcuDownloadStarted","version":0}}`
	b.gate(t, c, "POST", "/events", []byte("["+ok+`,{"id":"../x"},7]`)).want(t, 200)
	b.gate(t, c, "POST", "/events", []byte("["+ok+"]")).want(t, 200) // sent twice, kept once
	var events []struct{ ID string }
	b.call(t, b.operator, "GET", "/ota/factories/local/devices/dev-1/events", nil).want(t, 200).json(t, &events)
	if len(events) != 1 || events[0].ID != "e-1" {
		t.Errorf("the events are %v", events)
	}
	b.gate(t, c, "POST", "/events", []byte("{")).want(t, 400)
	b.gate(t, c, "PUT", "/system_info", []byte(`{"id":"hw"}`)).want(t, 200)
	b.gate(t, c, "PUT", "/system_info", []byte(`nope`)).want(t, 400)
	b.gate(t, c, "POST", "/system_info/config", []byte("[tls]\n")).want(t, 200)
	b.gate(t, c, "PUT", "/system_info/network", []byte(`{"hostname":"h"}`)).want(t, 200)
	b.gate(t, c, "POST", "/apps-states", []byte(`{"deviceTime":"2026-01-01T00:00:00Z","apps":{}}`)).want(t, 200)
	b.gate(t, c, "POST", "/apps-states", []byte(`{"deviceTime":"now"}`)).want(t, 400)
	b.gate(t, c, "PUT", "/system_info/config", []byte(strings.Repeat("x", 101<<10))).want(t, 413)
	if got := b.call(t, b.operator, "GET", "/ota/factories/local/devices/"+uuid1+"/system_info", nil).want(t, 200).body; got != `{"id":"hw"}` {
		t.Errorf("its system_info is %s", got)
	}
	b.call(t, b.operator, "GET", "/ota/factories/local/devices/dev-1/none", nil).want(t, 404)
}

func TestGatewayLetsOnlyItsDevicesIn(t *testing.T) {
	b := start(t)
	id := b.register(t, b.operator, "dev-1", uuid1)
	resp, err := b.client(t, nil).Get(b.Gateway + "/device")
	if err != nil {
		t.Fatal(err)
	}
	if a := read(t, resp).want(t, 403); !strings.Contains(a.body, "no client certificate provided") || !resp.Close {
		t.Errorf("without a certificate: %s (connection closed: %t)", a.body, resp.Close)
	}
	foreign := start(t)
	if _, err := b.client(t, foreign.register(t, foreign.operator, "dev-1", uuid1)).Get(b.Gateway + "/device"); err == nil {
		t.Error("a certificate of another CA was let in")
	}
	for what, subject := range map[string]pkix.Name{
		"other factory": {CommonName: uuid2, OrganizationalUnit: []string{"other"}},
		"no uuid":       {CommonName: "../x", OrganizationalUnit: []string{"local"}},
		"other key":     {CommonName: uuid1, OrganizationalUnit: []string{"local"}},
	} {
		if a := b.gate(t, b.client(t, b.signByHand(t, subject)), "GET", "/device", nil); a.code != 403 {
			t.Errorf("%s: status %d: %s", what, a.code, a.body)
		}
	}
	c := b.client(t, id)
	b.gate(t, c, "GET", "/device", nil).want(t, 200)
	b.call(t, b.operator, "DELETE", "/ota/factories/local/devices/dev-1/", nil).want(t, 204)
	if a := b.gate(t, c, "GET", "/device", nil).want(t, 403); !strings.Contains(a.body, "Device("+uuid1+") is on the denied list") {
		t.Errorf("after it was deleted: %s", a.body)
	}
	b.call(t, b.operator, "POST", "/ota/devices/", registration(t, "dev-1", uuid1, csr(t, id.key, subject(uuid1)))).refused(t, 409, "device_exists")
}

func TestDeviceSignedElsewhereByOurCAIsTakenInOnFirstContact(t *testing.T) {
	b := start(t)
	c := b.client(t, b.signByHand(t, subject(uuid2)))
	b.gate(t, c, "GET", "/device", nil).want(t, 200)
	var list struct {
		Devices []struct{ UUID string }
	}
	b.call(t, b.operator, "GET", "/ota/factories/local/devices/", nil).json(t, &list)
	if len(list.Devices) != 1 || list.Devices[0].UUID != uuid2 {
		t.Errorf("the devices are %v", list.Devices)
	}
}

// signByHand makes a certificate with the device CA's key, past the server.
func (b *backend) signByHand(t *testing.T, subject pkix.Name) *identity {
	t.Helper()
	return b.signByHandFor(t, subject, newKey(t))
}

func (b *backend) signByHandFor(t *testing.T, subject pkix.Name, own *ecdsa.PrivateKey) *identity {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(b.dir, "pki", name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(data)
		return block.Bytes
	}
	ca, err := x509.ParseCertificate(read("device-ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParseECPrivateKey(read("device-ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	id := &identity{key: own}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(7), Subject: subject,
		NotBefore: b.time().Add(-time.Hour), NotAfter: b.time().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca, id.key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	id.files = map[string]string{"client.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	return id
}
