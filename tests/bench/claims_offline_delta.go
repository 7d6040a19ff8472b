package main

// deltaBundle is a bundle of version 2 that holds a delta from version 1 alone.
var deltaBundle = lines("bundle of a delta alone", "{program} targets offline-update bench-2 {dir}/delta-bundle "+fromVersion1)

const (
	fromVersion1 = "--tag main --delta-from 1 --delta-only --ostree-repo-source {dir}/repo"
	// changedObjects are those of version 2 that version 1 lacks, as they lie in a
	// bundle.
	changedObjects = "mkdir {out} && cd {dir}/bundle/ostree_repo/objects && for f in */*; do test -e {dir}/repo-v1/objects/$f || cp --parents $f {out}; done"
)

// offlineDeltaClaims are those about bundles of deltas for the change of 3 %.
func offlineDeltaClaims() []comparison {
	const make = "{program} targets offline-update bench-2 {out} " + fromVersion1
	small := func(name, line, peer string) comparison {
		return comparison{name: name, claims: claims{size: 1.0 / 3, rss: deltaMake}, needs: []fixture{repo, backend, repoV1},
			ours: command{line: line, size: "{out}/ostree_repo"}, peer: command{line: peer, size: "{out}"}}
	}
	install := func(dir string) command {
		return command{before: freshSysroot, line: "{program} aklite-offline install --src-dir " + dir + " --config {dir}/conf", code: 100}
	}
	return []comparison{
		small("bundle of a delta, xz installed; peer: the objects of the change", make, changedObjects),
		small("bundle of a delta, without xz; peer: the objects of the change", "env PATH=/nonexistent "+make, changedObjects),
		small("bundle of a delta; peer: all objects", make, "cp -r {dir}/bundle/ostree_repo {out}"),
		{name: "install a bundle of a delta; peer: the same of objects", claims: claims{rss: onDevice}, needs: []fixture{repo, backend, sysroot, deltaBundle},
			ours: install("{dir}/delta-bundle"), peer: install("{dir}/bundle")},
	}
}
