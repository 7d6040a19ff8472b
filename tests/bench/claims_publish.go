package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// far is the delay of each request and each new connection to a publisher's
// server.
const far = "20ms"

// What a push of the change may ask of otactl serve, and one of nothing new of
// any server.
const (
	toServe     = 20
	nothingToDo = 2
)

// toTreehub is what a push of the change may ask of a treehub: a request for
// each object that version 1 has not, and five.
func toTreehub(b *bench) (int, error) {
	var counts [2]int
	for i, build := range []string{"build1", "build2"} {
		err := filepath.WalkDir(filepath.Join(b.dir, build, "objects"), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				counts[i]++
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return counts[1] - counts[0] + 5, nil
}

// builds are the archive repos that are pushed, both with one ref, main:
// {dir}/build1 holds version 1 and {dir}/build2 both of them. The addresses of
// the servers that each run starts anew are {rig}, {api20} before {back}.
var builds = fixture{"repos to push", func(ctx context.Context, b *bench) error {
	for _, name := range []string{"rig", "api20", "back", "back-gateway"} {
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		b.names[name] = addr
	}
	return lines("",
		"ostree init --repo={dir}/build1 --mode=archive && ostree pull-local --repo={dir}/build1 {dir}/repo v1",
		"ostree --repo={dir}/build1 refs --create=main v1 && ostree --repo={dir}/build1 refs --delete v1",
		"ostree init --repo={dir}/build2 --mode=archive && ostree pull-local --repo={dir}/build2 {dir}/repo v1 v2",
		"ostree --repo={dir}/build2 refs --create=main v2 && ostree --repo={dir}/build2 refs --delete v1 && ostree --repo={dir}/build2 refs --delete v2",
		`printf '{"no_auth":true,"ostree":{"server":"http://%s/api/v3/"}}' {rig} > {dir}/rig.json`,
	).make(ctx, b)
}}

// startRig ends the treehub-mock of an earlier run and starts one over what
// lies at {out}. It verifies nothing of what it is sent.
func startRig(late string) string {
	return `
if [ -s {dir}/rig.pid ]; then kill $(cat {dir}/rig.pid) 2>/dev/null || true; fi
for i in $(seq 200); do curl -fs http://{rig}/_stats >/dev/null || break; sleep 0.05; done
setsid treehub-mock -root {out} -addr {rig} -latency ` + late + ` >/dev/null 2>&1 </dev/null & echo $! >{dir}/rig.pid
for i in $(seq 1200); do curl -fs http://{rig}/_stats >/dev/null && break; sleep 0.05; done`
}

// What a treehub holds before a push.
const (
	holdsNothing = "mkdir {out}"
	holdsBuild1  = "cp -al {dir}/build1 {out}"
	holdsBuild2  = "cp -al {dir}/build2 {out}"
)

// startServe ends the backend of an earlier run and starts an empty one behind
// a front.
const startServe = `
if [ -s {dir}/serve.pid ]; then kill $(cat {dir}/serve.pid) 2>/dev/null || true; fi
for i in $(seq 200); do curl -fs http://{back}/healthz >/dev/null || break; sleep 0.05; done
{ setsid {program} serve --quiet --data {out} --addr {back} --gateway-addr {back-gateway} --url http://{api20} >/dev/null 2>&1 </dev/null & echo $!
setsid {self} front {api20} {back} ` + far + ` >/dev/null 2>&1 </dev/null & echo $!; } >{dir}/serve.pid
for i in $(seq 400); do curl -fs http://{api20}/healthz >/dev/null && break; sleep 0.05; done`

// Lines that push one ref and sign nothing, which is all that the peers do.
const (
	pushToRig    = "{program} publish -r {dir}/%s --ref main -c {dir}/rig.json --no-target"
	pushToServe  = "{program} publish -r {dir}/%s --ref main -c {out}/credentials.zip --no-target"
	fiopush      = "fiopush -repo {dir}/%s -server http://{rig} -factory f -token t"
	sendAlone    = "{self} limit send {dir}/%s http://{rig}/api/v3/"
	garagePushes = "garage-push -C {dir}/%s -r main -j {dir}/rig.json -q --disable-integrity-checks --jobs "
)

// publishClaims are those about pushes. Their peers are not in Debian: whoever
// runs them builds treehub-mock, garage-push and fiopush and puts them on the
// PATH.
func publishClaims() []comparison {
	var all []comparison
	for _, jobs := range []string{"30", "100", "300"} {
		peer := "peer: garage-push --jobs " + jobs + " without its checks"
		all = append(all,
			push("push, all, to a treehub; "+peer, "build1", claims{wall: 1.2}, rigged(holdsNothing, far, pushToRig), rigged(holdsNothing, far, garagePushes+jobs)),
			push("push, what changed, to a treehub; "+peer, "build2", claims{wall: 4, asks: toTreehub}, rigged(holdsBuild1, far, pushToRig), rigged(holdsBuild1, far, garagePushes+jobs)))
	}
	hub := rigged(holdsNothing, far, fiopush)
	hubChange := rigged(holdsBuild1, far, fiopush)
	served := command{before: startServe, line: pushToServe, front: "{api20}"}
	servedOnce, servedTwice := served, served
	servedOnce.before += "\n{program} publish -r {dir}/build1 --ref main -c {out}/credentials.zip --no-target"
	servedTwice.before += "\n{program} publish -r {dir}/build2 --ref main -c {out}/credentials.zip --no-target"
	return append(all,
		push("push, what changed, to a treehub; peer: fiopush", "build2", claims{wall: 4, asks: toTreehub}, rigged(holdsBuild1, far, pushToRig), hubChange),
		push("push, nothing new, to a treehub; peer: garage-push", "build2", claims{requests: nothingToDo}, rigged(holdsBuild2, far, pushToRig), rigged(holdsBuild2, far, garagePushes+"30")),
		push("push, all, no delay; peer: inflating, hashing and sending alone", "build1", claims{cpu: 1 / 1.2}, rigged(holdsNothing, "0ms", pushToRig), rigged(holdsNothing, "0ms", sendAlone)),
		push("push, all, to otactl serve; peer: fiopush to treehub-mock", "build1", claims{wall: 1.2}, served, hub),
		push("push, what changed, to otactl serve; peer: fiopush to treehub-mock", "build2", claims{wall: 4, requests: toServe}, servedOnce, hubChange),
		push("push, nothing new, to otactl serve; peer: fiopush to treehub-mock", "build2", claims{requests: nothingToDo}, servedTwice, rigged(holdsBuild2, far, fiopush)),
		tenTimes(),
	)
}

// rigged is one side that pushes to a treehub-mock over what holds leaves.
func rigged(holds, late, line string) command {
	return command{before: holds + startRig(late), line: line, front: "{rig}"}
}

// push is a comparison of two pushes of one repo, whose name takes the place
// of %s.
func push(name, build string, c claims, ours, peer command) comparison {
	c.rss = onDevice
	return comparison{name: name, claims: c, ours: ours.of(build), peer: peer.of(build), needs: []fixture{repo, builds}, byHand: byHand(peer)}
}

// tenTimes holds that cost grows with the objects and no faster: its peer is
// the same push of a tenth of them.
func tenTimes() comparison {
	side := rigged(holdsNothing, "0ms", "{program} publish -r {dir}/%s-repo --ref v1 -c {dir}/rig.json --no-target")
	return comparison{name: "push of 200,000 objects; peer: the same of 20,000", claims: claims{cpu: 0.09, rss: onDevice}, once: true,
		ours: side.of("many"), peer: side.of("few"), needs: []fixture{repo, builds, many, few}, byHand: byHand(side)}
}

// of puts the name of a repo into the line.
func (c command) of(repo string) command {
	c.line = fmt.Sprintf(c.line, repo)
	return c
}

// byHand are the programs of a command that no package brings.
func byHand(c command) []string {
	var list []string
	for _, word := range strings.Fields(c.before + " " + c.line) {
		if slices.Contains([]string{"treehub-mock", "garage-push", "fiopush"}, word) {
			list = append(list, word)
		}
	}
	return list
}
