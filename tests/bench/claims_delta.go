package main

// libostreeDelta is the change of 3 % as libostree packs it, in one file.
var libostreeDelta = lines("static delta by libostree",
	"ostree static-delta generate --repo={dir}/repo --from=v1 --to=v2 --inline --min-fallback-size=0 --filename={dir}/v1-v2.delta")

// deltaClaims are those about static deltas of the change of 3 %.
func deltaClaims() []comparison {
	const make = "static-delta generate --repo={dir}/repo --from=v1 --to=v2 --inline --min-fallback-size=0 --filename={out}/delta"
	generate := same("static delta, make; xz installed", claims{wall: 1.8, size: 1.05, rss: deltaMake}, "mkdir {out}", "{ostree} "+make, repo)
	generate.ours.size, generate.peer.size = "{out}", "{out}"
	alone := generate
	alone.name, alone.claims.size = "static delta, make; ours without xz", 1.25
	alone.ours.line = "env PATH=/nonexistent {program} ostree " + make
	return []comparison{
		generate,
		alone,
		same("static delta, apply", claims{wall: 1, rss: onDevice}, "cp -al {dir}/bare {out}",
			"{ostree} static-delta apply-offline --repo={out} {dir}/v1-v2.delta", repo, bare, libostreeDelta),
	}
}
