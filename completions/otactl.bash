# bash completion for otactl, generated from its command tree.

# The subcommands of a command.
_otactl_commands() {
    case $1 in
    'otactl') echo 'publish targets devices serve register agent ostree completion man help version aklite-offline aktualizr-lite garage-push lmp-device-register' ;;
    'otactl targets') echo 'list show offline-update' ;;
    'otactl targets offline-update') echo 'sign show verify' ;;
    'otactl devices') echo 'list approve delete' ;;
    'otactl agent') echo 'check list update pull install run status' ;;
    'otactl ostree') echo 'init commit rev-parse refs ls checkout pull-local fsck' ;;
    'otactl completion') echo 'bash zsh fish powershell' ;;
    esac
}

# The flags of a command.
_otactl_flags() {
    case $1 in
    'otactl') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl publish') echo '--help --repo --hardware-id --credentials --ref --tag --version --name --uri --dry-run --no-target --jobs --full-check --config --context --url --factory --ca-file --output --quiet --verbose --log-level' ;;
    'otactl targets') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl targets list') echo '--help --by-tag --raw --credentials --config --context --url --factory --ca-file --output --quiet --verbose --log-level' ;;
    'otactl targets show') echo '--help --credentials --config --context --url --factory --ca-file --output --quiet --verbose --log-level' ;;
    'otactl targets offline-update') echo '--help --tag --expires-in-days --tuf-only --no-apps --allow-multiple-targets --ostree-repo-source --dry-run --jobs --credentials --config --context --url --factory --ca-file --output --quiet --verbose --log-level' ;;
    'otactl targets offline-update sign') echo '--help --keys --output --quiet --verbose --log-level' ;;
    'otactl targets offline-update show') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl targets offline-update verify') echo '--help --root --tag --hardware-id --type --now --jobs --output --quiet --verbose --log-level' ;;
    'otactl devices') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl devices list') echo '--help --config --context --url --factory --ca-file --output --quiet --verbose --log-level' ;;
    'otactl devices approve') echo '--help --config --context --url --factory --ca-file --output --quiet --verbose --log-level' ;;
    'otactl devices delete') echo '--help --config --context --url --factory --ca-file --output --quiet --verbose --log-level' ;;
    'otactl serve') echo '--help --data --addr --gateway-addr --url --gateway-url --dns-name --factory --output --quiet --verbose --log-level' ;;
    'otactl register') echo '--help --name --server --device-api --oauth-base --factory --tag --uuid --hwid --device-group --production --token-file --api-token-header --raw-bearer --ca-file --insecure-http --sota-dir --apps --restorable-apps --use-ostree-server --start-daemon --force --output --quiet --verbose --log-level' ;;
    'otactl agent') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl agent check') echo '--help --src-dir --device-config --output --quiet --verbose --log-level' ;;
    'otactl agent list') echo '--help --src-dir --device-config --output --quiet --verbose --log-level' ;;
    'otactl agent update') echo '--help --src-dir --device-config --target --force --output --quiet --verbose --log-level' ;;
    'otactl agent pull') echo '--help --src-dir --device-config --target --force --output --quiet --verbose --log-level' ;;
    'otactl agent install') echo '--help --src-dir --device-config --target --force --output --quiet --verbose --log-level' ;;
    'otactl agent run') echo '--help --device-config --output --quiet --verbose --log-level' ;;
    'otactl agent status') echo '--help --device-config --output --quiet --verbose --log-level' ;;
    'otactl ostree') echo '--help --repo --output --quiet --verbose --log-level' ;;
    'otactl ostree init') echo '--help --mode --output --quiet --verbose --log-level' ;;
    'otactl ostree commit') echo '--help --branch --orphan --tree --subject --body --body-file --parent --timestamp --add-metadata-string --bind-ref --no-bindings --owner-uid --owner-gid --no-xattrs --canonical-permissions --skip-if-unchanged --table-output --output --quiet --verbose --log-level' ;;
    'otactl ostree rev-parse') echo '--help --single --output --quiet --verbose --log-level' ;;
    'otactl ostree refs') echo '--help --list --create --force --delete --output --quiet --verbose --log-level' ;;
    'otactl ostree ls') echo '--help --dironly --recursive --checksum --xattrs --nul-filenames-only --output --quiet --verbose --log-level' ;;
    'otactl ostree checkout') echo '--help --user-mode --subpath --union --union-add --allow-noent --output --quiet --verbose --log-level' ;;
    'otactl ostree pull-local') echo '--help --remote --depth --disable-verify-bindings --output --quiet --verbose --log-level' ;;
    'otactl ostree fsck') echo '--help --all --verify-bindings --output --quiet --verbose --log-level' ;;
    'otactl completion') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl completion bash') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl completion zsh') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl completion fish') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl completion powershell') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl man') echo '--help --dir --output --quiet --verbose --log-level' ;;
    'otactl help') echo '--help --output --quiet --verbose --log-level' ;;
    'otactl version') echo '--help --output --quiet --verbose --log-level' ;;
    esac
}

# What the flag of a command, or its argument (by number), takes.
_otactl_value() {
    case $1 in
    'otactl publish --repo') echo 'dir' ;;
    'otactl publish -r') echo 'dir' ;;
    'otactl publish --hardware-id') echo 'text' ;;
    'otactl publish -m') echo 'text' ;;
    'otactl publish --credentials') echo 'file' ;;
    'otactl publish -c') echo 'file' ;;
    'otactl publish --ref') echo 'text' ;;
    'otactl publish --tag') echo 'text' ;;
    'otactl publish -t') echo 'text' ;;
    'otactl publish --version') echo 'text' ;;
    'otactl publish --name') echo 'text' ;;
    'otactl publish --uri') echo 'text' ;;
    'otactl publish --dry-run') echo 'switch' ;;
    'otactl publish -n') echo 'switch' ;;
    'otactl publish --no-target') echo 'switch' ;;
    'otactl publish --jobs') echo 'text' ;;
    'otactl publish -j') echo 'text' ;;
    'otactl publish --full-check') echo 'switch' ;;
    'otactl publish --config') echo 'file' ;;
    'otactl publish --context') echo 'text' ;;
    'otactl publish --url') echo 'text' ;;
    'otactl publish --factory') echo 'text' ;;
    'otactl publish -f') echo 'text' ;;
    'otactl publish --ca-file') echo 'file' ;;
    'otactl targets list --by-tag') echo 'text' ;;
    'otactl targets list --raw') echo 'switch' ;;
    'otactl targets list --credentials') echo 'file' ;;
    'otactl targets list -c') echo 'file' ;;
    'otactl targets list --config') echo 'file' ;;
    'otactl targets list --context') echo 'text' ;;
    'otactl targets list --url') echo 'text' ;;
    'otactl targets list --factory') echo 'text' ;;
    'otactl targets list -f') echo 'text' ;;
    'otactl targets list --ca-file') echo 'file' ;;
    'otactl targets show --credentials') echo 'file' ;;
    'otactl targets show -c') echo 'file' ;;
    'otactl targets show --config') echo 'file' ;;
    'otactl targets show --context') echo 'text' ;;
    'otactl targets show --url') echo 'text' ;;
    'otactl targets show --factory') echo 'text' ;;
    'otactl targets show -f') echo 'text' ;;
    'otactl targets show --ca-file') echo 'file' ;;
    'otactl targets show #0') echo text ;;
    'otactl targets offline-update --tag') echo 'text' ;;
    'otactl targets offline-update --expires-in-days') echo 'text' ;;
    'otactl targets offline-update -e') echo 'text' ;;
    'otactl targets offline-update --tuf-only') echo 'switch' ;;
    'otactl targets offline-update -m') echo 'switch' ;;
    'otactl targets offline-update --no-apps') echo 'switch' ;;
    'otactl targets offline-update --allow-multiple-targets') echo 'switch' ;;
    'otactl targets offline-update --ostree-repo-source') echo 'dir' ;;
    'otactl targets offline-update --dry-run') echo 'switch' ;;
    'otactl targets offline-update --jobs') echo 'text' ;;
    'otactl targets offline-update -j') echo 'text' ;;
    'otactl targets offline-update --credentials') echo 'file' ;;
    'otactl targets offline-update -c') echo 'file' ;;
    'otactl targets offline-update --config') echo 'file' ;;
    'otactl targets offline-update --context') echo 'text' ;;
    'otactl targets offline-update --url') echo 'text' ;;
    'otactl targets offline-update --factory') echo 'text' ;;
    'otactl targets offline-update -f') echo 'text' ;;
    'otactl targets offline-update --ca-file') echo 'file' ;;
    'otactl targets offline-update #0') echo text ;;
    'otactl targets offline-update #1') echo text ;;
    'otactl targets offline-update sign --keys') echo 'file' ;;
    'otactl targets offline-update sign -k') echo 'file' ;;
    'otactl targets offline-update sign #0') echo text ;;
    'otactl targets offline-update show #0') echo text ;;
    'otactl targets offline-update verify --root') echo 'file' ;;
    'otactl targets offline-update verify --tag') echo 'text' ;;
    'otactl targets offline-update verify --hardware-id') echo 'text' ;;
    'otactl targets offline-update verify --type') echo 'words ci prod' ;;
    'otactl targets offline-update verify --now') echo 'text' ;;
    'otactl targets offline-update verify --jobs') echo 'text' ;;
    'otactl targets offline-update verify -j') echo 'text' ;;
    'otactl targets offline-update verify #0') echo text ;;
    'otactl devices list --config') echo 'file' ;;
    'otactl devices list --context') echo 'text' ;;
    'otactl devices list --url') echo 'text' ;;
    'otactl devices list --factory') echo 'text' ;;
    'otactl devices list -f') echo 'text' ;;
    'otactl devices list --ca-file') echo 'file' ;;
    'otactl devices approve --config') echo 'file' ;;
    'otactl devices approve --context') echo 'text' ;;
    'otactl devices approve --url') echo 'text' ;;
    'otactl devices approve --factory') echo 'text' ;;
    'otactl devices approve -f') echo 'text' ;;
    'otactl devices approve --ca-file') echo 'file' ;;
    'otactl devices approve #0') echo text ;;
    'otactl devices delete --config') echo 'file' ;;
    'otactl devices delete --context') echo 'text' ;;
    'otactl devices delete --url') echo 'text' ;;
    'otactl devices delete --factory') echo 'text' ;;
    'otactl devices delete -f') echo 'text' ;;
    'otactl devices delete --ca-file') echo 'file' ;;
    'otactl devices delete #0') echo text ;;
    'otactl serve --data') echo 'dir' ;;
    'otactl serve --addr') echo 'text' ;;
    'otactl serve --gateway-addr') echo 'text' ;;
    'otactl serve --url') echo 'text' ;;
    'otactl serve --gateway-url') echo 'text' ;;
    'otactl serve --dns-name') echo 'text' ;;
    'otactl serve --factory') echo 'text' ;;
    'otactl serve -f') echo 'text' ;;
    'otactl register --name') echo 'text' ;;
    'otactl register -n') echo 'text' ;;
    'otactl register --server') echo 'text' ;;
    'otactl register --device-api') echo 'text' ;;
    'otactl register --oauth-base') echo 'text' ;;
    'otactl register --factory') echo 'text' ;;
    'otactl register -f') echo 'text' ;;
    'otactl register --tag') echo 'text' ;;
    'otactl register -t') echo 'text' ;;
    'otactl register --tags') echo 'text' ;;
    'otactl register --uuid') echo 'text' ;;
    'otactl register -u') echo 'text' ;;
    'otactl register --hwid') echo 'text' ;;
    'otactl register -i') echo 'text' ;;
    'otactl register --hw-id') echo 'text' ;;
    'otactl register --device-group') echo 'text' ;;
    'otactl register -g') echo 'text' ;;
    'otactl register --production') echo 'switch' ;;
    'otactl register -p') echo 'switch' ;;
    'otactl register --token-file') echo 'file' ;;
    'otactl register --api-token-header') echo 'text' ;;
    'otactl register -H') echo 'text' ;;
    'otactl register --raw-bearer') echo 'switch' ;;
    'otactl register --ca-file') echo 'file' ;;
    'otactl register --insecure-http') echo 'switch' ;;
    'otactl register --sota-dir') echo 'dir' ;;
    'otactl register -d') echo 'dir' ;;
    'otactl register --apps') echo 'text' ;;
    'otactl register -a') echo 'text' ;;
    'otactl register --restorable-apps') echo 'text' ;;
    'otactl register -A') echo 'text' ;;
    'otactl register --use-ostree-server') echo 'switch' ;;
    'otactl register --start-daemon') echo 'switch' ;;
    'otactl register --force') echo 'switch' ;;
    'otactl agent check --src-dir') echo 'dir' ;;
    'otactl agent check -s') echo 'dir' ;;
    'otactl agent check --device-config') echo 'file' ;;
    'otactl agent check -c') echo 'file' ;;
    'otactl agent check --config') echo 'file' ;;
    'otactl agent list --src-dir') echo 'dir' ;;
    'otactl agent list -s') echo 'dir' ;;
    'otactl agent list --device-config') echo 'file' ;;
    'otactl agent list -c') echo 'file' ;;
    'otactl agent list --config') echo 'file' ;;
    'otactl agent update --src-dir') echo 'dir' ;;
    'otactl agent update -s') echo 'dir' ;;
    'otactl agent update --device-config') echo 'file' ;;
    'otactl agent update -c') echo 'file' ;;
    'otactl agent update --config') echo 'file' ;;
    'otactl agent update --target') echo 'text' ;;
    'otactl agent update -t') echo 'text' ;;
    'otactl agent update --force') echo 'switch' ;;
    'otactl agent update -f') echo 'switch' ;;
    'otactl agent pull --src-dir') echo 'dir' ;;
    'otactl agent pull -s') echo 'dir' ;;
    'otactl agent pull --device-config') echo 'file' ;;
    'otactl agent pull -c') echo 'file' ;;
    'otactl agent pull --config') echo 'file' ;;
    'otactl agent pull --target') echo 'text' ;;
    'otactl agent pull -t') echo 'text' ;;
    'otactl agent pull --force') echo 'switch' ;;
    'otactl agent pull -f') echo 'switch' ;;
    'otactl agent install --src-dir') echo 'dir' ;;
    'otactl agent install -s') echo 'dir' ;;
    'otactl agent install --device-config') echo 'file' ;;
    'otactl agent install -c') echo 'file' ;;
    'otactl agent install --config') echo 'file' ;;
    'otactl agent install --target') echo 'text' ;;
    'otactl agent install -t') echo 'text' ;;
    'otactl agent install --force') echo 'switch' ;;
    'otactl agent install -f') echo 'switch' ;;
    'otactl agent run --device-config') echo 'file' ;;
    'otactl agent run -c') echo 'file' ;;
    'otactl agent run --config') echo 'file' ;;
    'otactl agent status --device-config') echo 'file' ;;
    'otactl agent status -c') echo 'file' ;;
    'otactl agent status --config') echo 'file' ;;
    'otactl ostree --repo') echo 'dir' ;;
    'otactl ostree init --mode') echo 'words archive archive-z2 bare' ;;
    'otactl ostree commit --branch') echo 'text' ;;
    'otactl ostree commit -b') echo 'text' ;;
    'otactl ostree commit --orphan') echo 'switch' ;;
    'otactl ostree commit --tree') echo 'text' ;;
    'otactl ostree commit --subject') echo 'text' ;;
    'otactl ostree commit -s') echo 'text' ;;
    'otactl ostree commit --body') echo 'text' ;;
    'otactl ostree commit -m') echo 'text' ;;
    'otactl ostree commit --body-file') echo 'file' ;;
    'otactl ostree commit -F') echo 'file' ;;
    'otactl ostree commit --parent') echo 'text' ;;
    'otactl ostree commit --timestamp') echo 'text' ;;
    'otactl ostree commit --add-metadata-string') echo 'text' ;;
    'otactl ostree commit --bind-ref') echo 'text' ;;
    'otactl ostree commit --no-bindings') echo 'switch' ;;
    'otactl ostree commit --owner-uid') echo 'text' ;;
    'otactl ostree commit --owner-gid') echo 'text' ;;
    'otactl ostree commit --no-xattrs') echo 'switch' ;;
    'otactl ostree commit --canonical-permissions') echo 'switch' ;;
    'otactl ostree commit --skip-if-unchanged') echo 'switch' ;;
    'otactl ostree commit --table-output') echo 'switch' ;;
    'otactl ostree commit #0') echo dir ;;
    'otactl ostree rev-parse --single') echo 'switch' ;;
    'otactl ostree rev-parse -S') echo 'switch' ;;
    'otactl ostree rev-parse #'*) echo text ;;
    'otactl ostree refs --list') echo 'switch' ;;
    'otactl ostree refs --create') echo 'text' ;;
    'otactl ostree refs --force') echo 'switch' ;;
    'otactl ostree refs --delete') echo 'switch' ;;
    'otactl ostree refs #0') echo text ;;
    'otactl ostree ls --dironly') echo 'switch' ;;
    'otactl ostree ls -d') echo 'switch' ;;
    'otactl ostree ls --recursive') echo 'switch' ;;
    'otactl ostree ls -R') echo 'switch' ;;
    'otactl ostree ls --checksum') echo 'switch' ;;
    'otactl ostree ls -C') echo 'switch' ;;
    'otactl ostree ls --xattrs') echo 'switch' ;;
    'otactl ostree ls -X') echo 'switch' ;;
    'otactl ostree ls --nul-filenames-only') echo 'switch' ;;
    'otactl ostree ls #0') echo text ;;
    'otactl ostree ls #'*) echo file ;;
    'otactl ostree checkout --user-mode') echo 'switch' ;;
    'otactl ostree checkout -U') echo 'switch' ;;
    'otactl ostree checkout --subpath') echo 'file' ;;
    'otactl ostree checkout --union') echo 'switch' ;;
    'otactl ostree checkout --union-add') echo 'switch' ;;
    'otactl ostree checkout --allow-noent') echo 'switch' ;;
    'otactl ostree checkout #0') echo text ;;
    'otactl ostree checkout #1') echo dir ;;
    'otactl ostree pull-local --remote') echo 'text' ;;
    'otactl ostree pull-local --depth') echo 'text' ;;
    'otactl ostree pull-local --disable-verify-bindings') echo 'switch' ;;
    'otactl ostree pull-local #0') echo text ;;
    'otactl ostree pull-local #'*) echo text ;;
    'otactl ostree fsck --all') echo 'switch' ;;
    'otactl ostree fsck -a') echo 'switch' ;;
    'otactl ostree fsck --verify-bindings') echo 'switch' ;;
    'otactl man --dir') echo 'dir' ;;
    'otactl man #'*) echo text ;;
    'otactl help #'*) echo text ;;
    'otactl aklite-offline #'*) echo file ;;
    'otactl aktualizr-lite #'*) echo file ;;
    'otactl garage-push #'*) echo file ;;
    'otactl lmp-device-register #'*) echo file ;;
    *' --output') echo 'words table json yaml' ;;
    *' -o') echo 'words table json yaml' ;;
    *' --log-level') echo 'words debug info warn error' ;;
    esac
}

_otactl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local path=otactl word skip='' kind='' count=0 i
    # bash splits --flag=value at the equals sign
    [[ $cur == '=' ]] && cur=''
    [[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $skip ]]; then
            [[ $word == '=' ]] || skip=''
        elif [[ $word == -* ]]; then
            kind=$(_otactl_value "$path $word")
            [[ $kind && $kind != switch ]] && skip=1
        elif ((count == 0)) && [[ " $(_otactl_commands "$path") " == *" $word "* ]]; then
            path+=" $word"
        else
            count=$((count + 1))
        fi
    done
    if [[ $skip ]]; then
        kind=$(_otactl_value "$path $prev")
    elif [[ $cur == -* ]]; then
        kind="words $(_otactl_flags "$path")"
    elif ((count == 0)) && [[ $(_otactl_commands "$path") ]]; then
        kind="words $(_otactl_commands "$path")"
    else
        kind=$(_otactl_value "$path #$count")
    fi
    case $kind in
    words\ *) mapfile -t COMPREPLY < <(compgen -W "${kind#words }" -- "$cur") ;;
    dir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    *) COMPREPLY=() ;;
    esac
}

complete -F _otactl otactl
