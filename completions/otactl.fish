# fish completion for otactl, generated from its command tree.

set -g __otactl_paths \
    'otactl login' \
    'otactl logout' \
    'otactl context' \
    'otactl context list' \
    'otactl context use' \
    'otactl context show' \
    'otactl context import' \
    'otactl context remove' \
    'otactl credentials' \
    'otactl credentials show' \
    'otactl publish' \
    'otactl publish check' \
    'otactl publish sync' \
    'otactl targets' \
    'otactl targets list' \
    'otactl targets show' \
    'otactl targets add' \
    'otactl targets tag' \
    'otactl targets prune' \
    'otactl targets edit' \
    'otactl targets sign' \
    'otactl targets upload' \
    'otactl targets static-deltas' \
    'otactl targets offline-update' \
    'otactl targets offline-update sign' \
    'otactl targets offline-update show' \
    'otactl targets offline-update verify' \
    'otactl targets offline-update add' \
    'otactl targets offline-update remove' \
    'otactl targets offline-update prune' \
    'otactl targets offline-update upload' \
    'otactl targets offline-update pack' \
    'otactl targets offline-update unpack' \
    'otactl waves' \
    'otactl waves init' \
    'otactl waves sign' \
    'otactl waves rollout' \
    'otactl waves status' \
    'otactl waves list' \
    'otactl waves show' \
    'otactl waves complete' \
    'otactl waves cancel' \
    'otactl devices' \
    'otactl devices list' \
    'otactl devices approve' \
    'otactl devices delete' \
    'otactl keys' \
    'otactl keys list' \
    'otactl keys generate' \
    'otactl keys passphrase' \
    'otactl keys tuf' \
    'otactl keys tuf show-root' \
    'otactl keys tuf download-roots' \
    'otactl keys tuf rotate-offline-key' \
    'otactl keys tuf rotate-all-keys' \
    'otactl keys tuf init' \
    'otactl keys tuf add-offline-key' \
    'otactl keys tuf delete-offline-key' \
    'otactl keys tuf rotate-online-key' \
    'otactl keys tuf set-threshold' \
    'otactl keys tuf sign' \
    'otactl keys tuf sign-prod-targets' \
    'otactl keys tuf review' \
    'otactl keys tuf apply' \
    'otactl keys tuf cancel' \
    'otactl keys tuf updates' \
    'otactl keys tuf updates init' \
    'otactl keys tuf updates add-offline-key' \
    'otactl keys tuf updates delete-offline-key' \
    'otactl keys tuf updates rotate-offline-key' \
    'otactl keys tuf updates rotate-online-key' \
    'otactl keys tuf updates set-threshold' \
    'otactl keys tuf updates sign' \
    'otactl keys tuf updates sign-prod-targets' \
    'otactl keys tuf updates review' \
    'otactl keys tuf updates apply' \
    'otactl keys tuf updates cancel' \
    'otactl tuf' \
    'otactl tuf verify' \
    'otactl serve' \
    'otactl register' \
    'otactl agent' \
    'otactl agent check' \
    'otactl agent list' \
    'otactl agent update' \
    'otactl agent pull' \
    'otactl agent install' \
    'otactl agent run' \
    'otactl agent status' \
    'otactl ostree' \
    'otactl ostree cat' \
    'otactl ostree checkout' \
    'otactl ostree checksum' \
    'otactl ostree commit' \
    'otactl ostree config' \
    'otactl ostree create-usb' \
    'otactl ostree diff' \
    'otactl ostree export' \
    'otactl ostree find-remotes' \
    'otactl ostree fsck' \
    'otactl ostree gpg-sign' \
    'otactl ostree init' \
    'otactl ostree log' \
    'otactl ostree ls' \
    'otactl ostree prune' \
    'otactl ostree pull' \
    'otactl ostree pull-local' \
    'otactl ostree refs' \
    'otactl ostree remote' \
    'otactl ostree remote add' \
    'otactl ostree remote add-cookie' \
    'otactl ostree remote delete' \
    'otactl ostree remote delete-cookie' \
    'otactl ostree remote gpg-import' \
    'otactl ostree remote gpg-list-keys' \
    'otactl ostree remote list' \
    'otactl ostree remote list-cookies' \
    'otactl ostree remote refs' \
    'otactl ostree remote show-url' \
    'otactl ostree remote summary' \
    'otactl ostree reset' \
    'otactl ostree rev-parse' \
    'otactl ostree serve' \
    'otactl ostree show' \
    'otactl ostree sign' \
    'otactl ostree static-delta' \
    'otactl ostree static-delta apply-offline' \
    'otactl ostree static-delta delete' \
    'otactl ostree static-delta generate' \
    'otactl ostree static-delta indexes' \
    'otactl ostree static-delta list' \
    'otactl ostree static-delta reindex' \
    'otactl ostree static-delta show' \
    'otactl ostree static-delta verify' \
    'otactl ostree summary' \
    'otactl completion' \
    'otactl completion bash' \
    'otactl completion zsh' \
    'otactl completion fish' \
    'otactl completion powershell' \
    'otactl man' \
    'otactl help' \
    'otactl version' \
    'otactl aklite-offline' \
    'otactl aktualizr-lite' \
    'otactl fiocheck' \
    'otactl fiopush' \
    'otactl fiosync' \
    'otactl garage-check' \
    'otactl garage-push' \
    'otactl lmp-device-register' \
    'otactl ota-publish'

# Flags that take the word after them.
set -g __otactl_valued \
    'otactl --output' \
    'otactl -o' \
    'otactl --log-level' \
    'otactl login --url' \
    'otactl login --factory' \
    'otactl login -f' \
    'otactl login --oauth-url' \
    'otactl login --config' \
    'otactl login --ca-file' \
    'otactl logout --config' \
    'otactl context list --config' \
    'otactl context use --config' \
    'otactl context show --config' \
    'otactl context import --config' \
    'otactl context remove --config' \
    'otactl publish --repo' \
    'otactl publish -r' \
    'otactl publish --credentials' \
    'otactl publish -c' \
    'otactl publish --ref' \
    'otactl publish --jobs' \
    'otactl publish -j' \
    'otactl publish --hardware-id' \
    'otactl publish -m' \
    'otactl publish --tag' \
    'otactl publish -t' \
    'otactl publish --version' \
    'otactl publish --name' \
    'otactl publish --uri' \
    'otactl publish --app' \
    'otactl publish --custom' \
    'otactl publish --to' \
    'otactl publish --s3-endpoint' \
    'otactl publish --sign-by' \
    'otactl publish --gpg-homedir' \
    'otactl publish --deltas-from' \
    'otactl publish --limit-rate' \
    'otactl publish --keys' \
    'otactl publish -k' \
    'otactl publish --passphrase-file' \
    'otactl publish --expires-in-days' \
    'otactl publish -e' \
    'otactl publish --expires-days' \
    'otactl publish --expires-at' \
    'otactl publish -E' \
    'otactl publish --config' \
    'otactl publish --context' \
    'otactl publish --url' \
    'otactl publish --factory' \
    'otactl publish -f' \
    'otactl publish --ca-file' \
    'otactl publish check --repo' \
    'otactl publish check -r' \
    'otactl publish check --credentials' \
    'otactl publish check -c' \
    'otactl publish check --sample' \
    'otactl publish check --jobs' \
    'otactl publish check -j' \
    'otactl publish check --to' \
    'otactl publish check --s3-endpoint' \
    'otactl publish check --config' \
    'otactl publish check --context' \
    'otactl publish check --url' \
    'otactl publish check --factory' \
    'otactl publish check -f' \
    'otactl publish check --ca-file' \
    'otactl publish sync --from' \
    'otactl publish sync --from-credentials' \
    'otactl publish sync --from-context' \
    'otactl publish sync --credentials' \
    'otactl publish sync -c' \
    'otactl publish sync --depth' \
    'otactl publish sync --jobs' \
    'otactl publish sync -j' \
    'otactl publish sync --to' \
    'otactl publish sync --s3-endpoint' \
    'otactl publish sync --sign-by' \
    'otactl publish sync --gpg-homedir' \
    'otactl publish sync --config' \
    'otactl publish sync --context' \
    'otactl publish sync --url' \
    'otactl publish sync --factory' \
    'otactl publish sync -f' \
    'otactl publish sync --ca-file' \
    'otactl targets list --by-tag' \
    'otactl targets list --columns' \
    'otactl targets list --credentials' \
    'otactl targets list -c' \
    'otactl targets list --config' \
    'otactl targets list --context' \
    'otactl targets list --url' \
    'otactl targets list --factory' \
    'otactl targets list -f' \
    'otactl targets list --ca-file' \
    'otactl targets show --production-tag' \
    'otactl targets show --credentials' \
    'otactl targets show -c' \
    'otactl targets show --config' \
    'otactl targets show --context' \
    'otactl targets show --url' \
    'otactl targets show --factory' \
    'otactl targets show -f' \
    'otactl targets show --ca-file' \
    'otactl targets add --type' \
    'otactl targets add --tags' \
    'otactl targets add -T' \
    'otactl targets add --src-tag' \
    'otactl targets add --targets-creator' \
    'otactl targets add --keys' \
    'otactl targets add -k' \
    'otactl targets add --passphrase-file' \
    'otactl targets add --out' \
    'otactl targets add --expires-in-days' \
    'otactl targets add -e' \
    'otactl targets add --expires-days' \
    'otactl targets add --expires-at' \
    'otactl targets add -E' \
    'otactl targets add --credentials' \
    'otactl targets add -c' \
    'otactl targets add --config' \
    'otactl targets add --context' \
    'otactl targets add --url' \
    'otactl targets add --factory' \
    'otactl targets add -f' \
    'otactl targets add --ca-file' \
    'otactl targets tag --tags' \
    'otactl targets tag -T' \
    'otactl targets tag --keys' \
    'otactl targets tag -k' \
    'otactl targets tag --passphrase-file' \
    'otactl targets tag --out' \
    'otactl targets tag --expires-in-days' \
    'otactl targets tag -e' \
    'otactl targets tag --expires-days' \
    'otactl targets tag --expires-at' \
    'otactl targets tag -E' \
    'otactl targets tag --credentials' \
    'otactl targets tag -c' \
    'otactl targets tag --config' \
    'otactl targets tag --context' \
    'otactl targets tag --url' \
    'otactl targets tag --factory' \
    'otactl targets tag -f' \
    'otactl targets tag --ca-file' \
    'otactl targets prune --keep-last' \
    'otactl targets prune --keys' \
    'otactl targets prune -k' \
    'otactl targets prune --passphrase-file' \
    'otactl targets prune --out' \
    'otactl targets prune --expires-in-days' \
    'otactl targets prune -e' \
    'otactl targets prune --expires-days' \
    'otactl targets prune --expires-at' \
    'otactl targets prune -E' \
    'otactl targets prune --credentials' \
    'otactl targets prune -c' \
    'otactl targets prune --config' \
    'otactl targets prune --context' \
    'otactl targets prune --url' \
    'otactl targets prune --factory' \
    'otactl targets prune -f' \
    'otactl targets prune --ca-file' \
    'otactl targets edit --keys' \
    'otactl targets edit -k' \
    'otactl targets edit --passphrase-file' \
    'otactl targets edit --out' \
    'otactl targets edit --expires-in-days' \
    'otactl targets edit -e' \
    'otactl targets edit --expires-days' \
    'otactl targets edit --expires-at' \
    'otactl targets edit -E' \
    'otactl targets edit --credentials' \
    'otactl targets edit -c' \
    'otactl targets edit --config' \
    'otactl targets edit --context' \
    'otactl targets edit --url' \
    'otactl targets edit --factory' \
    'otactl targets edit -f' \
    'otactl targets edit --ca-file' \
    'otactl targets sign --keys' \
    'otactl targets sign -k' \
    'otactl targets sign --passphrase-file' \
    'otactl targets sign --credentials' \
    'otactl targets sign -c' \
    'otactl targets sign --config' \
    'otactl targets sign --context' \
    'otactl targets sign --url' \
    'otactl targets sign --factory' \
    'otactl targets sign -f' \
    'otactl targets sign --ca-file' \
    'otactl targets upload --credentials' \
    'otactl targets upload -c' \
    'otactl targets upload --config' \
    'otactl targets upload --context' \
    'otactl targets upload --url' \
    'otactl targets upload --factory' \
    'otactl targets upload -f' \
    'otactl targets upload --ca-file' \
    'otactl targets static-deltas --by-tag' \
    'otactl targets static-deltas --hw-id' \
    'otactl targets static-deltas --repo' \
    'otactl targets static-deltas -r' \
    'otactl targets static-deltas --to' \
    'otactl targets static-deltas --s3-endpoint' \
    'otactl targets static-deltas --sign-by' \
    'otactl targets static-deltas --gpg-homedir' \
    'otactl targets static-deltas --keys' \
    'otactl targets static-deltas -k' \
    'otactl targets static-deltas --passphrase-file' \
    'otactl targets static-deltas --out' \
    'otactl targets static-deltas --expires-in-days' \
    'otactl targets static-deltas -e' \
    'otactl targets static-deltas --expires-days' \
    'otactl targets static-deltas --expires-at' \
    'otactl targets static-deltas -E' \
    'otactl targets static-deltas --credentials' \
    'otactl targets static-deltas -c' \
    'otactl targets static-deltas --config' \
    'otactl targets static-deltas --context' \
    'otactl targets static-deltas --url' \
    'otactl targets static-deltas --factory' \
    'otactl targets static-deltas -f' \
    'otactl targets static-deltas --ca-file' \
    'otactl targets offline-update --tag' \
    'otactl targets offline-update --jobs' \
    'otactl targets offline-update -j' \
    'otactl targets offline-update --credentials' \
    'otactl targets offline-update -c' \
    'otactl targets offline-update --config' \
    'otactl targets offline-update --context' \
    'otactl targets offline-update --url' \
    'otactl targets offline-update --factory' \
    'otactl targets offline-update -f' \
    'otactl targets offline-update --ca-file' \
    'otactl targets offline-update --expires-in-days' \
    'otactl targets offline-update -e' \
    'otactl targets offline-update --expires-days' \
    'otactl targets offline-update --expires-at' \
    'otactl targets offline-update -E' \
    'otactl targets offline-update --wave' \
    'otactl targets offline-update --keys' \
    'otactl targets offline-update -k' \
    'otactl targets offline-update --passphrase-file' \
    'otactl targets offline-update --from' \
    'otactl targets offline-update --tuf' \
    'otactl targets offline-update --ref' \
    'otactl targets offline-update --hardware-id' \
    'otactl targets offline-update --app' \
    'otactl targets offline-update --s3-endpoint' \
    'otactl targets offline-update --ostree-repo-source' \
    'otactl targets offline-update --apps-source' \
    'otactl targets offline-update --sbom' \
    'otactl targets offline-update --delta-from' \
    'otactl targets offline-update --archive' \
    'otactl targets offline-update --upload' \
    'otactl targets offline-update --as' \
    'otactl targets offline-update sign --keys' \
    'otactl targets offline-update sign -k' \
    'otactl targets offline-update sign --passphrase-file' \
    'otactl targets offline-update sign --export' \
    'otactl targets offline-update sign --import' \
    'otactl targets offline-update sign --root' \
    'otactl targets offline-update sign --jobs' \
    'otactl targets offline-update sign -j' \
    'otactl targets offline-update verify --root' \
    'otactl targets offline-update verify --tag' \
    'otactl targets offline-update verify --hardware-id' \
    'otactl targets offline-update verify --type' \
    'otactl targets offline-update verify --base' \
    'otactl targets offline-update verify --as-device' \
    'otactl targets offline-update verify --now' \
    'otactl targets offline-update verify --jobs' \
    'otactl targets offline-update verify -j' \
    'otactl targets offline-update add --tag' \
    'otactl targets offline-update add --jobs' \
    'otactl targets offline-update add -j' \
    'otactl targets offline-update add --credentials' \
    'otactl targets offline-update add -c' \
    'otactl targets offline-update add --config' \
    'otactl targets offline-update add --context' \
    'otactl targets offline-update add --url' \
    'otactl targets offline-update add --factory' \
    'otactl targets offline-update add -f' \
    'otactl targets offline-update add --ca-file' \
    'otactl targets offline-update add --expires-in-days' \
    'otactl targets offline-update add -e' \
    'otactl targets offline-update add --expires-days' \
    'otactl targets offline-update add --expires-at' \
    'otactl targets offline-update add -E' \
    'otactl targets offline-update add --wave' \
    'otactl targets offline-update add --keys' \
    'otactl targets offline-update add -k' \
    'otactl targets offline-update add --passphrase-file' \
    'otactl targets offline-update add --from' \
    'otactl targets offline-update add --tuf' \
    'otactl targets offline-update add --ref' \
    'otactl targets offline-update add --hardware-id' \
    'otactl targets offline-update add --app' \
    'otactl targets offline-update add --s3-endpoint' \
    'otactl targets offline-update add --ostree-repo-source' \
    'otactl targets offline-update add --apps-source' \
    'otactl targets offline-update add --sbom' \
    'otactl targets offline-update add --delta-from' \
    'otactl targets offline-update remove --tag' \
    'otactl targets offline-update remove --jobs' \
    'otactl targets offline-update remove -j' \
    'otactl targets offline-update remove --credentials' \
    'otactl targets offline-update remove -c' \
    'otactl targets offline-update remove --config' \
    'otactl targets offline-update remove --context' \
    'otactl targets offline-update remove --url' \
    'otactl targets offline-update remove --factory' \
    'otactl targets offline-update remove -f' \
    'otactl targets offline-update remove --ca-file' \
    'otactl targets offline-update remove --expires-in-days' \
    'otactl targets offline-update remove -e' \
    'otactl targets offline-update remove --expires-days' \
    'otactl targets offline-update remove --expires-at' \
    'otactl targets offline-update remove -E' \
    'otactl targets offline-update remove --wave' \
    'otactl targets offline-update remove --keys' \
    'otactl targets offline-update remove -k' \
    'otactl targets offline-update remove --passphrase-file' \
    'otactl targets offline-update remove --from' \
    'otactl targets offline-update remove --tuf' \
    'otactl targets offline-update remove --ref' \
    'otactl targets offline-update remove --hardware-id' \
    'otactl targets offline-update remove --app' \
    'otactl targets offline-update remove --s3-endpoint' \
    'otactl targets offline-update upload --as' \
    'otactl targets offline-update upload --config' \
    'otactl targets offline-update pack --keys' \
    'otactl targets offline-update pack -k' \
    'otactl targets offline-update pack --passphrase-file' \
    'otactl waves init --keys' \
    'otactl waves init -k' \
    'otactl waves init --passphrase-file' \
    'otactl waves init --expires-in-days' \
    'otactl waves init -e' \
    'otactl waves init --expires-days' \
    'otactl waves init --expires-at' \
    'otactl waves init -E' \
    'otactl waves init --root' \
    'otactl waves init --prune' \
    'otactl waves init --source-tag' \
    'otactl waves init --config' \
    'otactl waves init --context' \
    'otactl waves init --url' \
    'otactl waves init --factory' \
    'otactl waves init -f' \
    'otactl waves init --ca-file' \
    'otactl waves sign --keys' \
    'otactl waves sign -k' \
    'otactl waves sign --passphrase-file' \
    'otactl waves sign --root' \
    'otactl waves sign --config' \
    'otactl waves sign --context' \
    'otactl waves sign --url' \
    'otactl waves sign --factory' \
    'otactl waves sign -f' \
    'otactl waves sign --ca-file' \
    'otactl waves rollout --group' \
    'otactl waves rollout -g' \
    'otactl waves rollout --limit' \
    'otactl waves rollout -l' \
    'otactl waves rollout --uuids' \
    'otactl waves rollout --config' \
    'otactl waves rollout --context' \
    'otactl waves rollout --url' \
    'otactl waves rollout --factory' \
    'otactl waves rollout -f' \
    'otactl waves rollout --ca-file' \
    'otactl waves status --offline-threshold' \
    'otactl waves status --config' \
    'otactl waves status --context' \
    'otactl waves status --url' \
    'otactl waves status --factory' \
    'otactl waves status -f' \
    'otactl waves status --ca-file' \
    'otactl waves list --limit' \
    'otactl waves list -n' \
    'otactl waves list --page' \
    'otactl waves list -p' \
    'otactl waves list --status' \
    'otactl waves list -S' \
    'otactl waves list --tag' \
    'otactl waves list -T' \
    'otactl waves list --config' \
    'otactl waves list --context' \
    'otactl waves list --url' \
    'otactl waves list --factory' \
    'otactl waves list -f' \
    'otactl waves list --ca-file' \
    'otactl waves show --config' \
    'otactl waves show --context' \
    'otactl waves show --url' \
    'otactl waves show --factory' \
    'otactl waves show -f' \
    'otactl waves show --ca-file' \
    'otactl waves complete --config' \
    'otactl waves complete --context' \
    'otactl waves complete --url' \
    'otactl waves complete --factory' \
    'otactl waves complete -f' \
    'otactl waves complete --ca-file' \
    'otactl waves cancel --config' \
    'otactl waves cancel --context' \
    'otactl waves cancel --url' \
    'otactl waves cancel --factory' \
    'otactl waves cancel -f' \
    'otactl waves cancel --ca-file' \
    'otactl devices list --config' \
    'otactl devices list --context' \
    'otactl devices list --url' \
    'otactl devices list --factory' \
    'otactl devices list -f' \
    'otactl devices list --ca-file' \
    'otactl devices approve --config' \
    'otactl devices approve --context' \
    'otactl devices approve --url' \
    'otactl devices approve --factory' \
    'otactl devices approve -f' \
    'otactl devices approve --ca-file' \
    'otactl devices delete --config' \
    'otactl devices delete --context' \
    'otactl devices delete --url' \
    'otactl devices delete --factory' \
    'otactl devices delete -f' \
    'otactl devices delete --ca-file' \
    'otactl keys list --root' \
    'otactl keys list --passphrase-file' \
    'otactl keys generate --role' \
    'otactl keys generate --key-type' \
    'otactl keys generate -y' \
    'otactl keys generate --passphrase-file' \
    'otactl keys passphrase --passphrase-file' \
    'otactl keys passphrase --new-passphrase-file' \
    'otactl keys tuf show-root --config' \
    'otactl keys tuf show-root --context' \
    'otactl keys tuf show-root --url' \
    'otactl keys tuf show-root --factory' \
    'otactl keys tuf show-root -f' \
    'otactl keys tuf show-root --ca-file' \
    'otactl keys tuf download-roots --config' \
    'otactl keys tuf download-roots --context' \
    'otactl keys tuf download-roots --url' \
    'otactl keys tuf download-roots --factory' \
    'otactl keys tuf download-roots -f' \
    'otactl keys tuf download-roots --ca-file' \
    'otactl keys tuf rotate-offline-key --role' \
    'otactl keys tuf rotate-offline-key -r' \
    'otactl keys tuf rotate-offline-key --keys' \
    'otactl keys tuf rotate-offline-key -k' \
    'otactl keys tuf rotate-offline-key --targets-keys' \
    'otactl keys tuf rotate-offline-key -K' \
    'otactl keys tuf rotate-offline-key --key-type' \
    'otactl keys tuf rotate-offline-key -y' \
    'otactl keys tuf rotate-offline-key --changelog' \
    'otactl keys tuf rotate-offline-key -m' \
    'otactl keys tuf rotate-offline-key --passphrase-file' \
    'otactl keys tuf rotate-offline-key --config' \
    'otactl keys tuf rotate-offline-key --context' \
    'otactl keys tuf rotate-offline-key --url' \
    'otactl keys tuf rotate-offline-key --factory' \
    'otactl keys tuf rotate-offline-key -f' \
    'otactl keys tuf rotate-offline-key --ca-file' \
    'otactl keys tuf rotate-all-keys --keys' \
    'otactl keys tuf rotate-all-keys -k' \
    'otactl keys tuf rotate-all-keys --targets-keys' \
    'otactl keys tuf rotate-all-keys -K' \
    'otactl keys tuf rotate-all-keys --key-type' \
    'otactl keys tuf rotate-all-keys -y' \
    'otactl keys tuf rotate-all-keys --changelog' \
    'otactl keys tuf rotate-all-keys -m' \
    'otactl keys tuf rotate-all-keys --passphrase-file' \
    'otactl keys tuf rotate-all-keys --config' \
    'otactl keys tuf rotate-all-keys --context' \
    'otactl keys tuf rotate-all-keys --url' \
    'otactl keys tuf rotate-all-keys --factory' \
    'otactl keys tuf rotate-all-keys -f' \
    'otactl keys tuf rotate-all-keys --ca-file' \
    'otactl keys tuf init --changelog' \
    'otactl keys tuf init -m' \
    'otactl keys tuf init --keys' \
    'otactl keys tuf init -k' \
    'otactl keys tuf init --passphrase-file' \
    'otactl keys tuf init --config' \
    'otactl keys tuf init --context' \
    'otactl keys tuf init --url' \
    'otactl keys tuf init --factory' \
    'otactl keys tuf init -f' \
    'otactl keys tuf init --ca-file' \
    'otactl keys tuf add-offline-key --role' \
    'otactl keys tuf add-offline-key -r' \
    'otactl keys tuf add-offline-key --keys' \
    'otactl keys tuf add-offline-key -k' \
    'otactl keys tuf add-offline-key --key-type' \
    'otactl keys tuf add-offline-key -y' \
    'otactl keys tuf add-offline-key --passphrase-file' \
    'otactl keys tuf add-offline-key --txid' \
    'otactl keys tuf add-offline-key -x' \
    'otactl keys tuf add-offline-key --config' \
    'otactl keys tuf add-offline-key --context' \
    'otactl keys tuf add-offline-key --url' \
    'otactl keys tuf add-offline-key --factory' \
    'otactl keys tuf add-offline-key -f' \
    'otactl keys tuf add-offline-key --ca-file' \
    'otactl keys tuf delete-offline-key --role' \
    'otactl keys tuf delete-offline-key -r' \
    'otactl keys tuf delete-offline-key --keys' \
    'otactl keys tuf delete-offline-key -k' \
    'otactl keys tuf delete-offline-key --passphrase-file' \
    'otactl keys tuf delete-offline-key --key-id' \
    'otactl keys tuf delete-offline-key -i' \
    'otactl keys tuf delete-offline-key --txid' \
    'otactl keys tuf delete-offline-key -x' \
    'otactl keys tuf delete-offline-key --config' \
    'otactl keys tuf delete-offline-key --context' \
    'otactl keys tuf delete-offline-key --url' \
    'otactl keys tuf delete-offline-key --factory' \
    'otactl keys tuf delete-offline-key -f' \
    'otactl keys tuf delete-offline-key --ca-file' \
    'otactl keys tuf rotate-online-key --role' \
    'otactl keys tuf rotate-online-key -r' \
    'otactl keys tuf rotate-online-key --keys' \
    'otactl keys tuf rotate-online-key -k' \
    'otactl keys tuf rotate-online-key --passphrase-file' \
    'otactl keys tuf rotate-online-key --key-type' \
    'otactl keys tuf rotate-online-key -y' \
    'otactl keys tuf rotate-online-key --txid' \
    'otactl keys tuf rotate-online-key -x' \
    'otactl keys tuf rotate-online-key --config' \
    'otactl keys tuf rotate-online-key --context' \
    'otactl keys tuf rotate-online-key --url' \
    'otactl keys tuf rotate-online-key --factory' \
    'otactl keys tuf rotate-online-key -f' \
    'otactl keys tuf rotate-online-key --ca-file' \
    'otactl keys tuf set-threshold --role' \
    'otactl keys tuf set-threshold -r' \
    'otactl keys tuf set-threshold --keys' \
    'otactl keys tuf set-threshold -k' \
    'otactl keys tuf set-threshold --passphrase-file' \
    'otactl keys tuf set-threshold --txid' \
    'otactl keys tuf set-threshold -x' \
    'otactl keys tuf set-threshold --config' \
    'otactl keys tuf set-threshold --context' \
    'otactl keys tuf set-threshold --url' \
    'otactl keys tuf set-threshold --factory' \
    'otactl keys tuf set-threshold -f' \
    'otactl keys tuf set-threshold --ca-file' \
    'otactl keys tuf sign --keys' \
    'otactl keys tuf sign -k' \
    'otactl keys tuf sign --passphrase-file' \
    'otactl keys tuf sign --txid' \
    'otactl keys tuf sign -x' \
    'otactl keys tuf sign --config' \
    'otactl keys tuf sign --context' \
    'otactl keys tuf sign --url' \
    'otactl keys tuf sign --factory' \
    'otactl keys tuf sign -f' \
    'otactl keys tuf sign --ca-file' \
    'otactl keys tuf sign-prod-targets --keys' \
    'otactl keys tuf sign-prod-targets -k' \
    'otactl keys tuf sign-prod-targets --passphrase-file' \
    'otactl keys tuf sign-prod-targets --tags' \
    'otactl keys tuf sign-prod-targets --waves' \
    'otactl keys tuf sign-prod-targets --txid' \
    'otactl keys tuf sign-prod-targets -x' \
    'otactl keys tuf sign-prod-targets --config' \
    'otactl keys tuf sign-prod-targets --context' \
    'otactl keys tuf sign-prod-targets --url' \
    'otactl keys tuf sign-prod-targets --factory' \
    'otactl keys tuf sign-prod-targets -f' \
    'otactl keys tuf sign-prod-targets --ca-file' \
    'otactl keys tuf review --config' \
    'otactl keys tuf review --context' \
    'otactl keys tuf review --url' \
    'otactl keys tuf review --factory' \
    'otactl keys tuf review -f' \
    'otactl keys tuf review --ca-file' \
    'otactl keys tuf apply --txid' \
    'otactl keys tuf apply -x' \
    'otactl keys tuf apply --config' \
    'otactl keys tuf apply --context' \
    'otactl keys tuf apply --url' \
    'otactl keys tuf apply --factory' \
    'otactl keys tuf apply -f' \
    'otactl keys tuf apply --ca-file' \
    'otactl keys tuf cancel --config' \
    'otactl keys tuf cancel --context' \
    'otactl keys tuf cancel --url' \
    'otactl keys tuf cancel --factory' \
    'otactl keys tuf cancel -f' \
    'otactl keys tuf cancel --ca-file' \
    'otactl keys tuf updates init --changelog' \
    'otactl keys tuf updates init -m' \
    'otactl keys tuf updates init --keys' \
    'otactl keys tuf updates init -k' \
    'otactl keys tuf updates init --passphrase-file' \
    'otactl keys tuf updates init --config' \
    'otactl keys tuf updates init --context' \
    'otactl keys tuf updates init --url' \
    'otactl keys tuf updates init --factory' \
    'otactl keys tuf updates init -f' \
    'otactl keys tuf updates init --ca-file' \
    'otactl keys tuf updates add-offline-key --role' \
    'otactl keys tuf updates add-offline-key -r' \
    'otactl keys tuf updates add-offline-key --keys' \
    'otactl keys tuf updates add-offline-key -k' \
    'otactl keys tuf updates add-offline-key --key-type' \
    'otactl keys tuf updates add-offline-key -y' \
    'otactl keys tuf updates add-offline-key --passphrase-file' \
    'otactl keys tuf updates add-offline-key --txid' \
    'otactl keys tuf updates add-offline-key -x' \
    'otactl keys tuf updates add-offline-key --config' \
    'otactl keys tuf updates add-offline-key --context' \
    'otactl keys tuf updates add-offline-key --url' \
    'otactl keys tuf updates add-offline-key --factory' \
    'otactl keys tuf updates add-offline-key -f' \
    'otactl keys tuf updates add-offline-key --ca-file' \
    'otactl keys tuf updates delete-offline-key --role' \
    'otactl keys tuf updates delete-offline-key -r' \
    'otactl keys tuf updates delete-offline-key --keys' \
    'otactl keys tuf updates delete-offline-key -k' \
    'otactl keys tuf updates delete-offline-key --passphrase-file' \
    'otactl keys tuf updates delete-offline-key --key-id' \
    'otactl keys tuf updates delete-offline-key -i' \
    'otactl keys tuf updates delete-offline-key --txid' \
    'otactl keys tuf updates delete-offline-key -x' \
    'otactl keys tuf updates delete-offline-key --config' \
    'otactl keys tuf updates delete-offline-key --context' \
    'otactl keys tuf updates delete-offline-key --url' \
    'otactl keys tuf updates delete-offline-key --factory' \
    'otactl keys tuf updates delete-offline-key -f' \
    'otactl keys tuf updates delete-offline-key --ca-file' \
    'otactl keys tuf updates rotate-offline-key --role' \
    'otactl keys tuf updates rotate-offline-key -r' \
    'otactl keys tuf updates rotate-offline-key --keys' \
    'otactl keys tuf updates rotate-offline-key -k' \
    'otactl keys tuf updates rotate-offline-key --targets-keys' \
    'otactl keys tuf updates rotate-offline-key -K' \
    'otactl keys tuf updates rotate-offline-key --key-type' \
    'otactl keys tuf updates rotate-offline-key -y' \
    'otactl keys tuf updates rotate-offline-key --passphrase-file' \
    'otactl keys tuf updates rotate-offline-key --txid' \
    'otactl keys tuf updates rotate-offline-key -x' \
    'otactl keys tuf updates rotate-offline-key --config' \
    'otactl keys tuf updates rotate-offline-key --context' \
    'otactl keys tuf updates rotate-offline-key --url' \
    'otactl keys tuf updates rotate-offline-key --factory' \
    'otactl keys tuf updates rotate-offline-key -f' \
    'otactl keys tuf updates rotate-offline-key --ca-file' \
    'otactl keys tuf updates rotate-online-key --role' \
    'otactl keys tuf updates rotate-online-key -r' \
    'otactl keys tuf updates rotate-online-key --keys' \
    'otactl keys tuf updates rotate-online-key -k' \
    'otactl keys tuf updates rotate-online-key --passphrase-file' \
    'otactl keys tuf updates rotate-online-key --key-type' \
    'otactl keys tuf updates rotate-online-key -y' \
    'otactl keys tuf updates rotate-online-key --txid' \
    'otactl keys tuf updates rotate-online-key -x' \
    'otactl keys tuf updates rotate-online-key --config' \
    'otactl keys tuf updates rotate-online-key --context' \
    'otactl keys tuf updates rotate-online-key --url' \
    'otactl keys tuf updates rotate-online-key --factory' \
    'otactl keys tuf updates rotate-online-key -f' \
    'otactl keys tuf updates rotate-online-key --ca-file' \
    'otactl keys tuf updates set-threshold --role' \
    'otactl keys tuf updates set-threshold -r' \
    'otactl keys tuf updates set-threshold --keys' \
    'otactl keys tuf updates set-threshold -k' \
    'otactl keys tuf updates set-threshold --passphrase-file' \
    'otactl keys tuf updates set-threshold --txid' \
    'otactl keys tuf updates set-threshold -x' \
    'otactl keys tuf updates set-threshold --config' \
    'otactl keys tuf updates set-threshold --context' \
    'otactl keys tuf updates set-threshold --url' \
    'otactl keys tuf updates set-threshold --factory' \
    'otactl keys tuf updates set-threshold -f' \
    'otactl keys tuf updates set-threshold --ca-file' \
    'otactl keys tuf updates sign --keys' \
    'otactl keys tuf updates sign -k' \
    'otactl keys tuf updates sign --passphrase-file' \
    'otactl keys tuf updates sign --txid' \
    'otactl keys tuf updates sign -x' \
    'otactl keys tuf updates sign --config' \
    'otactl keys tuf updates sign --context' \
    'otactl keys tuf updates sign --url' \
    'otactl keys tuf updates sign --factory' \
    'otactl keys tuf updates sign -f' \
    'otactl keys tuf updates sign --ca-file' \
    'otactl keys tuf updates sign-prod-targets --keys' \
    'otactl keys tuf updates sign-prod-targets -k' \
    'otactl keys tuf updates sign-prod-targets --passphrase-file' \
    'otactl keys tuf updates sign-prod-targets --tags' \
    'otactl keys tuf updates sign-prod-targets --waves' \
    'otactl keys tuf updates sign-prod-targets --txid' \
    'otactl keys tuf updates sign-prod-targets -x' \
    'otactl keys tuf updates sign-prod-targets --config' \
    'otactl keys tuf updates sign-prod-targets --context' \
    'otactl keys tuf updates sign-prod-targets --url' \
    'otactl keys tuf updates sign-prod-targets --factory' \
    'otactl keys tuf updates sign-prod-targets -f' \
    'otactl keys tuf updates sign-prod-targets --ca-file' \
    'otactl keys tuf updates review --config' \
    'otactl keys tuf updates review --context' \
    'otactl keys tuf updates review --url' \
    'otactl keys tuf updates review --factory' \
    'otactl keys tuf updates review -f' \
    'otactl keys tuf updates review --ca-file' \
    'otactl keys tuf updates apply --txid' \
    'otactl keys tuf updates apply -x' \
    'otactl keys tuf updates apply --config' \
    'otactl keys tuf updates apply --context' \
    'otactl keys tuf updates apply --url' \
    'otactl keys tuf updates apply --factory' \
    'otactl keys tuf updates apply -f' \
    'otactl keys tuf updates apply --ca-file' \
    'otactl keys tuf updates cancel --config' \
    'otactl keys tuf updates cancel --context' \
    'otactl keys tuf updates cancel --url' \
    'otactl keys tuf updates cancel --factory' \
    'otactl keys tuf updates cancel -f' \
    'otactl keys tuf updates cancel --ca-file' \
    'otactl tuf verify --root' \
    'otactl tuf verify --tag' \
    'otactl tuf verify --now' \
    'otactl tuf verify --cert' \
    'otactl tuf verify --cert-key' \
    'otactl tuf verify --config' \
    'otactl tuf verify --context' \
    'otactl tuf verify --url' \
    'otactl tuf verify --factory' \
    'otactl tuf verify -f' \
    'otactl tuf verify --ca-file' \
    'otactl serve --data' \
    'otactl serve --addr' \
    'otactl serve --gateway-addr' \
    'otactl serve --url' \
    'otactl serve --gateway-url' \
    'otactl serve --dns-name' \
    'otactl serve --factory' \
    'otactl serve -f' \
    'otactl register --name' \
    'otactl register -n' \
    'otactl register --server' \
    'otactl register --device-api' \
    'otactl register --oauth-base' \
    'otactl register --factory' \
    'otactl register -f' \
    'otactl register --tag' \
    'otactl register -t' \
    'otactl register --tags' \
    'otactl register --uuid' \
    'otactl register -u' \
    'otactl register --hwid' \
    'otactl register -i' \
    'otactl register --hw-id' \
    'otactl register --device-group' \
    'otactl register -g' \
    'otactl register --token-file' \
    'otactl register --api-token-header' \
    'otactl register -H' \
    'otactl register --ca-file' \
    'otactl register --sota-dir' \
    'otactl register -d' \
    'otactl register --apps' \
    'otactl register -a' \
    'otactl register --restorable-apps' \
    'otactl register -A' \
    'otactl agent check --src-dir' \
    'otactl agent check -s' \
    'otactl agent check --device-config' \
    'otactl agent check -c' \
    'otactl agent check --config' \
    'otactl agent list --src-dir' \
    'otactl agent list -s' \
    'otactl agent list --device-config' \
    'otactl agent list -c' \
    'otactl agent list --config' \
    'otactl agent update --src-dir' \
    'otactl agent update -s' \
    'otactl agent update --device-config' \
    'otactl agent update -c' \
    'otactl agent update --config' \
    'otactl agent update --target' \
    'otactl agent update -t' \
    'otactl agent pull --src-dir' \
    'otactl agent pull -s' \
    'otactl agent pull --device-config' \
    'otactl agent pull -c' \
    'otactl agent pull --config' \
    'otactl agent pull --target' \
    'otactl agent pull -t' \
    'otactl agent install --src-dir' \
    'otactl agent install -s' \
    'otactl agent install --device-config' \
    'otactl agent install -c' \
    'otactl agent install --config' \
    'otactl agent install --target' \
    'otactl agent install -t' \
    'otactl agent run --device-config' \
    'otactl agent run -c' \
    'otactl agent run --config' \
    'otactl agent status --device-config' \
    'otactl agent status -c' \
    'otactl agent status --config' \
    'otactl ostree --repo' \
    'otactl ostree checkout --subpath' \
    'otactl ostree checkout --from-file' \
    'otactl ostree checkout --skip-list' \
    'otactl ostree checkout --fsync' \
    'otactl ostree commit --branch' \
    'otactl ostree commit -b' \
    'otactl ostree commit --subject' \
    'otactl ostree commit -s' \
    'otactl ostree commit --body' \
    'otactl ostree commit -m' \
    'otactl ostree commit --body-file' \
    'otactl ostree commit -F' \
    'otactl ostree commit --parent' \
    'otactl ostree commit --timestamp' \
    'otactl ostree commit --add-metadata-string' \
    'otactl ostree commit --add-metadata' \
    'otactl ostree commit --keep-metadata' \
    'otactl ostree commit --add-detached-metadata-string' \
    'otactl ostree commit --bind-ref' \
    'otactl ostree commit --fsync' \
    'otactl ostree commit --base' \
    'otactl ostree commit --tree' \
    'otactl ostree commit --owner-uid' \
    'otactl ostree commit --owner-gid' \
    'otactl ostree commit --statoverride' \
    'otactl ostree commit --skip-list' \
    'otactl ostree commit --tar-pathname-filter' \
    'otactl ostree commit --gpg-sign' \
    'otactl ostree commit --gpg-homedir' \
    'otactl ostree commit --sign' \
    'otactl ostree commit --sign-from-file' \
    'otactl ostree commit --sign-type' \
    'otactl ostree config --group' \
    'otactl ostree create-usb --destination-repo' \
    'otactl ostree create-usb --commit' \
    'otactl ostree diff --owner-uid' \
    'otactl ostree diff --owner-gid' \
    'otactl ostree export --subpath' \
    'otactl ostree export --prefix' \
    'otactl ostree export --output' \
    'otactl ostree export -o' \
    'otactl ostree find-remotes --finders' \
    'otactl ostree find-remotes --cache-dir' \
    'otactl ostree gpg-sign --gpg-homedir' \
    'otactl ostree init --mode' \
    'otactl ostree init --collection-id' \
    'otactl ostree prune --depth' \
    'otactl ostree prune --delete-commit' \
    'otactl ostree prune --keep-younger-than' \
    'otactl ostree prune --retain-branch-depth' \
    'otactl ostree prune --only-branch' \
    'otactl ostree pull --depth' \
    'otactl ostree pull --cache-dir' \
    'otactl ostree pull --subpath' \
    'otactl ostree pull --url' \
    'otactl ostree pull --http-header' \
    'otactl ostree pull --append-user-agent' \
    'otactl ostree pull --network-retries' \
    'otactl ostree pull --low-speed-limit-bytes' \
    'otactl ostree pull --low-speed-time-seconds' \
    'otactl ostree pull --max-outstanding-fetcher-requests' \
    'otactl ostree pull --max-time' \
    'otactl ostree pull --localcache-repo' \
    'otactl ostree pull -L' \
    'otactl ostree pull --timestamp-check-from-rev' \
    'otactl ostree pull --update-frequency' \
    'otactl ostree pull-local --depth' \
    'otactl ostree pull-local --remote' \
    'otactl ostree refs --create' \
    'otactl ostree remote add --set' \
    'otactl ostree remote add --sign-verify' \
    'otactl ostree remote add --gpg-import' \
    'otactl ostree remote add --custom-backend' \
    'otactl ostree remote add --contenturl' \
    'otactl ostree remote add --collection-id' \
    'otactl ostree remote add --sysroot' \
    'otactl ostree remote delete --sysroot' \
    'otactl ostree remote gpg-import --keyring' \
    'otactl ostree remote gpg-import -k' \
    'otactl ostree remote refs --cache-dir' \
    'otactl ostree remote summary --print-metadata-key' \
    'otactl ostree remote summary --cache-dir' \
    'otactl ostree serve --addr' \
    'otactl ostree serve --port' \
    'otactl ostree serve -P' \
    'otactl ostree serve --port-file' \
    'otactl ostree serve -p' \
    'otactl ostree serve --log-file' \
    'otactl ostree show --print-variant-type' \
    'otactl ostree show --print-metadata-key' \
    'otactl ostree show --print-detached-metadata-key' \
    'otactl ostree show --gpg-homedir' \
    'otactl ostree show --gpg-verify-remote' \
    'otactl ostree sign --sign-type' \
    'otactl ostree sign -s' \
    'otactl ostree sign --keys-file' \
    'otactl ostree sign --keys-dir' \
    'otactl ostree static-delta apply-offline --sign-type' \
    'otactl ostree static-delta apply-offline --keys-file' \
    'otactl ostree static-delta apply-offline --keys-dir' \
    'otactl ostree static-delta generate --from' \
    'otactl ostree static-delta generate --to' \
    'otactl ostree static-delta generate --set-endianness' \
    'otactl ostree static-delta generate --min-fallback-size' \
    'otactl ostree static-delta generate --max-bsdiff-size' \
    'otactl ostree static-delta generate --max-chunk-size' \
    'otactl ostree static-delta generate --filename' \
    'otactl ostree static-delta generate --sign' \
    'otactl ostree static-delta generate --keys-file' \
    'otactl ostree static-delta generate --sign-type' \
    'otactl ostree static-delta reindex --to' \
    'otactl ostree static-delta verify --sign-type' \
    'otactl ostree static-delta verify --keys-file' \
    'otactl ostree static-delta verify --keys-dir' \
    'otactl ostree summary --add-metadata' \
    'otactl ostree summary -m' \
    'otactl ostree summary --print-metadata-key' \
    'otactl ostree summary --gpg-sign' \
    'otactl ostree summary --gpg-homedir' \
    'otactl ostree summary --sign' \
    'otactl ostree summary --sign-from-file' \
    'otactl ostree summary --sign-type' \
    'otactl man --dir'

function __otactl_at --argument-names wanted
    set -l path otactl
    set -l skip 0
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
        else if string match -q -- '-*' $word
            if contains -- "$path $word" $__otactl_valued; or contains -- "otactl $word" $__otactl_valued
                set skip 1
            end
        else if contains -- "$path $word" $__otactl_paths
            set path "$path $word"
        end
    end
    test "$path" = "$wanted"
end

complete -c otactl -f
complete -c otactl -n '__otactl_at \'otactl\'' -a 'login' -d 'prove who you are at a backend, and keep the proof for later'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'logout' -d 'forget what proves who you are in a context'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'context' -d 'the backends you work with; otactl login adds one'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'credentials' -d 'the file that a backend hands out to publishers'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'publish' -d 'send commits to the backend, delta-wise, and have targets signed'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'targets' -d 'what devices may install'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'waves' -d 'bring targets to production devices, some of them first'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'devices' -d 'who is registered, and who may be'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'keys' -d 'the keys that metadata is signed with'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'tuf' -d 'the signed metadata that devices trust'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'serve' -d 'be the backend: repo, signed metadata, registration and device gateway in one process'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'register' -d 'give this device its identity'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'agent' -d 'update the device this runs on'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'ostree' -d 'work on OSTree repos by hand'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'completion' -d 'print a completion script for a shell'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'man' -d 'print the manual page of a command, or write all pages'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'help' -d 'explain a command, or a topic: exit-codes, environment'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'version' -d 'print the version of this program'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'aklite-offline' -d 'behave as aklite-offline, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'aktualizr-lite' -d 'behave as aktualizr-lite, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'fiocheck' -d 'behave as fiocheck, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'fiopush' -d 'behave as fiopush, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'fiosync' -d 'behave as fiosync, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'garage-check' -d 'behave as garage-check, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'garage-push' -d 'behave as garage-push, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'lmp-device-register' -d 'behave as lmp-device-register, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'ota-publish' -d 'behave as ota-publish, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl login\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl login\'' -l url -x -d 'the backend\'s API is at URL (default: that of the context, or https://api.foundries.io)'
complete -c otactl -n '__otactl_at \'otactl login\'' -l factory -s f -x -d 'work with the factory NAME (default: the only one that the application is for)'
complete -c otactl -n '__otactl_at \'otactl login\'' -l oauth-url -x -d 'the token server is at URL (default: https://app.DOMAIN/oauth of an API at api.DOMAIN)'
complete -c otactl -n '__otactl_at \'otactl login\'' -l with-token -d 'log in with an API token, as for otactl serve'
complete -c otactl -n '__otactl_at \'otactl login\'' -l update-server -d 'the backend is an update-server; implies --with-token'
complete -c otactl -n '__otactl_at \'otactl login\'' -l stdin -d 'read what would be typed from standard input, one a line'
complete -c otactl -n '__otactl_at \'otactl login\'' -l insecure-storage -d 'keep the secret in a file beside the contexts, readable by you alone, and not in the keyring'
complete -c otactl -n '__otactl_at \'otactl login\'' -l config -r -F -d 'write the context to FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl login\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl login\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl login\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl login\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl login\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl logout\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl logout\'' -l config -r -F -d 'work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl logout\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl logout\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl logout\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl logout\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl context\'' -a 'list' -d 'list the contexts; the active one has a star'
complete -c otactl -n '__otactl_at \'otactl context\'' -a 'use' -d 'make a context the active one'
complete -c otactl -n '__otactl_at \'otactl context\'' -a 'show' -d 'show a context, or the active one, and whether you are logged in there'
complete -c otactl -n '__otactl_at \'otactl context\'' -a 'import' -d 'take over contexts from a file of otactl serve, fioctl or satcli, secrets included'
complete -c otactl -n '__otactl_at \'otactl context\'' -a 'remove' -d 'log out of a context and forget it'
complete -c otactl -n '__otactl_at \'otactl context\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl context\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl context\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl context\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl context\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl context list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl context list\'' -l config -r -F -d 'work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl context list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl context list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl context list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl context list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl context use\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl context use\'' -l config -r -F -d 'work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl context use\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl context use\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl context use\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl context use\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl context show\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl context show\'' -l config -r -F -d 'work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl context show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl context show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl context show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl context show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl context import\'' -F
complete -c otactl -n '__otactl_at \'otactl context import\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl context import\'' -l config -r -F -d 'work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl context import\'' -l insecure-storage -d 'keep the secrets in a file beside the contexts, readable by you alone, and not in the keyring'
complete -c otactl -n '__otactl_at \'otactl context import\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl context import\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl context import\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl context import\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl context remove\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl context remove\'' -l config -r -F -d 'work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl context remove\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl context remove\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl context remove\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl context remove\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl credentials\'' -a 'show' -d 'show what a credentials file is good for, without its secrets'
complete -c otactl -n '__otactl_at \'otactl credentials\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl credentials\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl credentials\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl credentials\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl credentials\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl credentials show\'' -F
complete -c otactl -n '__otactl_at \'otactl credentials show\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl credentials show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl credentials show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl credentials show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl credentials show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -a 'check' -d 'say whether a commit is complete over there'
complete -c otactl -n '__otactl_at \'otactl publish\'' -a 'sync' -d 'bring refs or commits from one backend to another'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l repo -s r -x -a '(__fish_complete_directories)' -d 'OSTree repo in DIR; needed'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l credentials -s c -r -F -d 'credentials.zip or treehub.json in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named; then the context)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l ref -x -d 'publish REF, or a commit without moving a ref; REF=HWID,… says for which hardware; repeat (default: the repo\'s only ref, or the one named like a hardware id)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l dry-run -s n -d 'say what would be sent, and change nothing'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l no-target -d 'send the commit and move the ref; sign no target'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l jobs -s j -x -d 'keep N requests under way'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l full-check -d 'ask the backend about every object; finds and mends what it lost'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l hardware-id -s m -x -d 'the target is for HWID; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l tag -s t -x -d 'devices that follow TAG take the target; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l version -x -d 'the target\'s version is N (default: the next free one)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l name -x -d 'the target is called NAME-VERSION (default: the first hardware id)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l uri -x -d 'the build this came from is at URL'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l app -x -d 'the target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l custom -x -d 'the target has the custom field KEY=JSON; repeat'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l to -x -d 'send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l s3-endpoint -x -d 'the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon\'s)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l sign-by -x -d 'sign the commit, and a summary that is made here, with KEY: a file with a secret GPG, ed25519 or spki key, or the id of a GPG key; may be repeated'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l gpg-homedir -x -a '(__fish_complete_directories)' -d 'look for GPG keys in DIR (default: GnuPG\'s own)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l deltas-from -x -d 'make static deltas from VERSIONS and send them too: a number for so many of the last ones, v41, a target, a commit or a ref; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l limit-rate -x -d 'move no more than RATE bytes a second over all connections: 500K, 2M'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l repo -s r -x -a '(__fish_complete_directories)' -d 'OSTree repo in DIR that it was published from'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l credentials -s c -r -F -d 'credentials.zip or treehub.json in FILE (default: as for publish)'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l all -d 'look at every object, and not at a sample'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l sample -x -d 'look at N objects'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l verify -d 'fetch what is looked at and hash it'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l jobs -s j -x -d 'keep N requests under way'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l to -x -d 'send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l s3-endpoint -x -d 'the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon\'s)'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl publish check\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l from -x -d 'read from SRC: a repo in a folder, at https://HOST/PATH, or at s3://BUCKET[/FOLDER]'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l from-credentials -r -F -d 'read with the credentials.zip or treehub.json in FILE; without --from, from the treehub that it names'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l from-context -x -d 'read from the backend of the context NAME'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l credentials -s c -r -F -d 'credentials.zip or treehub.json of the destination in FILE (default: as for publish)'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l depth -x -d 'bring N commits before each one too; -1 is all'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l targets -d 'add the targets of the source\'s backend that name these commits'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l dry-run -s n -d 'say what would be sent, and change nothing'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l full-check -d 'ask the destination about every object; finds and mends what it lost'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l jobs -s j -x -d 'keep N requests under way'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l to -x -d 'send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l s3-endpoint -x -d 'the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon\'s)'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l sign-by -x -d 'sign a summary that is made here with KEY: a file with a secret GPG, ed25519 or spki key, or the id of a GPG key; may be repeated'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l gpg-homedir -x -a '(__fish_complete_directories)' -d 'look for GPG keys in DIR (default: GnuPG\'s own)'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl publish sync\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'list' -d 'list targets, after their signatures were verified'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'show' -d 'show one target, or all of a version'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'add' -d 'derive new targets from the newest ones with a tag'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'tag' -d 'give targets other tags, so that other devices take them'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'prune' -d 'take targets out, so that no device is offered them'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'edit' -d 'change all targets at once, in an editor'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'sign' -d 'add signatures to a targets.json that another signer wrote with --out'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'upload' -d 'bring a targets.json to the backend that was signed elsewhere'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'static-deltas' -d 'make static deltas between targets that are there'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'offline-update' -d 'put a target and its signed metadata into a folder, for devices without a network'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l by-tag -x -d 'only targets with TAG'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l columns -x -d 'show the columns NAMES, in this order; repeat or separate by commas (default: name,version,tags,hardware-ids,commit,created)'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l production -d 'what production devices of the tag in --by-tag get'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l raw -s r -d 'print targets.json as it was signed'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l production-tag -x -d 'of what production devices of TAG get'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l raw -s r -d 'print the custom part of each as it was signed, one a line'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l type -x -a 'ostree app' -d 'what is new in the targets'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l tags -s T -x -d 'the new targets have TAGS; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l src-tag -x -d 'derive from the newest targets with TAG'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l targets-creator -x -d 'note that TEXT made them (default: this program)'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l dry-run -l dryrun -s n -d 'say what would change, and change nothing'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l out -r -F -d 'write the signed targets.json to FILE instead of uploading it, for others to sign'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets add\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l tags -s T -x -d 'the tags TAGS; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l append -d 'add to the tags that each has, instead of replacing them'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l by-version -d 'each TARGET is a version: tag all targets that have it'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l dry-run -l dryrun -s n -d 'say what would change, and change nothing'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l out -r -F -d 'write the signed targets.json to FILE instead of uploading it, for others to sign'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets tag\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l by-tag -d 'each TARGET is a tag: take out the targets that have exactly these tags'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l keep-last -x -d 'with --by-tag, keep the N highest versions'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l force -d 'take out the newest target of a tag too'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l dry-run -l dryrun -s n -d 'say what would change, and change nothing'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l out -r -F -d 'write the signed targets.json to FILE instead of uploading it, for others to sign'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets prune\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l dry-run -l dryrun -s n -d 'say what would change, and change nothing'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l out -r -F -d 'write the signed targets.json to FILE instead of uploading it, for others to sign'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets edit\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -F
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l dry-run -l dryrun -s n -d 'show what the file would change, and sign nothing'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets sign\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -F
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets upload\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l by-tag -x -d 'from all earlier versions that have the tag TAG'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l hw-id -x -d 'only for the hardware HWID'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l repo -s r -x -a '(__fish_complete_directories)' -d 'make them in the OSTree repo DIR; commits that it lacks are fetched (default: a temporary one)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l to -x -d 'send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l s3-endpoint -x -d 'the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon\'s)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l sign-by -x -d 'sign a summary that is made here with KEY: a file with a secret GPG, ed25519 or spki key, or the id of a GPG key; may be repeated'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l gpg-homedir -x -a '(__fish_complete_directories)' -d 'look for GPG keys in DIR (default: GnuPG\'s own)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l dry-run -l dryrun -s n -d 'say what would change, and change nothing'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l out -r -F -d 'write the signed targets.json to FILE instead of uploading it, for others to sign'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets static-deltas\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'sign' -d 'add a signature with an offline targets key'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'show' -d 'show what a bundle says it holds, until when, and who signed it'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'verify' -d 'check everything in a bundle, from the root of trust to the last object'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'add' -d 'put more targets into a bundle, also for other hardware; what they share is stored once'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'remove' -d 'take targets out of a bundle, and what only they needed'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'prune' -d 'remove from a bundle what none of its targets needs'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'upload' -d 'send a bundle to an update-server, which offers it to its devices'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'pack' -d 'make one file of a bundle, with a signed index of all that is in it'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'unpack' -d 'make a folder of a bundle that is one file'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l tag -x -d 'the TAG that the devices follow (required, but with --wave)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l dry-run -d 'say what would be written, and write nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l jobs -s j -x -d 'move N objects at once (default: as suits the machine)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l prod -d 'take the target from the production targets of the tag, for production devices'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l wave -x -d 'take the target from the active wave NAME, for production devices that follow its tag'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l from -x -d 'without a backend: take the commit from the repo in a folder, at an https:// or in an s3:// URL'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l tuf -x -a '(__fish_complete_directories)' -d 'with --from: the TUF repository that --keys sign lies in DIR, which outlives the bundles'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l init -d 'with --from: make that TUF repository, with its first root'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l ref -x -d 'with --from: a target that is not there yet is made of REF (default: the only one, or the hardware\'s)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l hardware-id -x -d 'with --from: the new target is for hardware ID; repeat for more (default: NAME without its version)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l app -x -d 'with --from: the new target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l s3-endpoint -x -d 'the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon\'s)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l ostree-repo-source -x -a '(__fish_complete_directories)' -d 'take the objects from the local repo in DIR'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l no-apps -d 'leave the target\'s apps out'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l apps-source -x -a '(__fish_complete_directories)' -d 'take the apps from DIR: a store of composectl\'s, or another bundle'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l sbom -r -F -d 'carry the SBOM in FILE along, as it is'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l with-sboms -d 'carry the SBOMs along that the backend has of the target'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l delta-from -x -d 'put static deltas from VERSIONS into the bundle: numbers of earlier targets for the same hardware, or commits in hex; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l delta-only -d 'put no objects beside the deltas: only otactl on devices that have one of these versions takes the bundle'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l tuf-only -s m -d 'renew the metadata only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l allow-multiple-targets -d 'add to a bundle that holds other targets'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l archive -r -F -d 'make one FILE of the bundle as well, or alone where no DST is given'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l upload -x -d 'then send the bundle to the update-server of CONTEXT (otactl login --update-server)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l as -x -d 'with --upload: call the update NAME there (default: the target\'s name)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l keys -s k -r -F -d 'sign with the one targets key in FILE (an archive or a plain key) or in a token (a pkcs11: URI)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l export -r -F -d 'write the metadata, without the content, to FILE for others to sign'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l import -r -F -d 'take over the signatures in FILE, which was exported from this bundle'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l root -r -F -d 'trust the root FILE; several go from the oldest to the newest'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l no-verify -d 'do not read the content; the metadata is verified all the same'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l yes -s y -d 'do not ask'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l jobs -s j -x -d 'read N objects at once (default: as suits the machine)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update show\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l root -r -F -d 'trust the root FILE; several go from the oldest to the newest'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l tag -x -d 'it must be for TAG'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l hardware-id -x -d 'it must have a target for hardware ID'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l type -x -a 'ci prod' -d 'it must be of type '
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l base -x -a '(__fish_complete_directories)' -d 'apply static deltas to the commits of the repo in DIR, to see what they make'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l as-device -r -F -d 'say what the device would do of which PATH is the sota.toml, or a copy of /var/sota or of its root'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l now -x -d 'judge expiry at TIME (RFC 3339) and not by the clock'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l jobs -s j -x -d 'read N objects at once (default: as suits the machine)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l tag -x -d 'the TAG that the devices follow (required, but with --wave)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l dry-run -d 'say what would be written, and write nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l jobs -s j -x -d 'move N objects at once (default: as suits the machine)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l prod -d 'take the target from the production targets of the tag, for production devices'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l wave -x -d 'take the target from the active wave NAME, for production devices that follow its tag'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l from -x -d 'without a backend: take the commit from the repo in a folder, at an https:// or in an s3:// URL'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l tuf -x -a '(__fish_complete_directories)' -d 'with --from: the TUF repository that --keys sign lies in DIR, which outlives the bundles'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l init -d 'with --from: make that TUF repository, with its first root'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l ref -x -d 'with --from: a target that is not there yet is made of REF (default: the only one, or the hardware\'s)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l hardware-id -x -d 'with --from: the new target is for hardware ID; repeat for more (default: NAME without its version)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l app -x -d 'with --from: the new target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l s3-endpoint -x -d 'the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon\'s)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l ostree-repo-source -x -a '(__fish_complete_directories)' -d 'take the objects from the local repo in DIR'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l no-apps -d 'leave the target\'s apps out'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l apps-source -x -a '(__fish_complete_directories)' -d 'take the apps from DIR: a store of composectl\'s, or another bundle'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l sbom -r -F -d 'carry the SBOM in FILE along, as it is'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l with-sboms -d 'carry the SBOMs along that the backend has of the target'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l delta-from -x -d 'put static deltas from VERSIONS into the bundle: numbers of earlier targets for the same hardware, or commits in hex; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l delta-only -d 'put no objects beside the deltas: only otactl on devices that have one of these versions takes the bundle'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update add\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l tag -x -d 'the TAG that the devices follow (required, but with --wave)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l dry-run -d 'say what would be written, and write nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l jobs -s j -x -d 'move N objects at once (default: as suits the machine)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l credentials -s c -r -F -d 'take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l prod -d 'take the target from the production targets of the tag, for production devices'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l wave -x -d 'take the target from the active wave NAME, for production devices that follow its tag'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l from -x -d 'without a backend: take the commit from the repo in a folder, at an https:// or in an s3:// URL'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l tuf -x -a '(__fish_complete_directories)' -d 'with --from: the TUF repository that --keys sign lies in DIR, which outlives the bundles'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l init -d 'with --from: make that TUF repository, with its first root'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l ref -x -d 'with --from: a target that is not there yet is made of REF (default: the only one, or the hardware\'s)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l hardware-id -x -d 'with --from: the new target is for hardware ID; repeat for more (default: NAME without its version)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l app -x -d 'with --from: the new target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l s3-endpoint -x -d 'the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon\'s)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update remove\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update prune\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update prune\'' -l dry-run -d 'say what would go, and remove nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update prune\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update prune\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update prune\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update prune\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update upload\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update upload\'' -l as -x -d 'call the update NAME there (default: the name of the last target)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update upload\'' -l config -r -F -d 'use the context file at PATH'
complete -c otactl -n '__otactl_at \'otactl targets offline-update upload\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update upload\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update upload\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update upload\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -F
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -l keys -s k -r -F -d 'sign the index with the one targets key in FILE (an archive or a plain key) or in a token (a pkcs11: URI)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update pack\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update unpack\'' -F
complete -c otactl -n '__otactl_at \'otactl targets offline-update unpack\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update unpack\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update unpack\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update unpack\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update unpack\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'init' -d 'make a wave out of a version that CI has built, and sign its targets'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'sign' -d 'add a signature to a wave\'s targets'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'rollout' -d 'offer a wave to some of the production devices'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'status' -d 'show how far the devices of a wave are'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'list' -d 'list waves, the newest first'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'show' -d 'show one wave and how it was rolled out'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'complete' -d 'make a wave\'s targets the production targets of its tag'
complete -c otactl -n '__otactl_at \'otactl waves\'' -a 'cancel' -d 'end a wave, so that no other device is offered it'
complete -c otactl -n '__otactl_at \'otactl waves\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l expires-in-days -l expires-days -s e -x -d 'what is signed expires in DAYS'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l expires-at -s E -x -d 'what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l root -r -F -d 'trust the root in FILE, of CI or production (default: the backend\'s, by way of the one seen last)'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l prune -x -d 'drop the production targets of these VERSIONS, separated by commas'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l source-tag -x -d 'take only CI targets that carry TAG'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l dry-run -s d -d 'print the signed wave, and send nothing'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves init\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l root -r -F -d 'trust the root in FILE, of CI or production (default: the backend\'s, by way of the one seen last)'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves sign\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l group -s g -x -d 'only devices in GROUP'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l limit -s l -x -d 'at most N devices, or N% of those that fit'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l uuids -x -d 'only the devices in LIST, or in a file: @FILE; separated by , ; | or space'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l dry-run -d 'say which devices it would be, and change nothing'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l print-uuids -d 'list the devices\' UUIDs'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l print-names -d 'list the devices\' names'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves rollout\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l offline-threshold -x -d 'a device not seen for HOURS is offline'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves status\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l limit -s n -x -d 'show N waves (default: 20)'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l page -s p -x -d 'show page N of them'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l status -s S -x -a 'active complete canceled' -d 'only waves that are '
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l tag -s T -x -d 'only waves for TAG'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l show-targets -s s -d 'show its targets.json as well'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves complete\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl waves cancel\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl devices\'' -a 'list' -d 'list the registered devices'
complete -c otactl -n '__otactl_at \'otactl devices\'' -a 'approve' -d 'let a device register that shows this code'
complete -c otactl -n '__otactl_at \'otactl devices\'' -a 'delete' -d 'end a device\'s registration'
complete -c otactl -n '__otactl_at \'otactl devices\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl devices\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl devices\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl devices\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl devices\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl devices list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl devices approve\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl devices delete\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys\'' -a 'list' -d 'list the keys in an archive, a file or a token'
complete -c otactl -n '__otactl_at \'otactl keys\'' -a 'generate' -d 'make a key and put it into an archive'
complete -c otactl -n '__otactl_at \'otactl keys\'' -a 'passphrase' -d 'give an archive a passphrase, another one, or none'
complete -c otactl -n '__otactl_at \'otactl keys\'' -a 'tuf' -d 'the roots of a factory: which keys sign what'
complete -c otactl -n '__otactl_at \'otactl keys\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys list\'' -l root -r -F -d 'say what the root in FILE lets each key sign'
complete -c otactl -n '__otactl_at \'otactl keys list\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -F
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l role -x -a 'root targets snapshot timestamp' -d 'the role that the key is meant for'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l key-type -s y -x -a 'ed25519 rsa' -d 'make a key of type '
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys generate\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -F
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l new-passphrase-file -r -F -d 'take the new passphrase from the first line of FILE (default: OTACTL_KEYS_NEW_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l remove -d 'leave the archive without a passphrase, as fioctl reads it'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys passphrase\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'show-root' -d 'print the root in force, after its chain was verified'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'download-roots' -d 'put all roots into a tar archive, after their chain was verified'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'rotate-offline-key' -d 'replace an offline key of root or targets, in one go'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'rotate-all-keys' -d 'replace the offline and online keys of all roles, in one go'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'init' -d 'open a root transaction'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'add-offline-key' -d 'stage one more offline key of root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'delete-offline-key' -d 'stage the removal of an offline key of root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'rotate-online-key' -d 'stage new keys, made by the server, in place of its online keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'set-threshold' -d 'stage how many keys have to sign root, or production targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'sign' -d 'sign the new roots with a root key, in force or new'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'sign-prod-targets' -d 'stage signatures on production targets and waves, by a targets key of the new root'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'review' -d 'show what is staged, and what is still missing'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'apply' -d 'bring the new roots into force'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'cancel' -d 'drop what is staged; the roots stay as they are'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -a 'updates' -d 'the steps of a root transaction, one by one'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l prod -d 'show the production root'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf show-root\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -F
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l prod -d 'take the chain of the production root'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf download-roots\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l keys -s k -r -F -d 'the archive FILE of the root key (required)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l targets-keys -s K -r -F -d 'the archive FILE of the targets key, where that is another one than --keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l first-time -d 'take over the root key that the server made; it goes into the archive of --keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l key-type -s y -x -d 'make keys of TYPE: ed25519 or rsa'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l changelog -s m -x -d 'why the root changes: TEXT that goes into it'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-offline-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l keys -s k -r -F -d 'the archive FILE of the root key (required)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l targets-keys -s K -r -F -d 'the archive FILE of the targets key, where that is another one than --keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l first-time -d 'take over the root key that the server made; it goes into the archive of --keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l key-type -s y -x -d 'make keys of TYPE: ed25519 or rsa'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l changelog -s m -x -d 'why the root changes: TEXT that goes into it'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-all-keys\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l changelog -s m -x -d 'why the root changes: TEXT that goes into it'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l first-time -d 'take over the root key that the server made; it goes into the archive of --keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l keys -s k -r -F -d 'with --first-time: the archive FILE to make for the root key'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf init\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l keys -s k -r -F -d 'the archive FILE for the new key, or the pkcs11: URI of one in a token (required)'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l key-type -s y -x -d 'make keys of TYPE: ed25519 or rsa'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf add-offline-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l keys -s k -r -F -d 'delete the one active key of the role in the archive FILE'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l key-id -s i -x -d 'delete the key with this ID'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf delete-offline-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l role -s r -x -d 'the ROLES: targets, snapshot, timestamp; several with commas'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l keys -s k -r -F -d 'the archive FILE of the root key, for --sign'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l key-type -s y -x -d 'make keys of TYPE: ed25519 or rsa'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l sign -s s -d 'sign the new root with the root keys in --keys as well'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf rotate-online-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l keys -s k -r -F -d 'the archive FILE of the root key, for --sign'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l sign -s s -d 'sign the new root with the root keys in --keys as well'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf set-threshold\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l tags -x -d 'only the production targets of TAGS, several with commas'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l waves -x -d 'only the waves NAMES, several with commas'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf sign-prod-targets\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l diff -d 'show line by line how the new root differs from the one in force'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l raw -d 'print the new root'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l prod -d 'with --diff or --raw: show the production root'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf review\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf apply\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf cancel\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'init' -d 'open a root transaction'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'add-offline-key' -d 'stage one more offline key of root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'delete-offline-key' -d 'stage the removal of an offline key of root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'rotate-offline-key' -d 'stage a new key in place of an offline key of root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'rotate-online-key' -d 'stage new keys, made by the server, in place of its online keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'set-threshold' -d 'stage how many keys have to sign root, or production targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'sign' -d 'sign the new roots with a root key, in force or new'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'sign-prod-targets' -d 'stage signatures on production targets and waves, by a targets key of the new root'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'review' -d 'show what is staged, and what is still missing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'apply' -d 'bring the new roots into force'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -a 'cancel' -d 'drop what is staged; the roots stay as they are'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l changelog -s m -x -d 'why the root changes: TEXT that goes into it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l first-time -d 'take over the root key that the server made; it goes into the archive of --keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l keys -s k -r -F -d 'with --first-time: the archive FILE to make for the root key'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates init\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l keys -s k -r -F -d 'the archive FILE for the new key, or the pkcs11: URI of one in a token (required)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l key-type -s y -x -d 'make keys of TYPE: ed25519 or rsa'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates add-offline-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l keys -s k -r -F -d 'delete the one active key of the role in the archive FILE'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l key-id -s i -x -d 'delete the key with this ID'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates delete-offline-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l keys -s k -r -F -d 'the archive FILE of the root key'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l targets-keys -s K -r -F -d 'the archive FILE of the targets key, where that is another one than --keys'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l key-type -s y -x -d 'make keys of TYPE: ed25519 or rsa'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l sign -s s -d 'sign the new root with the root keys in --keys as well'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l no-passphrase -d 'make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-offline-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l role -s r -x -d 'the ROLES: targets, snapshot, timestamp; several with commas'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l keys -s k -r -F -d 'the archive FILE of the root key, for --sign'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l key-type -s y -x -d 'make keys of TYPE: ed25519 or rsa'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l sign -s s -d 'sign the new root with the root keys in --keys as well'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates rotate-online-key\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l role -s r -x -d 'the ROLE: root or targets'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l keys -s k -r -F -d 'the archive FILE of the root key, for --sign'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l sign -s s -d 'sign the new root with the root keys in --keys as well'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates set-threshold\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l keys -s k -r -F -d 'sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l passphrase-file -r -F -d 'take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l tags -x -d 'only the production targets of TAGS, several with commas'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l waves -x -d 'only the waves NAMES, several with commas'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates sign-prod-targets\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l diff -d 'show line by line how the new root differs from the one in force'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l raw -d 'print the new root'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l prod -d 'with --diff or --raw: show the production root'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates review\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l txid -s x -x -d 'the transaction\'s ID, for all but the one who opened it'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates apply\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl keys tuf updates cancel\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl tuf\'' -a 'verify' -d 'show the chain of trust of a repository, and every rule that it breaks'
complete -c otactl -n '__otactl_at \'otactl tuf\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl tuf\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl tuf\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl tuf\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl tuf\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l root -r -F -d 'begin with the root in FILE, which you trust'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l production -d 'ask the backend for production metadata, that of --tag'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l tag -x -d 'ask for the metadata of devices that follow TAG'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l now -x -d 'judge expiry as at TIME, such as 2026-01-31T12:00:00Z (default: now)'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l cert -r -F -d 'show a gateway the device certificate in FILE'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l cert-key -r -F -d 'the key of --cert is in FILE'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl tuf verify\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l data -x -a '(__fish_complete_directories)' -d 'keep everything in DIR'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l addr -x -d 'serve the API on HOST:PORT, in plain HTTP (default: 127.0.0.1:8080)'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l gateway-addr -x -d 'serve devices on HOST:PORT, in mutual TLS (default: :8443)'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l url -x -d 'clients reach the API at URL (default: from --addr)'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l gateway-url -x -d 'devices reach the gateway at URL (default: from --dns-name and --gateway-addr)'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l dns-name -x -d 'the gateway\'s certificate is for NAME, a DNS name or an IP address; repeat for more'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l factory -s f -x -d 'the factory is called NAME (default: local); the first start fixes it'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl serve\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl register\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl register\'' -l name -s n -x -d 'NAME in the backend\'s lists (default: the UUID)'
complete -c otactl -n '__otactl_at \'otactl register\'' -l server -x -d 'register at the otactl serve at URL; sets --device-api and --oauth-base'
complete -c otactl -n '__otactl_at \'otactl register\'' -l device-api -x -d 'send the certificate request to URL'
complete -c otactl -n '__otactl_at \'otactl register\'' -l oauth-base -x -d 'run the device flow at URL'
complete -c otactl -n '__otactl_at \'otactl register\'' -l factory -s f -x -d 'NAME of the factory (default: LMP_FACTORY of os-release)'
complete -c otactl -n '__otactl_at \'otactl register\'' -l tag -l tags -s t -x -d 'follow targets with TAG (default: LMP_FACTORY_TAG of os-release)'
complete -c otactl -n '__otactl_at \'otactl register\'' -l uuid -s u -x -d 'UUID of the device (default: a random one)'
complete -c otactl -n '__otactl_at \'otactl register\'' -l hwid -l hw-id -s i -x -d 'hardware ID (default: the architecture, as in amd64-linux)'
complete -c otactl -n '__otactl_at \'otactl register\'' -l device-group -s g -x -d 'put the device into GROUP'
complete -c otactl -n '__otactl_at \'otactl register\'' -l production -s p -d 'ask for a production device\'s certificate'
complete -c otactl -n '__otactl_at \'otactl register\'' -l token-file -r -F -d 'read an API token from FILE and skip the device flow; - is standard input'
complete -c otactl -n '__otactl_at \'otactl register\'' -l api-token-header -s H -x -d 'HEADER that carries the API token'
complete -c otactl -n '__otactl_at \'otactl register\'' -l raw-bearer -d 'send the OAuth token as it is, not base64-encoded once more'
complete -c otactl -n '__otactl_at \'otactl register\'' -l ca-file -r -F -d 'also trust the CAs in FILE for the backend'
complete -c otactl -n '__otactl_at \'otactl register\'' -l insecure-http -d 'allow http:// to a host that is not this one'
complete -c otactl -n '__otactl_at \'otactl register\'' -l sota-dir -s d -x -a '(__fish_complete_directories)' -d 'write to DIR'
complete -c otactl -n '__otactl_at \'otactl register\'' -l apps -s a -x -d 'run these Compose Apps, a comma-separated LIST (default: all)'
complete -c otactl -n '__otactl_at \'otactl register\'' -l restorable-apps -s A -x -d 'keep these Compose Apps restorable, a comma-separated LIST'
complete -c otactl -n '__otactl_at \'otactl register\'' -l use-ostree-server -d 'fetch OSTree content from the backend\'s proxy; on, =false turns it off'
complete -c otactl -n '__otactl_at \'otactl register\'' -l start-daemon -d 'start the update daemon afterwards, where it is installed; on, =false turns it off'
complete -c otactl -n '__otactl_at \'otactl register\'' -l force -d 'replace an existing registration'
complete -c otactl -n '__otactl_at \'otactl register\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl register\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl register\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl register\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent\'' -a 'check' -d 'update the metadata and list the targets for this device'
complete -c otactl -n '__otactl_at \'otactl agent\'' -a 'list' -d 'list the targets by the metadata that is stored'
complete -c otactl -n '__otactl_at \'otactl agent\'' -a 'update' -d 'check in, bring in and deploy the newest target, or the one named'
complete -c otactl -n '__otactl_at \'otactl agent\'' -a 'pull' -d 'bring in a target by the metadata that is stored'
complete -c otactl -n '__otactl_at \'otactl agent\'' -a 'install' -d 'deploy what was pulled; with --src-dir all that update does'
complete -c otactl -n '__otactl_at \'otactl agent\'' -a 'run' -d 'after the reboot, confirm what was installed'
complete -c otactl -n '__otactl_at \'otactl agent\'' -a 'status' -d 'show what runs and what waits for a reboot'
complete -c otactl -n '__otactl_at \'otactl agent\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent check\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent check\'' -l src-dir -s s -x -a '(__fish_complete_directories)' -d 'take updates from the offline bundle in DIR, not from the gateway'
complete -c otactl -n '__otactl_at \'otactl agent check\'' -l device-config -l config -s c -r -F -d 'read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
complete -c otactl -n '__otactl_at \'otactl agent check\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent check\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent check\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent check\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent list\'' -l src-dir -s s -x -a '(__fish_complete_directories)' -d 'take updates from the offline bundle in DIR, not from the gateway'
complete -c otactl -n '__otactl_at \'otactl agent list\'' -l device-config -l config -s c -r -F -d 'read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
complete -c otactl -n '__otactl_at \'otactl agent list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l src-dir -s s -x -a '(__fish_complete_directories)' -d 'take updates from the offline bundle in DIR, not from the gateway'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l device-config -l config -s c -r -F -d 'read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l target -s t -x -d 'the target of that NAME or version (default: the newest)'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l force -s f -d 'go back to an older target as well'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent update\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l src-dir -s s -x -a '(__fish_complete_directories)' -d 'take updates from the offline bundle in DIR, not from the gateway'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l device-config -l config -s c -r -F -d 'read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l target -s t -x -d 'the target of that NAME or version (default: the newest)'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l force -s f -d 'go back to an older target as well'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent pull\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l src-dir -s s -x -a '(__fish_complete_directories)' -d 'take updates from the offline bundle in DIR, not from the gateway'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l device-config -l config -s c -r -F -d 'read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l target -s t -x -d 'the target of that NAME or version (default: the newest)'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l force -s f -d 'go back to an older target as well'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent install\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent run\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent run\'' -l device-config -l config -s c -r -F -d 'read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
complete -c otactl -n '__otactl_at \'otactl agent run\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent run\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent run\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent run\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl agent status\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl agent status\'' -l device-config -l config -s c -r -F -d 'read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
complete -c otactl -n '__otactl_at \'otactl agent status\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl agent status\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl agent status\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl agent status\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'cat' -d 'print files of a commit'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'checkout' -d 'write a commit\'s tree to a folder'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'checksum' -d 'print what a file would be called in a commit'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'commit' -d 'store trees as a new commit'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'config' -d 'read or change a key of the repo\'s config'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'create-usb' -d 'copy refs of collections to where a medium is mounted'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'diff' -d 'compare two commits, or folders'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'export' -d 'write the tree of a commit as a tar archive'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'find-remotes' -d 'look in the configured remotes for refs of collections'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'fsck' -d 'verify all commits of a repo, object by object'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'gpg-sign' -d 'sign a commit with GPG keys'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'init' -d 'make a new repo'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'log' -d 'print a commit and those before it'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'ls' -d 'list what a commit holds'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'prune' -d 'remove objects that no commit reaches, and commits that are not wanted'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'pull' -d 'bring commits from a remote'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'pull-local' -d 'copy commits from another repo on this machine'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'refs' -d 'list, create or delete refs'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'remote' -d 'where this repo pulls from'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'reset' -d 'move a ref to another commit'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'rev-parse' -d 'print the checksum of a commit'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'serve' -d 'serve one archive repo over HTTP, to pull from'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'show' -d 'print a commit, or another object'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'sign' -d 'sign a commit, or verify its signatures'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'static-delta' -d 'what leads from one commit to another in one file'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'summary' -d 'write the summary of this repo, or show it'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l repo -x -a '(__fish_complete_directories)' -d 'DIR of the repo (default: OSTREE_REPO, the current folder, or /sysroot/ostree/repo)'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree cat\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree cat\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree cat\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree cat\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree cat\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree cat\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l user-mode -s U -d 'leave owners and extended attributes alone, drop setuid bits'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l subpath -r -F -d 'write only PATH of the commit'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l union -d 'keep existing folders, overwrite existing files'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l union-add -d 'keep what exists, add the rest'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l union-identical -d 'add the rest; fail if a file that exists is another; with --require-hardlinks'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l whiteouts -d 'take files .wh.NAME for orders to remove NAME'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l process-passthrough-whiteouts -d 'make overlay whiteouts out of files .ostree-wh.NAME'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l allow-noent -d 'do nothing if the commit has no such --subpath'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l from-stdin -d 'read many COMMIT and PATH, each ended by a zero byte, and lay them over each other'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l from-file -r -F -d 'read them from FILE'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l require-hardlinks -s H -d 'fail where a file can be no hard link'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l force-copy -s C -d 'copy all files'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l bareuseronly-dirs -s M -d 'drop mode bits of folders outside of 0775'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l disable-cache -d 'keep no inflated files in an archive repo'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l skip-list -r -F -d 'FILE with paths to leave out, each on a line; a folder\'s ends with a slash'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l fsync -x -d 'BOOL, true or false: whether all is on the disk when it ends (default: false)'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree checksum\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree checksum\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree checksum\'' -l ignore-xattrs -d 'leave extended attributes out'
complete -c otactl -n '__otactl_at \'otactl ostree checksum\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree checksum\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree checksum\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree checksum\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l branch -s b -x -d 'move REF to the new commit'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l orphan -d 'make a commit that no ref names'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l subject -s s -x -d 'one LINE about the commit'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l body -s m -x -d 'more TEXT about it'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l body-file -s F -r -F -d 'read the text from FILE'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l editor -s e -d 'write subject and text in an editor'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l parent -x -d 'COMMIT before this one, or none (default: where the branch points)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l timestamp -x -d 'TIME of the commit: @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31 (default: SOURCE_DATE_EPOCH, or now)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l add-metadata-string -x -d 'add KEY=VALUE to the metadata; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l add-metadata -x -d 'add KEY=VALUE, the value in GVariant text format; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l keep-metadata -x -d 'take KEY and its value over from the parent; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l add-detached-metadata-string -x -d 'add KEY=VALUE beside the commit, under no checksum; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l bind-ref -x -d 'name REF too as one the commit is made for; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l no-bindings -d 'don\'t say which refs the commit is made for'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l bootable -d 'say that the tree has a kernel, and which'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l generate-sizes -d 'list the sizes of all objects in the metadata; only in an archive repo'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l skip-if-unchanged -d 'make no commit when the parent has the same tree'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l table-output -d 'say what was written, as KEY: VALUE lines'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l fsync -x -d 'BOOL, true or false: whether what was written is on the disk when it ends'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l base -x -d 'begin with the tree of COMMIT, as it is'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l tree -x -d 'lay SOURCE over what is there: dir=DIR, tar=FILE (- for standard input), ref=COMMIT; prefix=PATH says where the next ones go; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l owner-uid -x -d 'give all files to user UID'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l owner-gid -x -d 'give all files to group GID'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l no-xattrs -d 'leave extended attributes out'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l canonical-permissions -d 'owner 0, no extended attributes, modes cut down to 0755'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l mode-ro-executables -d 'take the write bits off executable files'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l statoverride -r -F -d 'FILE with lines "MODE /path": bits to add in decimal, or with = before it to set'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l skip-list -r -F -d 'FILE with paths to leave out'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l consume -d 'remove what was committed from its folders'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l link-checkout-speedup -d 'take owner, mode and attributes of hard links into the repo from there'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l devino-canonical -s I -d 'take hard links into the repo as they are there, unread'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l tar-autocreate-parents -d 'make folders that an archive has something in but no entry for'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l tar-pathname-filter -x -d 'REGEX,REPLACEMENT for paths in archives'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l gpg-sign -x -d 'sign with the GPG key KEY-ID; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l gpg-homedir -x -a '(__fish_complete_directories)' -d 'look for GPG keys in DIR (default: GnuPG\'s own)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l sign -x -d 'sign with the secret KEY, which others on this machine then see: prefer --sign-from-file; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l sign-from-file -r -F -d 'sign with the secret keys in FILE; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l sign-type -x -d 'ENGINE of the keys: ed25519 or spki'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree config\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree config\'' -l group -x -d 'the GROUP of the key, for one that has a dot in its name'
complete -c otactl -n '__otactl_at \'otactl ostree config\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree config\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree config\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree config\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l destination-repo -x -a '(__fish_complete_directories)' -d 'use the repo DIR below MOUNT, with a link to it where ostree looks'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l commit -x -d 'copy COMMIT instead of where the one ref stands'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l disable-fsync -d 'leave it to the system when what came is on the disk'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree create-usb\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l stats -d 'print how many objects both commits have'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l fs-diff -d 'print the differences, which --stats does not'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l no-xattrs -d 'leave extended attributes of files in folders out'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l owner-uid -x -d 'take user UID for the owner of files in folders'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l owner-gid -x -d 'take group GID for that of files in folders'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree diff\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l no-xattrs -d 'leave extended attributes out'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l subpath -r -F -d 'write only what is below PATH'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l prefix -x -d 'put PREFIX before each name, as it is'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l output -s o -r -F -d 'write to FILE instead of standard output'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree export\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l finders -x -d 'how to find remotes: NAMES, of which there is config'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l pull -d 'pull what was found'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l mirror -d 'with --pull, write refs as those of their collection'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'keep summaries in DIR instead of the repo'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l disable-fsync -d 'leave it to the system when what came is on the disk'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree find-remotes\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l quiet -s q -d 'don\'t say what is looked at, only what came out'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l all -s a -d 'go on after the first problem'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l delete -d 'remove corrupt objects, and mark the commits they were in as partial'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l verify-bindings -d 'demand that commits name the refs that point at them'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l verify-back-refs -d 'demand that the refs which commits name exist too'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l add-tombstones -d 'leave a tombstone for each parent that is not there'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree gpg-sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree gpg-sign\'' -l delete -s d -d 'take the signatures of the keys away'
complete -c otactl -n '__otactl_at \'otactl ostree gpg-sign\'' -l gpg-homedir -x -a '(__fish_complete_directories)' -d 'look for keys in DIR (default: GnuPG\'s own)'
complete -c otactl -n '__otactl_at \'otactl ostree gpg-sign\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree gpg-sign\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree gpg-sign\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree gpg-sign\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l mode -x -d 'store objects as MODE: archive, bare, bare-user or bare-user-only'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l collection-id -x -d 'the refs of this repo are those of the collection ID, wherever they are mirrored'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree log\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree log\'' -l raw -d 'print commits as GVariants'
complete -c otactl -n '__otactl_at \'otactl ostree log\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree log\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree log\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree log\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l dironly -s d -d 'show directories themselves, not what is in them'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l recursive -s R -d 'show all below a directory'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l checksum -s C -d 'show checksums'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l xattrs -s X -d 'show extended attributes'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l nul-filenames-only -d 'print names only, each ended by a zero byte'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree ls\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l no-prune -d 'only say what would go'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l refs-only -d 'keep only commits that refs lead to'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l depth -x -d 'keep N commits before each that a ref names; -1 is all'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l delete-commit -x -d 'delete COMMIT, which no ref may name'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l keep-younger-than -x -d 'let commits go that are older than DATE, but not what refs name'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l static-deltas-only -d 'with --delete-commit, delete only the static deltas to it'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l retain-branch-depth -x -d 'keep another number of commits of one branch: BRANCH=N'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l only-branch -x -d 'let only commits of BRANCH go; may be given several times'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l commit-only -d 'let commits go, and keep what they name'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree prune\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l commit-metadata-only -d 'bring commits without their trees'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l untrusted -d 'verify files of a repo on this machine too; those of a server are always verified'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l bareuseronly-files -d 'refuse files with modes that a repo of mode bare-user-only cannot keep'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l require-static-deltas -d 'fail if there is no static delta'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l disable-static-deltas -d 'bring objects one by one'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l depth -x -d 'bring N commits before each one too; -1 is all there are'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l disable-verify-bindings -d 'take a commit that was made for other refs'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l disable-fsync -d 'leave it to the system when what came is on the disk'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l per-object-fsync -d 'sync each file by itself, which stalls others less than one sync of the file system'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'keep summaries in DIR instead of the repo'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l mirror -d 'write refs as they are in the remote; without a BRANCH all of them, and the summary'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l subpath -r -F -d 'bring only this PATH of the tree; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l http-trusted -d 'with a repo of mode archive, take files from a server as they come, unverified'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l dry-run -d 'say what static deltas would bring, and bring nothing; needs --require-static-deltas'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l url -x -d 'pull from this URL instead of the one in the config'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l http-header -x -d 'send NAME=VALUE with each request; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l append-user-agent -x -d 'add TEXT to the name that servers see'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l network-retries -x -d 'try a request that failed N times more'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l disable-retry-on-network-errors -d 'give up at the first failure'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l low-speed-limit-bytes -x -d 'give up on a reply of less than N bytes a second'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l low-speed-time-seconds -x -d 'how long it may be that slow, in SECONDS'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l max-outstanding-fetcher-requests -x -d 'have N requests under way, at most 100'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l max-time -x -d 'give up after TIME, such as 90m; what came is kept'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l localcache-repo -s L -x -a '(__fish_complete_directories)' -d 'look for objects in the repo DIR first; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l timestamp-check -s T -d 'refuse a commit that is older than the one its ref stands at'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l timestamp-check-from-rev -x -d 'refuse a commit that is older than REV'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l update-frequency -x -d 'changes nothing, whatever its MS: progress is drawn as the terminal takes it'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree pull\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l commit-metadata-only -d 'bring commits without their trees'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l untrusted -d 'verify files of a repo on this machine too; those of a server are always verified'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l bareuseronly-files -d 'refuse files with modes that a repo of mode bare-user-only cannot keep'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l require-static-deltas -d 'fail if there is no static delta'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l disable-static-deltas -d 'bring objects one by one'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l depth -x -d 'bring N commits before each one too; -1 is all there are'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l disable-verify-bindings -d 'take a commit that was made for other refs'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l disable-fsync -d 'leave it to the system when what came is on the disk'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l per-object-fsync -d 'sync each file by itself, which stalls others less than one sync of the file system'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l remote -x -d 'write refs as REMOTE:REF'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l gpg-verify -d 'verify commits with the keys of the remote of --remote'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l gpg-verify-summary -d 'verify the summary of SRC with the keys of the remote of --remote'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l list -d 'print the names whole, with PREFIX'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l revision -s r -d 'print the commit beside each name'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l create -x -d 'make REF point at the commit given as argument'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l alias -s A -d 'list refs that stand for others; with --create, make one for the ref given'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l collections -s c -d 'work on the refs of collections'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l force -d 'with --create, move a ref that exists'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l delete -d 'delete PREFIX and all refs below it'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'add' -d 'add a remote'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'add-cookie' -d 'send a cookie to a remote'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'delete' -d 'delete a remote, with its keyring and cookies'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'delete-cookie' -d 'send a cookie no more'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'gpg-import' -d 'trust GPG keys for a remote'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'gpg-list-keys' -d 'show the GPG keys that a remote is trusted with, or without NAME those of the system'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'list' -d 'list the remotes'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'list-cookies' -d 'list the cookies of a remote'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'refs' -d 'list the refs of a remote'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'show-url' -d 'print the address of a remote'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -a 'summary' -d 'show the summary of a remote'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l set -x -d 'write KEY=VALUE to the remote\'s config; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l no-gpg-verify -d 'ask for no GPG signature'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l no-sign-verify -d 'ask for no signature of any kind'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l sign-verify -x -d 'verify with ENGINE=inline:KEY or ENGINE=file:PATH; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l if-not-exists -d 'leave a remote of that name as it is'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l force -d 'replace a remote of that name'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l gpg-import -r -F -d 'trust the GPG keys in FILE'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l custom-backend -x -d 'the content does not come from a repo but through NAME'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l contenturl -x -d 'fetch objects from URL'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l collection-id -x -d 'the remote\'s refs are those of the collection ID'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l sysroot -x -a '(__fish_complete_directories)' -d 'work on the repo of the sysroot at DIR, whatever --repo says'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote add\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote add-cookie\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree remote add-cookie\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote add-cookie\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote add-cookie\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote add-cookie\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote add-cookie\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete\'' -l if-exists -d 'do nothing if there is none'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete\'' -l sysroot -x -a '(__fish_complete_directories)' -d 'work on the repo of the sysroot at DIR, whatever --repo says'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete-cookie\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree remote delete-cookie\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete-cookie\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete-cookie\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete-cookie\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote delete-cookie\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-import\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-import\'' -l keyring -s k -r -F -d 'take the keys from FILE; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-import\'' -l stdin -d 'take the keys from standard input'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-import\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-import\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-import\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-import\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-list-keys\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-list-keys\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-list-keys\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-list-keys\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote gpg-list-keys\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote list\'' -l show-urls -s u -d 'print their addresses too'
complete -c otactl -n '__otactl_at \'otactl ostree remote list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote list-cookies\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote list-cookies\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote list-cookies\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote list-cookies\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote list-cookies\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote refs\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote refs\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'keep the summary in DIR instead of the repo'
complete -c otactl -n '__otactl_at \'otactl ostree remote refs\'' -l revision -s r -d 'print where each ref stands'
complete -c otactl -n '__otactl_at \'otactl ostree remote refs\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote refs\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote refs\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote refs\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote show-url\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote show-url\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote show-url\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote show-url\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote show-url\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l raw -d 'show it in GVariant text format'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l list-metadata-keys -d 'print the keys of its metadata'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l print-metadata-key -x -d 'print the value of KEY'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l cache-dir -x -a '(__fish_complete_directories)' -d 'keep the summary in DIR instead of the repo'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree remote summary\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree reset\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree reset\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree reset\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree reset\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree reset\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l single -s S -d 'print the one commit that the repo has; more or none are an error'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l addr -x -d 'listen on HOST:PORT (default: 127.0.0.1 and a free port)'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l port -s P -x -d 'listen on port N of 127.0.0.1'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l port-file -s p -r -F -d 'write the port to FILE when ready; - is standard output'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l autoexit -d 'end when the repo is deleted'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l log-file -r -F -d 'log each request to FILE; - is standard output'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree serve\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l print-related -d 'print related commits, of which there are none'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l print-variant-type -x -d 'read a file as a GVariant of TYPE and print it'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l print-metadata-key -x -d 'print only the value of the metadata KEY'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l print-detached-metadata-key -x -d 'print only the value of the detached metadata KEY'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l print-hex -d 'with either of these, print bytes in hex and without quotes'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l print-sizes -d 'print how much a pull of the commit fetches, if the commit says it'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l list-metadata-keys -d 'print only the keys of the metadata'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l list-detached-metadata-keys -d 'print only the keys of the detached metadata'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l raw -d 'print a commit, or the metadata of a directory, as a GVariant'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l gpg-homedir -x -a '(__fish_complete_directories)' -d 'take the GPG keys in DIR for trusted too, besides those of the remotes and the system'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l gpg-verify-remote -x -d 'take the keys of remote NAME for trusted, and no others'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l no-byteswap -s B -d 'print numbers as they are stored, not as big-endian ones'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l verify -d 'verify with the public keys given, or with those of the system'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l delete -s d -d 'take the signatures away that were made with the keys'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l sign-type -s s -x -d 'ENGINE of the keys: ed25519 or spki'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l keys-file -r -F -d 'read keys from FILE: base64, one a line, or PEM for spki'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l keys-dir -x -a '(__fish_complete_directories)' -d 'look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in DIR (default: /etc/ostree and /usr/share/ostree)'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree sign\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'apply-offline' -d 'make the commit of a delta that lies in a file'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'delete' -d 'delete a delta'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'generate' -d 'make a delta that leads to a commit'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'indexes' -d 'list the commits that have an index of deltas to them'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'list' -d 'list the deltas of the repo'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'reindex' -d 'write the indexes of deltas anew'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'show' -d 'print what is in a delta'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -a 'verify' -d 'verify the signatures of a delta'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l sign-type -x -d 'ENGINE of the keys: ed25519 or spki'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l keys-file -r -F -d 'read public keys from FILE: base64, one a line, or PEM for spki'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l keys-dir -x -a '(__fish_complete_directories)' -d 'look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in DIR (default: /etc/ostree and /usr/share/ostree)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta apply-offline\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta delete\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta delete\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta delete\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta delete\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta delete\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l from -x -d 'lead from REV'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l empty -d 'lead from nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l inline -d 'put the parts into the superblock'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l to -x -d 'lead to REV'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l disable-bsdiff -d 'copy chunks of old files, and patch none byte by byte'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l if-not-exists -s n -d 'do nothing if there is one'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l set-endianness -x -d 'write sizes in byte order ORDER: l or B (default: l)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l swap-endianness -d 'write sizes in the other byte order than this machine\'s'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l min-fallback-size -x -d 'leave files out that take more than MB megabytes and are like no old one; 0 is none (default: 4)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l max-bsdiff-size -x -d 'patch no files byte by byte that together with the old one take more than MB megabytes (default: 128)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l max-chunk-size -x -d 'make parts no larger than about MB megabytes, unpacked (default: 32)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l filename -r -F -d 'write the superblock to FILE, and parts beside it, instead of into the repo'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l sign -x -d 'sign with the secret KEY, which others on this machine then see: prefer --keys-file; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l keys-file -r -F -d 'sign with the secret keys in FILE'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l sign-type -x -d 'ENGINE of the keys: ed25519 or spki'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta generate\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta indexes\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta indexes\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta indexes\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta indexes\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta indexes\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta list\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta list\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta list\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta list\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta reindex\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta reindex\'' -l to -x -d 'only that of the commit REV'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta reindex\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta reindex\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta reindex\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta reindex\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta show\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l sign-type -x -d 'ENGINE of the keys: ed25519 or spki'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l keys-file -r -F -d 'read public keys from FILE: base64, one a line, or PEM for spki'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l keys-dir -x -a '(__fish_complete_directories)' -d 'look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in DIR (default: /etc/ostree and /usr/share/ostree)'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree static-delta verify\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l update -s u -d 'write it; signatures of the one before go away'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l add-metadata -s m -x -d 'add KEY=VALUE, the value in GVariant text format; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l view -s v -d 'show it'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l raw -d 'show it in GVariant text format'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l list-metadata-keys -d 'print the keys of its metadata'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l print-metadata-key -x -d 'print the value of KEY'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l gpg-sign -x -d 'sign with the GPG key KEY-ID; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l gpg-homedir -x -a '(__fish_complete_directories)' -d 'look for GPG keys in DIR (default: GnuPG\'s own)'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l sign -x -d 'sign with the secret KEY, which others on this machine then see: prefer --sign-from-file; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l sign-from-file -r -F -d 'sign with the secret keys in FILE; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l sign-type -x -d 'ENGINE of the keys: ed25519 or spki'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree summary\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl completion\'' -a 'bash' -d 'print the completion script for bash'
complete -c otactl -n '__otactl_at \'otactl completion\'' -a 'zsh' -d 'print the completion script for zsh'
complete -c otactl -n '__otactl_at \'otactl completion\'' -a 'fish' -d 'print the completion script for fish'
complete -c otactl -n '__otactl_at \'otactl completion\'' -a 'powershell' -d 'print the completion script for powershell'
complete -c otactl -n '__otactl_at \'otactl completion\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl completion\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl completion\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl completion\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl completion\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl completion bash\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl completion bash\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl completion bash\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl completion bash\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl completion bash\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl completion zsh\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl completion zsh\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl completion zsh\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl completion zsh\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl completion zsh\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl completion fish\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl completion fish\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl completion fish\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl completion fish\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl completion fish\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl completion powershell\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl completion powershell\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl completion powershell\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl completion powershell\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl completion powershell\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl man\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl man\'' -l dir -x -a '(__fish_complete_directories)' -d 'write one page per command into DIR'
complete -c otactl -n '__otactl_at \'otactl man\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl man\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl man\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl man\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl help\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl help\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl help\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl help\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl help\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl version\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl version\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl version\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl version\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl version\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl aklite-offline\'' -F
complete -c otactl -n '__otactl_at \'otactl aktualizr-lite\'' -F
complete -c otactl -n '__otactl_at \'otactl fiocheck\'' -F
complete -c otactl -n '__otactl_at \'otactl fiopush\'' -F
complete -c otactl -n '__otactl_at \'otactl fiosync\'' -F
complete -c otactl -n '__otactl_at \'otactl garage-check\'' -F
complete -c otactl -n '__otactl_at \'otactl garage-push\'' -F
complete -c otactl -n '__otactl_at \'otactl lmp-device-register\'' -F
complete -c otactl -n '__otactl_at \'otactl ota-publish\'' -F
