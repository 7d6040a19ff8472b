package main

import (
	"context"
	"path/filepath"
	"strconv"
	"time"
)

// ci is a backend whose CI has version 2 as a tar.bz2, {tar}, and the context
// that leads there.
var ci = fixture{"the CI's tar.bz2 of version 2", func(ctx context.Context, b *bench) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	b.names["ci"] = "http://" + addr
	at := "local/lmp/builds/2/runs/bench/other"
	b.names["tar"] = b.names["ci"] + "/projects/" + at + "/bench-ostree_repo.tar.bz2"
	if err := b.start(ctx, addr, b.self, "kept", addr, b.names["api"], filepath.Join(b.dir, "kept")); err != nil {
		return err
	}
	return lines("",
		"ostree init --repo={dir}/ostree_repo --mode=archive && ostree pull-local --repo={dir}/ostree_repo {dir}/repo v2",
		"mkdir -p {dir}/kept/"+at+" && tar -cjf {dir}/kept/"+at+"/bench-ostree_repo.tar.bz2 -C {dir} ostree_repo",
		contextFor("ci")).make(ctx, b)
}}

// contextFor makes the context {dir}/NAME.yaml of the backend's for {NAME}.
func contextFor(name string) string {
	return "sed 's|{api}|{" + name + "}|' {dir}/server/otactl.yaml > {dir}/" + name + ".yaml && chmod 600 {dir}/" + name + ".yaml"
}

// farBackend is the backend at the far end of a long line, {far-api}, and the
// context that leads there.
var farBackend = fixture{"the backend, 50 ms away", func(ctx context.Context, b *bench) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	b.names["far-api"] = "http://" + addr
	if err := b.start(ctx, addr, b.self, "delay", addr, b.names["api"][len("http://"):], oneWay); err != nil {
		return err
	}
	return lines("", contextFor("far-api")).make(ctx, b)
}}

// nearlyDone says, as {most-of-it}, how many objects are nine tenths of the
// bundle's.
var nearlyDone = fixture{"count of the bundle's objects", func(_ context.Context, b *bench) error {
	b.names["most-of-it"] = strconv.Itoa(objects(filepath.Join(b.dir, "bundle")) * 9 / 10)
	return nil
}}

// manyPublished is a target of 200,000 objects.
var manyPublished = lines("backend with 200,000 objects",
	"{program} publish -r {dir}/many-repo --ref v1 -m many -c {dir}/server/credentials.zip --tag main --version 1")

// Lines that make a bundle of version 2, and of many small objects.
const (
	build     = "{program} targets offline-update bench-2 {out} --tag main"
	buildMany = "{program} targets offline-update many-1 {out} --tag main"
	verify    = "{program} targets offline-update verify "
)

// offlineClaims are those about bundles. Their peers are what fioctl does, what
// ostree does with the same objects, and what no program can do without.
func offlineClaims() []comparison {
	pair := func(name string, c claims, ours, peer string, needs ...fixture) comparison {
		c.rss = onDevice
		return comparison{name: name, claims: c, ours: command{line: ours}, peer: command{line: peer}, needs: append([]fixture{repo, backend}, needs...)}
	}
	mirror := pair("bundle, all; peer: ostree pull --mirror", claims{cpu: 2}, build, "ostree --repo={out} pull --mirror s v2")
	mirror.peer.before = newArchive + fromBackend("{api}")
	far := pair("bundle, all, 50 ms; peer: ostree pull --mirror", claims{wall: 8}, build+" --config {dir}/far-api.yaml",
		"ostree --repo={out} pull --mirror s v2", farBackend)
	far.peer.before = newArchive + fromBackend("{far-api}")
	far.once = true
	resumed := pair("bundle, after a kill at 90 %; peer: the whole of it", claims{wall: 1 / 0.15}, build, build, nearlyDone)
	resumed.ours.before = "{self} cut {most-of-it} {out} " + build
	renew := pair("bundle, --tuf-only; peer: the whole of it", claims{wallTime: time.Second}, build+" --tuf-only", build)
	renew.ours.before = "cp -a {dir}/bundle {out}"
	all := []comparison{
		pair("bundle, all; peer: tar.bz2 unpacked in one stream", claims{wall: 6}, build, "{self} unpack {tar} {out}", ci),
		pair("bundle, all, out of the CI's tar.bz2; peer: that unpacked in one stream", claims{wall: 1.5}, build+" --config {dir}/ci.yaml", "{self} unpack {tar} {out}", ci),
		pair("bundle, all; peer: cp -r, then inflating and hashing alone", claims{wall: 1 / 1.4}, build,
			"cp -r {dir}/bundle/ostree_repo {out} && {self} limit inflate {out}"),
		mirror, far, resumed, renew,
		pair("bundle, verify; peer: ostree fsck of the same repo", claims{wall: 1.8}, verify+"{dir}/bundle", "ostree fsck --repo={dir}/bundle/ostree_repo"),
	}
	// Memory: what counts is ours, the rest is shown.
	made := pair("bundle of 200,000 objects; peer: ostree pull --mirror", claims{}, buildMany, "ostree --repo={out} pull --mirror s v1", many, manyPublished)
	made.peer.before = newArchive + " && ostree --repo={out} remote add --no-gpg-verify s file://{dir}/many-repo"
	checked := pair("bundle of 200,000 objects, verify; peer: ostree fsck", claims{}, verify+"{out}", "ostree fsck --repo={dir}/many-repo", many, manyPublished)
	checked.ours.before = buildMany
	made.once, checked.once = true, true
	return append(all, made, checked)
}

func fromBackend(api string) string {
	return " && ostree --repo={out} remote add --no-gpg-verify s " + api + "/ostree"
}
