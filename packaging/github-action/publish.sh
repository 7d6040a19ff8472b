#!/usr/bin/env bash
# Publishes with what the action's inputs say, and turns the report into its
# outputs. Secrets come in variables, are masked in the log, and go on in files
# that only this job can read: never as an argument.
set -euo pipefail
umask 077
work=$(mktemp -d "$RUNNER_TEMP/publish.XXXXXX")
trap 'rm -f "$work"/*.secret' EXIT

# mask hides each line of a secret in the job's log.
mask() {
	while IFS= read -r line; do
		[ -z "$line" ] || echo "::add-mask::$line"
	done <<<"$1"
}

args=(--repo "$INPUT_REPO" -o json)
if [ -n "${INPUT_CREDENTIALS:-}" ]; then
	mask "$INPUT_CREDENTIALS"
	base64 --decode <<<"$INPUT_CREDENTIALS" >"$work/credentials.secret"
	args+=(--credentials "$work/credentials.secret")
fi
if [ -n "${OTACTL_TOKEN:-}" ]; then
	mask "$OTACTL_TOKEN"
fi
if [ -n "${INPUT_SIGN_KEY:-}" ]; then
	mask "$INPUT_SIGN_KEY"
	printf '%s\n' "$INPUT_SIGN_KEY" >"$work/sign.secret"
	args+=(--sign-by "$work/sign.secret")
fi
unset INPUT_CREDENTIALS INPUT_SIGN_KEY
for name in OTACTL_URL OTACTL_FACTORY OTACTL_TOKEN; do # an empty one is not given
	[ -n "${!name:-}" ] || unset "$name"
done

option() { [ -z "$2" ] || args+=("$1" "$2"); }
option --hardware-id "${INPUT_HARDWARE_ID:-}"
option --tag "${INPUT_TAG:-}"
option --ref "${INPUT_REF:-}"
option --to "${INPUT_TO:-}"
option --deltas-from "${INPUT_DELTAS_FROM:-}"
[ -n "${INPUT_HARDWARE_ID:-}" ] || args+=(--no-target)

report=$work/report.json
otactl publish "${args[@]}" >"$report"
jq --raw-output '
	"commit=\(.commit // .items[0].commit)",
	"target=\((.target // .items[0].target // {}).name // "")",
	"version=\((.target // .items[0].target // {}).version // "")",
	"new=\(.new)", "unchanged=\(.unchanged)"' "$report" >>"$GITHUB_OUTPUT"
echo "report=$report" >>"$GITHUB_OUTPUT"
