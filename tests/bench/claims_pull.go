package main

// remote adds the web server to the repo of one run, under a name of the
// fixture web.
func remote(url string) string {
	return " && ostree --repo={out} remote add --no-gpg-verify --set=tls-ca-path={dir}/ca.pem o {" + url + "}/repo"
}

// hasV1 is a bare-user repo for one run that has version 1.
const hasV1 = "cp -al {dir}/bare-user {out}"

// pullClaims are those about pulls over HTTP.
func pullClaims() []comparison {
	full := func(name, url string, c claims) comparison {
		return same(name, c, newBareUser+remote(url), "{ostree} --repo={out} pull --disable-static-deltas o v1", repo, web)
	}
	change := func(name, url string, c claims) comparison {
		return same(name, c, hasV1+remote(url), "{ostree} --repo={out} pull --disable-static-deltas o v2", repo, bareUser, web)
	}
	nothing := same("pull, nothing new, 50 ms", claims{requests: 3}, hasV1+remote("far-h1")+" && ostree --repo={out} pull o v1",
		"{ostree} --repo={out} pull o v1", repo, bareUser, web)
	nothingDeep := nothing
	mirror := same("mirror into an archive repo, verified", claims{cpu: 6}, newArchive+remote("h1"),
		"{ostree} --repo={out} pull --mirror --disable-static-deltas o v1", repo, web)
	mirror.ours.size, mirror.peer.size = "{out}/objects", "{out}/objects"
	nothingDeep.name = "pull, nothing new, 50 ms, HTTP/2"
	nothingDeep.ours.before = hasV1 + remote("far-h2") + " && ostree --repo={out} pull o v1"
	nothingDeep.peer.before = nothingDeep.ours.before
	return []comparison{
		full("pull, all, 50 ms, HTTP/1.1", "far-h1", claims{wall: 7}),
		full("pull, all, 50 ms, HTTP/2", "far-h2", claims{wall: 10}),
		full("pull, all, no delay, HTTP/1.1", "h1", claims{wall: 1.5}),
		full("pull, all, no delay, HTTP/2", "h2", claims{wall: 1.5}),
		change("pull, change of 3 %, 50 ms, HTTP/1.1", "far-h1", claims{wall: 5}),
		change("pull, change of 3 %, 50 ms, HTTP/2", "far-h2", claims{wall: 5}),
		change("pull, change of 3 %, no delay", "h1", claims{wall: 1.5}),
		nothing,
		nothingDeep,
		mirror,
		alone(mirror, "mirror into an archive repo, verified; peer: receiving, inflating, hashing and writing alone", 1.5,
			"{self} limit fetch {dir}/repo-v1 {h1}/repo {out}").with(repoV1),
	}
}
