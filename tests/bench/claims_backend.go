package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// backend is our server with both versions published, {api} its address, and a
// bundle of version 2.
var backend = fixture{"backend with both versions", func(ctx context.Context, b *bench) error {
	if err := b.serve(ctx); err != nil {
		return err
	}
	return lines("",
		"{program} publish -r {dir}/repo --ref v1 -m bench -c {dir}/server/credentials.zip --tag main --version 1",
		"{program} publish -r {dir}/repo --ref v2 -m bench -c {dir}/server/credentials.zip --tag main --version 2",
		"{program} targets offline-update bench-2 {dir}/bundle --tag main",
		"mkdir {dir}/conf && printf '[provision]\\nprimary_ecu_hardware_id = \"bench\"\\n' > {dir}/conf/hw.toml",
	).make(ctx, b)
}}

// sysroot has version 1 deployed.
var sysroot = lines("sysroot of version 1",
	"mkdir {dir}/sysroot && ostree admin init-fs --modern {dir}/sysroot && ostree admin --sysroot={dir}/sysroot os-init lmp",
	"ostree --repo={dir}/sysroot/ostree/repo pull-local {dir}/repo v1 && ostree admin --sysroot={dir}/sysroot deploy --os=lmp v1")

// backendClaims are those about publishing and devices. What moves the
// same objects with the same checks in Debian is a pull.
func backendClaims() []comparison {
	pair := func(name string, c claims, ours, peer command) comparison {
		return comparison{name: name, claims: c, ours: ours, peer: peer, needs: []fixture{repo, backend}}
	}
	fromAPI := fromBackend("{api}")
	install := pair("install a bundle; peer: pull-local --untrusted and deploy", claims{cpu: 1, rss: onDevice},
		command{before: freshSysroot, line: "{program} aklite-offline install --src-dir {dir}/bundle --config {dir}/conf", code: 100},
		command{before: freshSysroot, line: "ostree --repo={dir}/sysroot-run/ostree/repo pull-local --untrusted {dir}/repo v2 && ostree admin --sysroot={dir}/sysroot-run deploy --os=lmp v2"})
	return []comparison{
		pair("publish, nothing new; peer: pull, nothing new", claims{rss: onDevice},
			command{line: "{program} publish -r {dir}/repo --ref v2 -m bench -c {dir}/server/credentials.zip --tag main --version 2"},
			command{before: "cp -al {dir}/repo {out}" + fromAPI, line: "ostree --repo={out} pull --mirror s v2"}),
		pair("publish, all; peer: pull --mirror, all", claims{cpu: 2, rss: onDevice},
			command{before: freshBackend, line: "{program} publish -r {dir}/repo --ref v1 -m bench -c {dir}/fresh/credentials.zip --tag main --no-target"},
			command{before: newArchive + fromAPI, line: "ostree --repo={out} pull --mirror s v1"}),
		pair("publish, what changed; peer: pull --mirror, what changed", claims{cpu: 1, rss: onDevice},
			command{before: freshBackend + "\n{program} publish -r {dir}/repo --ref v1 -m bench -c {dir}/fresh/credentials.zip --tag main",
				line: "{program} publish -r {dir}/repo --ref v2 -m bench -c {dir}/fresh/credentials.zip --tag main"},
			command{before: committed + fromAPI, line: "ostree --repo={out} pull --mirror s v2"}),
		install.with(sysroot),
	}
}

func (b *bench) serve(ctx context.Context) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	gateway, err := freeAddr()
	if err != nil {
		return err
	}
	b.names["api"] = "http://" + addr
	if err := b.start(ctx, addr, b.program, "serve", "--quiet", "--data", filepath.Join(b.dir, "server"), "--addr", addr, "--gateway-addr", gateway); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if resp, err := http.Get("http://" + addr + "/healthz"); err == nil {
			return resp.Body.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.Join(ctx.Err(), os.ErrDeadlineExceeded)
}

// freshBackend ends the backend of an earlier run and starts one without
// objects in it.
const freshBackend = `{ [ ! -s {dir}/fresh.pid ] || kill $(cat {dir}/fresh.pid) 2>/dev/null || true; }
rm -rf {dir}/fresh
port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
a=127.0.0.1:$(port) g=127.0.0.1:$(port)
setsid {program} serve --quiet --data {dir}/fresh --addr $a --gateway-addr $g >/dev/null 2>&1 </dev/null & echo $! >{dir}/fresh.pid
for i in $(seq 200); do curl -fs http://$a/healthz >/dev/null && break; sleep 0.05; done`

// freshSysroot is a sysroot with version 1 deployed, and a device that has not
// seen an update.
const freshSysroot = `chattr -i {dir}/sysroot-run/ostree/deploy/*/deploy/* 2>/dev/null || true
rm -rf {dir}/sysroot-run {dir}/sota && cp -a {dir}/sysroot {dir}/sysroot-run && mkdir -m 700 {dir}/sota
cat > {dir}/conf/z.toml <<T
[pacman]
type = "ostree"
sysroot = "{dir}/sysroot-run"
os = "lmp"
booted = "staged"
[storage]
path = "{dir}/sota"
[bootloader]
reboot_sentinel_dir = "{dir}/sota/run"
[otactl]
lock_file = "{dir}/sota.lock"
trust_first_bundle = true
T`
