#!/bin/bash
# Makes the two bundles beside this file from the documented layout alone
# (docs/formats/bundle.md), with the tools of the field and nothing of ours:
# ostree, openssl, jq, tar and skopeo.
#
#   composectl/  a CI bundle with roots 1 and 2, ed25519 keys, two targets for
#                two kinds of hardware that share objects and an app; the app's
#                image is an index, laid out as composectl does it
#   skopeo/      a production bundle that begins at root 3, as fioctl makes them,
#                two of two targets keys, one of them RSA, a short list of apps,
#                one image in Docker's format, laid out by skopeo itself
#
# The results are committed; keys are thrown away.
set -euo pipefail
export LC_ALL=C TZ=UTC
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sum() { sha256sum "$@" | cut -d' ' -f1; }
length() { stat -c %s "$1"; }

# --- keys and signatures ------------------------------------------------------

key() { # NAME TYPE
	case $2 in
	ed25519) openssl genpkey -quiet -algorithm ed25519 -out "$work/$1.pem" ;;
	rsa) openssl genpkey -quiet -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out "$work/$1.pem" ;;
	esac
	openssl pkey -in "$work/$1.pem" -pubout -outform der -out "$work/$1.der"
	sum "$work/$1.der" >"$work/$1.id"
	if [ "$2" = rsa ]; then
		openssl pkey -in "$work/$1.pem" -pubout -out "$work/$1.pub"
		jq -cn --rawfile p "$work/$1.pub" '{keytype: "RSA", keyval: {public: $p}}' >"$work/$1.json"
	else
		jq -cn --arg p "$(tail -c 32 "$work/$1.der" | xxd -p -c 64)" '{keytype: "ED25519", keyval: {public: $p}}' >"$work/$1.json"
	fi
}

sign() { # SIGNED OUT KEY...
	local signed=$1 out=$2 sigs="[]" k method
	shift 2
	jq -cSj . "$signed" >"$work/message"
	for k; do
		if grep -q RSA "$work/$k.json"; then
			method=rsassa-pss-sha256
			openssl dgst -sha256 -sign "$work/$k.pem" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -out "$work/sig" "$work/message"
		else
			method=ed25519
			openssl pkeyutl -sign -inkey "$work/$k.pem" -rawin -in "$work/message" -out "$work/sig"
		fi
		sigs=$(jq -c --arg id "$(cat "$work/$k.id")" --arg m "$method" --arg s "$(base64 -w0 "$work/sig")" '. + [{keyid: $id, method: $m, sig: $s}]' <<<"$sigs")
	done
	jq -cSj --argjson s "$sigs" '{signatures: $s, signed: .}' "$signed" >"$out"
}

root() { # OUT VERSION TARGETS-THRESHOLD ROOTKEY TARGETSKEYS SNAPSHOTKEY TIMESTAMPKEY SIGNER...
	local out=$1 version=$2 threshold=$3 r=$4 t=$5 s=$6 ts=$7 k
	shift 7
	jq -n '{}' >"$work/keys"
	for k in $r $t $s $ts; do
		jq --arg id "$(cat "$work/$k.id")" --slurpfile k "$work/$k.json" '.[$id] = $k[0]' "$work/keys" >"$work/keys2"
		mv "$work/keys2" "$work/keys"
	done
	ids() { for k; do cat "$work/$k.id"; done | jq -Rn '[inputs]'; }
	jq -n --slurpfile keys "$work/keys" --argjson v "$version" --argjson n "$threshold" \
		--argjson r "$(ids $r)" --argjson t "$(ids $t)" --argjson s "$(ids $s)" --argjson ts "$(ids $ts)" \
		'{_type: "Root", consistent_snapshot: false, expires: "2027-01-01T00:00:00Z", version: $v, keys: $keys[0],
		  roles: {root: {keyids: $r, threshold: 1}, targets: {keyids: $t, threshold: $n},
		          snapshot: {keyids: $s, threshold: 1}, timestamp: {keyids: $ts, threshold: 1}}}' >"$work/root"
	sign "$work/root" "$out" "$@"
}

roles() { # DIR TARGETS BUNDLE-CUSTOM TARGETSKEYS SNAPSHOTKEY TIMESTAMPKEY
	local dir=$1
	jq -n --slurpfile t "$2" '{_type: "Targets", expires: "2026-12-01T00:00:00Z", version: 7, targets: $t[0]}' >"$work/t"
	sign "$work/t" "$dir/targets.json" $4
	jq -n --argjson l "$(length "$dir/targets.json")" --arg h "$(sum "$dir/targets.json")" \
		'{_type: "Snapshot", expires: "2026-12-01T00:00:00Z", version: 7, meta: {"targets.json": {version: 7, length: $l, hashes: {sha256: $h}}}}' >"$work/s"
	sign "$work/s" "$dir/snapshot.json" $5
	jq -n --argjson l "$(length "$dir/snapshot.json")" --arg h "$(sum "$dir/snapshot.json")" \
		'{_type: "Timestamp", expires: "2026-04-01T00:00:00Z", version: 7000, meta: {"snapshot.json": {version: 7, length: $l, hashes: {sha256: $h}}}}' >"$work/ts"
	sign "$work/ts" "$dir/timestamp.json" $6
	jq -n --slurpfile b "$3" '{_type: "Targets", expires: "2026-04-01T00:00:00Z", version: 7, "x-fio-offline-bundle": $b[0]}' >"$work/b"
	sign "$work/b" "$dir/bundle-targets.json" $4
}

# --- content ------------------------------------------------------------------

repo() { # DIR
	ostree --repo="$1" init --mode=archive
	rm -rf "$1/tmp"
}

commit() { # REPO BRANCH TEXT, prints the commit
	rm -rf "$work/tree"
	mkdir -p "$work/tree/usr/lib"
	printf '%s\n' "$3" >"$work/tree/usr/lib/version"
	printf 'shared\n' >"$work/tree/usr/shared"
	chmod 0755 "$work/tree" "$work/tree/usr" "$work/tree/usr/lib"
	chmod 0644 "$work/tree/usr/lib/version" "$work/tree/usr/shared"
	ostree --repo="$1" commit --branch="$2" --tree=dir="$work/tree" --timestamp=@1767225600 --owner-uid=0 --owner-gid=0
}

tidy() { # REPO: what a bundle does not have
	rm -rf "$1/tmp" "$1/state" "$1/extensions" "$1/.lock" "$1/refs/mirrors" "$1/refs/remotes"
}

blob() { # APPS FILE, prints the digest's digits
	local h
	h=$(sum "$2")
	cp "$2" "$1/blobs/sha256/$h"
	echo "$h"
}

packed() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf - . | gzip -n9; }

layer() { # TEXT OUT
	rm -rf "$work/layer"
	mkdir "$work/layer"
	printf '%s\n' "$1" >"$work/layer/hello"
	packed "$work/layer" >"$2"
}

config() { # ARCH LAYER OUT
	jq -cjn --arg a "$1" --arg d "sha256:$(gzip -dc "$2" | sha256sum | cut -d' ' -f1)" \
		'{architecture: $a, os: "linux", config: {Cmd: ["/hello"]}, rootfs: {type: "layers", diff_ids: [$d]}}' >"$3"
}

manifest() { # TYPE CONFIGTYPE LAYERTYPE CONFIG LAYER OUT
	jq -cjn --arg t "$1" --arg ct "$2" --arg lt "$3" --arg c "sha256:$(sum "$4")" --argjson cl "$(length "$4")" \
		--arg l "sha256:$(sum "$5")" --argjson ll "$(length "$5")" \
		'{schemaVersion: 2, mediaType: $t, config: {mediaType: $ct, size: $cl, digest: $c}, layers: [{mediaType: $lt, size: $ll, digest: $l}]}' >"$6"
}

app() { # APPS NAME COMPOSE, prints the digest of the app's manifest
	local apps=$1 name=$2 tgz index meta app view
	rm -rf "$work/project"
	mkdir "$work/project"
	cp "$3" "$work/project/docker-compose.yml"
	printf 'greeting=hello\n' >"$work/project/app.env"
	(cd "$work/project" && tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - app.env docker-compose.yml) | gzip -n9 >"$work/$name.tgz"
	tgz=$(blob "$apps" "$work/$name.tgz")
	(cd "$work/project" && sha256sum app.env docker-compose.yml) | jq -cjRn '[inputs | split("  ") | {(.[1]): ("sha256:" + .[0])}] | add' >"$work/index"
	index=$(blob "$apps" "$work/index")
	jq -cjn '{amd64: {fs_block_size: 4096, layers: {}}}' >"$work/meta"
	meta=$(blob "$apps" "$work/meta")
	jq --indent 3 -n --arg t "sha256:$tgz" --argjson tl "$(length "$work/$name.tgz")" --arg i "sha256:$index" --arg il "$(length "$work/index")" \
		--arg m "sha256:$meta" --argjson ml "$(length "$work/meta")" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: "application/vnd.fio+compose-app",
		  config: {mediaType: "application/vnd.oci.empty.v1+json", digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", size: 2},
		  layers: [{mediaType: "application/octet-stream", digest: $t, size: $tl,
		            annotations: {"org.foundries.app.bundle.index.digest": $i, "org.foundries.app.bundle.index.size": $il}},
		           {mediaType: "application/json", digest: $m, size: $ml, annotations: {"layers-meta": "v1"}}],
		  annotations: {"compose-app": "v1"}}' >"$work/app"
	app=$(blob "$apps" "$work/app")
	view=$apps/apps/$name/$app
	mkdir -p "$view"
	printf 'hub.foundries.io/acme/%s@sha256:%s' "$name" "$app" >"$view/uri"
	cp "$work/app" "$view/manifest.json"
	cp "$work/$name.tgz" "$view/$tgz.tgz"
	cp "$3" "$view/docker-compose.yml"
	echo "$app"
}

target() { # NAME COMMIT HWID APPS-JSON FETCHED-JSON
	jq -n --arg n "$1" --arg c "$2" --arg h "$3" --argjson a "$4" --argjson f "$5" \
		'{($n): {length: 0, hashes: {sha256: $c}, custom: ({name: ($h + "-lmp"), version: ($n | split("-") | last), hardwareIds: [$h], tags: ["main"],
		  targetFormat: "OSTREE", arch: "x86_64", docker_compose_apps: $a, "fetched-apps": $f})}}'
}

# --- composectl ---------------------------------------------------------------

composectl() {
	local dir=$here/composectl apps one two compose image amd arm list view a
	rm -rf "$dir" && mkdir -p "$dir/tuf" "$dir/apps/blobs/sha256"
	apps=$dir/apps
	repo "$dir/ostree_repo"
	one=$(commit "$dir/ostree_repo" intel-corei7-64-lmp-7 seven)
	two=$(commit "$dir/ostree_repo" qemux86-64-lmp-7 "seven too")
	tidy "$dir/ostree_repo"

	layer "composectl" "$work/l"
	blob "$apps" "$work/l" >/dev/null
	config amd64 "$work/l" "$work/c"
	blob "$apps" "$work/c" >/dev/null
	manifest application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.config.v1+json application/vnd.oci.image.layer.v1.tar+gzip "$work/c" "$work/l" "$work/m"
	amd=$(blob "$apps" "$work/m")
	arm=$(printf other | sha256sum | cut -d' ' -f1) # listed, and not in a bundle for amd64
	jq -cjn --arg d "sha256:$amd" --argjson l "$(length "$work/m")" --arg o "sha256:$arm" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [
		  {mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $l, platform: {architecture: "amd64", os: "linux"}},
		  {mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $o, size: 5, platform: {architecture: "arm64", os: "linux"}}]}' >"$work/list"
	list=$(blob "$apps" "$work/list")

	printf 'services:\n  web:\n    image: hub.foundries.io/acme/nginx@sha256:%s\n  debug:\n    image: busybox\n    profiles: [debug]\n' "$list" >"$work/compose"
	a=$(app "$apps" web "$work/compose")
	view=$apps/apps/web/$a/images/hub.foundries.io/acme/nginx/$list
	mkdir -p "$view"
	jq -cjn --arg d "sha256:$amd" --argjson l "$(length "$work/m")" \
		'{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $l, platform: {architecture: "amd64", os: "linux"}}]}' >"$view/index.json"

	local web="{\"web\": {\"uri\": \"hub.foundries.io/acme/web@sha256:$a\"}}"
	{ target intel-corei7-64-lmp-7 "$one" intel-corei7-64 "$web" '{"uri": "https://api.foundries.io/x.apps.tar"}'
	  target qemux86-64-lmp-7 "$two" qemux86-64 "$web" '{"uri": "https://api.foundries.io/y.apps.tar"}'; } | jq -s add >"$work/targets"
	for k in r1 r2 t s ts; do key $k ed25519; done
	root "$dir/tuf/1.root.json" 1 1 r1 t s ts r1
	root "$dir/tuf/2.root.json" 2 1 r2 t s ts r1 r2
	jq -n '{type: "ci", tag: "main", targets: ["intel-corei7-64-lmp-7", "qemux86-64-lmp-7"]}' >"$work/bundle"
	roles "$dir/tuf" "$work/targets" "$work/bundle" t s ts
}

# --- skopeo -------------------------------------------------------------------

skopeo_bundle() {
	local dir=$here/skopeo apps one image a d
	rm -rf "$dir" && mkdir -p "$dir/tuf" "$dir/apps/blobs/sha256"
	apps=$dir/apps
	repo "$dir/ostree_repo"
	one=$(commit "$dir/ostree_repo" intel-corei7-64-lmp-8 eight)
	tidy "$dir/ostree_repo"

	layer "skopeo" "$work/l"
	config amd64 "$work/l" "$work/c"
	manifest application/vnd.docker.distribution.manifest.v2+json application/vnd.docker.container.image.v1+json application/vnd.docker.image.rootfs.diff.tar.gzip "$work/c" "$work/l" "$work/m"
	d=$work/dir
	mkdir "$d"
	cp "$work/l" "$d/$(sum "$work/l")"
	cp "$work/c" "$d/$(sum "$work/c")"
	cp "$work/m" "$d/manifest.json"
	printf 'Directory Transport Version: 1.1\n' >"$d/version"
	image=$(sum "$work/m")
	printf 'version: "3.8"\nservices:\n  shell:\n    image: docker.io/library/busybox@sha256:%s\n' "$image" >"$work/compose"
	a=$(app "$apps" shell "$work/compose")
	skopeo --insecure-policy copy -q --format v2s2 --preserve-digests --dest-shared-blob-dir "$apps/blobs" "dir:$d" "oci:$work/layout"
	mkdir -p "$apps/apps/shell/$a/images/docker.io/library/busybox/$image"
	cp "$work/layout/index.json" "$work/layout/oci-layout" "$apps/apps/shell/$a/images/docker.io/library/busybox/$image"

	target intel-corei7-64-lmp-8 "$one" intel-corei7-64 \
		"{\"shell\": {\"uri\": \"hub.foundries.io/acme/shell@sha256:$a\"}, \"web\": {\"uri\": \"hub.foundries.io/acme/web@sha256:$a\"}}" \
		'{"uri": "https://api.foundries.io/z.apps.tar", "shortlist": "shell, other"}' >"$work/targets"
	key r3 ed25519; key t1 rsa; key t2 ed25519; key s3 rsa; key ts3 ed25519
	root "$dir/tuf/3.root.json" 3 2 r3 "t1 t2" s3 ts3 r3
	jq -n '{type: "prod", tag: "main", targets: ["intel-corei7-64-lmp-8"]}' >"$work/bundle"
	roles "$dir/tuf" "$work/targets" "$work/bundle" "t1 t2" s3 ts3
}

composectl
skopeo_bundle
