package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// oneWay is the delay in each direction: 50 ms there and back.
const oneWay = "25ms"

// web is nginx over the archive repo, plain and with HTTP/2 over TLS, each also
// at the far end of a long line. The ports become names: {h1}, {h2}, {far-h1},
// {far-h2} are URLs of the folder that holds the repo.
var web = fixture{"web server", func(ctx context.Context, b *bench) error {
	if err := b.certificates(); err != nil {
		return err
	}
	addrs := map[string]string{}
	for _, name := range []string{"h1", "h2", "far-h1", "far-h2"} {
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		addrs[name] = addr
		scheme := "http://"
		if name == "h2" || name == "far-h2" {
			scheme = "https://"
		}
		b.names[name] = scheme + addr
	}
	for _, d := range []string{"web", "web/tmp"} {
		if err := os.Mkdir(filepath.Join(b.dir, d), 0o755); err != nil {
			return err
		}
	}
	config := b.fill(fmt.Sprintf(nginxConfig, addrs["h1"], addrs["h2"]))
	name := filepath.Join(b.dir, "web/nginx.conf")
	if err := os.WriteFile(name, []byte(config), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o755); err != nil {
		return err
	}
	if err := b.start(ctx, addrs["h1"], "nginx", "-c", name, "-p", filepath.Join(b.dir, "web")); err != nil {
		return err
	}
	return errors.Join(
		b.start(ctx, addrs["far-h1"], b.self, "delay", addrs["far-h1"], addrs["h1"], oneWay),
		b.start(ctx, addrs["far-h2"], b.self, "delay", addrs["far-h2"], addrs["h2"], oneWay))
}}

const nginxConfig = `daemon off;
pid {dir}/web/pid;
error_log {dir}/web/error.log;
worker_processes 1;
events { worker_connections 1024; }
http {
	log_format short '$request_method $uri $status';
	access_log {dir}/web/access.log short;
	client_body_temp_path {dir}/web/tmp; proxy_temp_path {dir}/web/tmp; fastcgi_temp_path {dir}/web/tmp;
	uwsgi_temp_path {dir}/web/tmp; scgi_temp_path {dir}/web/tmp;
	sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 300;
	root {dir};
	server { listen %s; }
	server {
		listen %s ssl http2;
		ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
	}
}
`

// logged counts what the web server has answered so far.
func (b *bench) logged() int {
	f, err := os.Open(filepath.Join(b.dir, "web/access.log"))
	if err != nil {
		return 0
	}
	defer f.Close()
	buf, n := make([]byte, 64<<10), 0
	for {
		k, err := f.Read(buf)
		n += bytes.Count(buf[:k], []byte("\n"))
		if err != nil {
			return n
		}
	}
}

// certificates makes an authority, {dir}/ca.pem, and a server that it vouches
// for.
func (b *bench) certificates() error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour)}
	caBytes, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter}
	leafBytes, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return err
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	write := func(name, kind string, data []byte) error {
		return os.WriteFile(filepath.Join(b.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600)
	}
	return errors.Join(write("ca.pem", "CERTIFICATE", caBytes), write("server.pem", "CERTIFICATE", leafBytes),
		write("server.key", "PRIVATE KEY", keyBytes))
}
