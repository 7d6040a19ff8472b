package main

// comparisons are the claims. The peer is the real ostree doing the same work
// on the same bytes; where it has no such command, the nearest one that moves
// the same objects.
func (b *bench) comparisons() []comparison {
	both := func(name string, cpu float64, ours, peer command) comparison {
		return comparison{name: name, ours: ours, peer: peer, cpu: cpu}
	}
	c := func(before, line string) command { return command{before: b.fill(before), argv: b.words(line)} }
	return []comparison{
		both("commit into an archive repo", 1,
			c("rm -rf {dir}/o && ostree init --repo={dir}/o --mode=archive", "{program} ostree commit --repo {dir}/o -b m --tree=dir={roots}/v1"),
			c("rm -rf {dir}/o && ostree init --repo={dir}/o --mode=archive", "ostree commit --repo={dir}/o -b m --tree=dir={roots}/v1")),
		both("fsck of an archive repo", 1,
			c("", "{program} ostree fsck --repo {dir}/repo"),
			c("", "ostree fsck --repo={dir}/repo")),
		both("pull-local, verified, archive to bare", 1,
			c("rm -rf {dir}/o && ostree init --repo={dir}/o --mode=bare", "{program} ostree pull-local --repo {dir}/o {dir}/repo v1"),
			c("rm -rf {dir}/o && ostree init --repo={dir}/o --mode=bare", "ostree pull-local --untrusted --repo={dir}/o {dir}/repo v1")),
		both("checkout, user mode, from archive", 0,
			c("rm -rf {dir}/co", "{program} ostree checkout -U --repo {dir}/repo v1 {dir}/co"),
			c("rm -rf {dir}/co", "ostree checkout -U --disable-cache --repo={dir}/repo v1 {dir}/co")),
		both("publish, nothing new; peer: ostree pull, nothing new", 0,
			c("", "{program} publish -r {dir}/repo --ref v2 -m bench -c {dir}/server/credentials.zip --tag main --version 2"),
			c("rm -rf {dir}/noop && cp -al {dir}/repo {dir}/noop && ostree --repo={dir}/noop remote add --no-gpg-verify s {api}/ostree", "ostree --repo={dir}/noop pull --mirror s v2")),
		both("publish, all; peer: ostree pull --mirror, all", 0.5,
			c("rm -rf {dir}/fresh && "+b.freshBackend(), "{program} publish -r {dir}/repo --ref v1 -m bench -c {dir}/fresh/credentials.zip --tag main --no-target"),
			c("rm -rf {dir}/o && ostree init --repo={dir}/o --mode=archive && ostree --repo={dir}/o remote add --no-gpg-verify s {api}/ostree", "ostree --repo={dir}/o pull --mirror s v1")),
		both("publish, what changed; peer: ostree pull --mirror, what changed", 1,
			c("rm -rf {dir}/fresh && "+b.freshBackend()+"\n{program} publish -r {dir}/repo --ref v1 -m bench -c {dir}/fresh/credentials.zip --tag main", "{program} publish -r {dir}/repo --ref v2 -m bench -c {dir}/fresh/credentials.zip --tag main"),
			c("rm -rf {dir}/o && ostree init --repo={dir}/o --mode=archive && ostree --repo={dir}/o remote add --no-gpg-verify s {api}/ostree && ostree --repo={dir}/o pull-local {dir}/repo v1", "ostree --repo={dir}/o pull --mirror s v2")),
		both("bundle, all; peer: ostree pull --mirror, all", 0.5,
			c("rm -rf {dir}/b", "{program} targets offline-update bench-2 {dir}/b --tag main"),
			c("rm -rf {dir}/o && ostree init --repo={dir}/o --mode=archive && ostree --repo={dir}/o remote add --no-gpg-verify s {api}/ostree", "ostree --repo={dir}/o pull --mirror s v2")),
		both("bundle, verify; peer: ostree fsck of the same repo", 1,
			c("", "{program} targets offline-update verify {dir}/bundle"),
			c("", "ostree fsck --repo={dir}/bundle/ostree_repo")),
		both("install a bundle; peer: pull-local --untrusted and deploy", 1,
			command{before: b.fill(b.freshSysroot()), code: 100,
				argv: b.words("{program} aklite-offline install --src-dir {dir}/bundle --config {dir}/conf")},
			command{before: b.fill(b.freshSysroot()), argv: []string{"bash", "-euc",
				b.fill("ostree --repo={dir}/sysroot-run/ostree/repo pull-local --untrusted {dir}/repo v2 && ostree admin --sysroot={dir}/sysroot-run deploy --os=lmp v2")}}),
	}
}

// freshBackend ends the backend of an earlier run and starts one without
// objects in it.
func (b *bench) freshBackend() string {
	return b.fill(`{ [ ! -s {dir}/fresh.pid ] || kill $(cat {dir}/fresh.pid) 2>/dev/null || true; }
port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
a=127.0.0.1:$(port) g=127.0.0.1:$(port)
setsid {program} serve --quiet --data {dir}/fresh --addr $a --gateway-addr $g >/dev/null 2>&1 </dev/null & echo $! >{dir}/fresh.pid
for i in $(seq 200); do curl -fs http://$a/healthz >/dev/null && break; sleep 0.05; done`)
}

// freshSysroot is a sysroot with version 1 deployed, and a device that has not
// seen an update.
func (b *bench) freshSysroot() string {
	return `chattr -i {dir}/sysroot-run/ostree/deploy/*/deploy/* 2>/dev/null || true
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
}
