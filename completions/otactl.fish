# fish completion for otactl, generated from its command tree.

set -g __otactl_paths \
    'otactl publish' \
    'otactl targets' \
    'otactl targets list' \
    'otactl targets show' \
    'otactl targets offline-update' \
    'otactl targets offline-update sign' \
    'otactl targets offline-update show' \
    'otactl targets offline-update verify' \
    'otactl devices' \
    'otactl devices list' \
    'otactl devices approve' \
    'otactl devices delete' \
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
    'otactl ostree init' \
    'otactl ostree commit' \
    'otactl ostree rev-parse' \
    'otactl ostree refs' \
    'otactl ostree ls' \
    'otactl ostree checkout' \
    'otactl ostree pull-local' \
    'otactl ostree fsck' \
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
    'otactl garage-push' \
    'otactl lmp-device-register'

# Flags that take the word after them.
set -g __otactl_valued \
    'otactl --output' \
    'otactl -o' \
    'otactl --log-level' \
    'otactl publish --repo' \
    'otactl publish -r' \
    'otactl publish --hardware-id' \
    'otactl publish -m' \
    'otactl publish --credentials' \
    'otactl publish -c' \
    'otactl publish --ref' \
    'otactl publish --tag' \
    'otactl publish -t' \
    'otactl publish --version' \
    'otactl publish --name' \
    'otactl publish --uri' \
    'otactl publish --jobs' \
    'otactl publish -j' \
    'otactl publish --config' \
    'otactl publish --context' \
    'otactl publish --url' \
    'otactl publish --factory' \
    'otactl publish -f' \
    'otactl publish --ca-file' \
    'otactl targets list --by-tag' \
    'otactl targets list --credentials' \
    'otactl targets list -c' \
    'otactl targets list --config' \
    'otactl targets list --context' \
    'otactl targets list --url' \
    'otactl targets list --factory' \
    'otactl targets list -f' \
    'otactl targets list --ca-file' \
    'otactl targets show --credentials' \
    'otactl targets show -c' \
    'otactl targets show --config' \
    'otactl targets show --context' \
    'otactl targets show --url' \
    'otactl targets show --factory' \
    'otactl targets show -f' \
    'otactl targets show --ca-file' \
    'otactl targets offline-update --tag' \
    'otactl targets offline-update --expires-in-days' \
    'otactl targets offline-update -e' \
    'otactl targets offline-update --ostree-repo-source' \
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
    'otactl targets offline-update sign --keys' \
    'otactl targets offline-update sign -k' \
    'otactl targets offline-update verify --root' \
    'otactl targets offline-update verify --tag' \
    'otactl targets offline-update verify --hardware-id' \
    'otactl targets offline-update verify --type' \
    'otactl targets offline-update verify --now' \
    'otactl targets offline-update verify --jobs' \
    'otactl targets offline-update verify -j' \
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
    'otactl ostree init --mode' \
    'otactl ostree commit --branch' \
    'otactl ostree commit -b' \
    'otactl ostree commit --tree' \
    'otactl ostree commit --subject' \
    'otactl ostree commit -s' \
    'otactl ostree commit --body' \
    'otactl ostree commit -m' \
    'otactl ostree commit --body-file' \
    'otactl ostree commit -F' \
    'otactl ostree commit --parent' \
    'otactl ostree commit --timestamp' \
    'otactl ostree commit --add-metadata-string' \
    'otactl ostree commit --bind-ref' \
    'otactl ostree commit --owner-uid' \
    'otactl ostree commit --owner-gid' \
    'otactl ostree refs --create' \
    'otactl ostree checkout --subpath' \
    'otactl ostree pull-local --remote' \
    'otactl ostree pull-local --depth' \
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
complete -c otactl -n '__otactl_at \'otactl\'' -a 'publish' -d 'send a commit to the backend, delta-wise, and have a target signed'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'targets' -d 'what devices may install'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'devices' -d 'who is registered, and who may be'
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
complete -c otactl -n '__otactl_at \'otactl\'' -a 'garage-push' -d 'behave as garage-push, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -a 'lmp-device-register' -d 'behave as lmp-device-register, with its own flags and exit codes'
complete -c otactl -n '__otactl_at \'otactl\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l repo -s r -x -a '(__fish_complete_directories)' -d 'OSTree repo in DIR'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l hardware-id -s m -x -d 'the target is for HWID; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l credentials -s c -r -F -d 'credentials.zip or treehub.json in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named; then the context)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l ref -x -d 'publish REF, or a commit without moving a ref (default: the repo\'s only ref, or the one named like a hardware id)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l tag -s t -x -d 'devices that follow TAG take the target; repeat or separate by commas'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l version -x -d 'the target\'s version is N (default: the next free one)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l name -x -d 'the target is called NAME-VERSION (default: the first hardware id)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l uri -x -d 'the build this came from is at URL'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l dry-run -s n -d 'say what would be sent, and change nothing'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l no-target -d 'send the commit and move the ref; sign no target'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l jobs -s j -x -d 'keep N requests under way'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l full-check -d 'ask the backend about every object; finds and mends what it lost'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl publish\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'list' -d 'list targets, after their signatures were verified'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'show' -d 'show one target, or all of a version'
complete -c otactl -n '__otactl_at \'otactl targets\'' -a 'offline-update' -d 'put a target and its signed metadata into a folder, for devices without a network'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l by-tag -x -d 'only targets with TAG'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l raw -d 'print targets.json as the backend signed it'
complete -c otactl -n '__otactl_at \'otactl targets list\'' -l credentials -s c -r -F -d 'take backend and root of trust from the credentials.zip in FILE'
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
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l credentials -s c -r -F -d 'take backend and root of trust from the credentials.zip in FILE'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets show\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'sign' -d 'add a signature with an offline targets key'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'show' -d 'show what a bundle says it holds, until when, and who signed it'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -a 'verify' -d 'check everything in a bundle, from the root of trust to the last object'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l tag -x -d 'the TAG that the devices follow (required)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l expires-in-days -s e -x -d 'the bundle is good for DAYS'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l tuf-only -s m -d 'renew the metadata only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l no-apps -d 'leave the target\'s apps out'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l allow-multiple-targets -d 'add to a bundle that holds other targets'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l ostree-repo-source -x -a '(__fish_complete_directories)' -d 'take the objects from the local repo in DIR'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l dry-run -d 'say what would be written, and write nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l jobs -s j -x -d 'move N objects at once (default: as suits the machine)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l credentials -s c -r -F -d 'take backend and root of trust from the credentials.zip in FILE'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l config -r -F -d 'read contexts from FILE (default: ~/.config/otactl/config.yaml)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l context -x -d 'use the context NAME (default: the active one)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l url -x -d 'work with the backend at URL; its token comes from OTACTL_TOKEN'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l factory -s f -x -d 'work with the factory NAME'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l ca-file -r -F -d 'trust the CAs in FILE as well as the system\'s'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl targets offline-update sign\'' -l keys -s k -r -F -d 'the key archive FILE (tgz) with one targets key of the bundle\'s root'
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
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l now -x -d 'judge expiry at TIME (RFC 3339) and not by the clock'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l jobs -s j -x -d 'read N objects at once (default: as suits the machine)'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl targets offline-update verify\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
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
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'init' -d 'make a new repo'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'commit' -d 'store a folder as a new commit'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'rev-parse' -d 'print the checksum of a commit'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'refs' -d 'list, create or delete refs'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'ls' -d 'list what a commit holds'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'checkout' -d 'write a commit\'s tree to a folder'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'pull-local' -d 'copy commits from another repo on this machine'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -a 'fsck' -d 'verify all commits of a repo, object by object'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l repo -x -a '(__fish_complete_directories)' -d 'DIR of the repo (default: OSTREE_REPO, the current folder, or /sysroot/ostree/repo)'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l mode -x -a 'archive archive-z2 bare' -d 'store objects as '
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree init\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l branch -s b -x -d 'move REF to the new commit'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l orphan -d 'make a commit that no ref names'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l tree -x -d 'commit SOURCE: dir=DIR, or ref=COMMIT for the tree of another commit (default: the current folder)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l subject -s s -x -d 'one LINE about the commit'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l body -s m -x -d 'more TEXT about it'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l body-file -s F -r -F -d 'read the text from FILE'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l parent -x -d 'COMMIT before this one, or none (default: where the branch points)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l timestamp -x -d 'TIME of the commit: @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31 (default: SOURCE_DATE_EPOCH, or now)'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l add-metadata-string -x -d 'add KEY=VALUE to the metadata; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l bind-ref -x -d 'name REF too as one the commit is made for; may be repeated'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l no-bindings -d 'don\'t say which refs the commit is made for'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l owner-uid -x -d 'give all files to user UID'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l owner-gid -x -d 'give all files to group GID'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l no-xattrs -d 'leave extended attributes out'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l canonical-permissions -d 'owner 0, no extended attributes, modes cut down to 0755'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l skip-if-unchanged -d 'make no commit when the parent has the same tree'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l table-output -d 'say what was written, as KEY: VALUE lines'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree commit\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l single -s S -d 'print the one commit that the repo has; more or none are an error'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree rev-parse\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l list -d 'print the names whole, with PREFIX'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l create -x -d 'make REF point at the commit given as argument'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l force -d 'with --create, move a ref that exists'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l delete -d 'delete PREFIX and all refs below it'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree refs\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
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
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -F
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l user-mode -s U -d 'leave owners and extended attributes alone, drop setuid bits'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l subpath -r -F -d 'write only PATH of the commit'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l union -d 'keep existing folders, overwrite existing files'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l union-add -d 'keep what exists, add the rest'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l allow-noent -d 'do nothing if the commit has no such --subpath'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree checkout\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l remote -x -d 'write refs as REMOTE:REF'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l depth -x -d 'copy N parents too; -1 is all there are'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l disable-verify-bindings -d 'take a commit that was made for other refs'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree pull-local\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l help -s h -d 'explain the command and do nothing'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l all -s a -d 'go on after the first problem'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l verify-bindings -d 'demand that commits name the refs that point at them'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l output -s o -x -a 'table json yaml' -d 'how to print results'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l quiet -s q -d 'no progress, no warnings; errors only'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l verbose -s v -d 'log each step, as --log-level debug'
complete -c otactl -n '__otactl_at \'otactl ostree fsck\'' -l log-level -x -a 'debug info warn error' -d 'least level that is logged (default: warn)'
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
complete -c otactl -n '__otactl_at \'otactl garage-push\'' -F
complete -c otactl -n '__otactl_at \'otactl lmp-device-register\'' -F
