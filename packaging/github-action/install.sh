#!/usr/bin/env bash
# Installs one release of otactl for the rest of the job, if it is the one whose
# checksum the workflow names. OTACTL_RELEASES is where releases are.
set -euo pipefail
case "$(uname -m)" in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) echo "::error::no release of otactl for $(uname -m)"; exit 1 ;;
esac
if ! [[ $OTACTL_SHA256 =~ ^[0-9a-f]{64}$ ]]; then
	echo "::error::sha256: want 64 hex digits"
	exit 1
fi
dir=$RUNNER_TEMP/otactl
mkdir -p "$dir"
name=otactl_${OTACTL_RELEASE}_linux_$arch
curl --fail --silent --show-error --location --retry 3 --proto '=https,file' --output "$dir/otactl.tar.gz" \
	"${OTACTL_RELEASES:-https://github.com/otactl/otactl/releases/download}/v$OTACTL_RELEASE/$name.tar.gz"
if ! echo "$OTACTL_SHA256  $dir/otactl.tar.gz" | sha256sum --check --status; then
	echo "::error::$name.tar.gz is not the release whose checksum the workflow names"
	exit 1
fi
tar -xzf "$dir/otactl.tar.gz" -C "$dir" --strip-components=1 "$name/otactl"
echo "$dir" >>"$GITHUB_PATH"
