#!/usr/bin/env bash
# demo.sh — the main job from end to end, on real input, with the program that
# was just built.
#
#   demo.sh PROGRAM [KEEP]
#
# KEEP is a folder that everything stays in: repo, server, device, bundle,
# sysroot. Without it a scratch folder is used and removed. Root is needed,
# since ostree makes deployments with real owners; nothing outside the folder
# changes.
set -euo pipefail
program=$(readlink -f "$1")
keep=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
hwid=demo-board
server_pid=

bold() { if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }
run() { # show a command as it would be typed, then run it
  printf '$ %s\n' "${*//$work\//}"
  "$@"
}
want() { # CODE COMMAND…: run a command that ends with a code of its own
  local code=$1 got=0
  shift
  run "$@" || got=$?
  printf '(exit %d)\n' "$got"
  [ "$got" = "$code" ] || { echo "demo: expected exit $code" >&2; exit 1; }
}
finish() {
  [ -n "$server_pid" ] && kill "$server_pid" 2>/dev/null && wait "$server_pid" 2>/dev/null || true
  [ -n "$keep" ] && { echo "kept: $work"; return; }
  chattr -i "$work"/sysroot/ostree/deploy/*/deploy/* 2>/dev/null || true
  rm -rf "$work"
}

[ "$(id -u)" = 0 ] || { echo "demo: run as root (sudo make demo): ostree sets owners in the scratch sysroot" >&2; exit 1; }
if [ -n "$keep" ]; then
  mkdir -p "$keep"
  work=$(readlink -f "$keep")
  [ -z "$(ls -A "$work")" ] || { echo "demo: $keep is not empty" >&2; exit 1; }
else
  work=$(mktemp -d /var/tmp/otactl-demo.XXXXXX)
fi
trap finish EXIT
export OTACTL_CONFIG=$work/server/otactl.yaml
mkdir -p "$work/bin"
ln -s "$program" "$work/bin/otactl"
ln -s "$program" "$work/bin/aklite-offline"
PATH=$work/bin:$PATH
SECONDS=0

bold "A root file system of Debian packages, in two versions"
mapfile -t roots < <(cd "$here/../.." && go run ./internal/testkit/rootfs)
v1=${roots[0]} v2=${roots[1]}
for v in "$v1" "$v2"; do
  printf 'version %s: %s in %s files\n' "${v##*v}" "$(du -sh "$v" | cut -f1)" "$(find "$v" -type f | wc -l)"
done
ostree init --repo="$work/repo" --mode=archive
echo "committing both versions with the real ostree, one on each processor"
ostree commit --repo="$work/repo" -b demo/next --tree=dir="$v2" -s "version 2" >/dev/null &
next_pid=$!
first=$(ostree commit --repo="$work/repo" -b demo/main --tree=dir="$v1" -s "version 1" --add-metadata-string=version=1)
wait "$next_pid"

bold "The backend: first start makes keys, tokens and credentials"
port() { python3 - <<'P'
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])
P
}
api=127.0.0.1:$(port) gateway=127.0.0.1:$(port)
printf '$ otactl serve --data server &\n'
otactl serve --data "$work/server" --addr "$api" --gateway-addr "$gateway" --gateway-url "https://$gateway" 2>"$work/serve.log" &
server_pid=$!
for _ in $(seq 100); do
  curl -fs "http://$api/healthz" >/dev/null 2>&1 && break
  sleep 0.1
done
sed "s|$work/||g" "$work/serve.log"

bold "CI publishes version 1: all of it"
run otactl publish -r "$work/repo" --ref demo/main -m "$hwid" -c "$work/server/credentials.zip" --tag main

bold "Version 2 comes from CI; only what changed is sent"
ostree commit --repo="$work/repo" -b demo/main --tree=ref=demo/next --parent="$first" -s "version 2" --add-metadata-string=version=2 >/dev/null
ostree --repo="$work/repo" refs --delete demo/next
run otactl publish -r "$work/repo" --ref demo/main -m "$hwid" -c "$work/server/credentials.zip" --tag main --dry-run
run otactl publish -r "$work/repo" --ref demo/main -m "$hwid" -c "$work/server/credentials.zip" --tag main
run otactl targets list

bold "A device that runs version 1"
mkdir "$work/sysroot"
ostree admin init-fs --modern "$work/sysroot"
ostree admin --sysroot="$work/sysroot" os-init lmp >/dev/null
ostree --repo="$work/sysroot/ostree/repo" pull-local "$work/repo" "$first" >/dev/null
ostree admin --sysroot="$work/sysroot" deploy --os=lmp --karg=root=LABEL=otaroot "$first" >/dev/null
run ostree admin --sysroot="$work/sysroot" status

bold "It registers: the key is made on the device, the operator confirms a code"
printf '$ otactl register -n demo-1 …\n'
otactl register -n demo-1 -f local --server "http://$api" --hwid "$hwid" --tag main --sota-dir "$work/device" --start-daemon=false 2>"$work/register.log" >"$work/register.out" &
register_pid=$!
for _ in $(seq 100); do
  grep -q '^  code' "$work/register.log" && break
  sleep 0.1
done
cat "$work/register.log"
run otactl devices approve "$(sed -n 's/^  code *//p' "$work/register.log")"
wait "$register_pid"
cat "$work/register.out"
run otactl devices list
cat >"$work/device/z-demo.toml" <<T
[pacman]
type = "ostree"
sysroot = "$work/sysroot"
os = "lmp"
[bootloader]
reboot_sentinel_dir = "$work/device/run"
T

bold "An offline bundle, good for a week, for a plant without a network"
target=$(otactl targets list -o json | python3 -c 'import json,sys; print(next(t["name"] for t in json.load(sys.stdin)["targets"] if t["version"] in (2, "2")))')
run otactl targets offline-update "$target" "$work/bundle" --tag main --expires-in-days 7
run otactl targets offline-update show "$work/bundle"
run otactl targets offline-update verify "$work/bundle"

bold "The device installs it, as aklite-offline would"
want 100 aklite-offline install --src-dir "$work/bundle" --config "$work/device"
echo "before the reboot, run changes nothing:"
want 100 aklite-offline run --config "$work/device"
bold "The device reboots (here: its reboot flag goes), and run confirms"
rm -f "$work/device/run/need_reboot"
want 0 aklite-offline run --config "$work/device"
run ostree admin --sysroot="$work/sysroot" status

bold "Done in $SECONDS seconds"
