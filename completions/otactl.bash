# bash completion for otactl, generated from its command tree.

# The subcommands of a command.
_otactl_commands() {
    case $1 in
    'otactl') echo 'register completion man help version aklite-offline aktualizr-lite garage-push lmp-device-register' ;;
    'otactl completion') echo 'bash zsh fish powershell' ;;
    esac
}

# The flags of a command.
_otactl_flags() {
    case $1 in
    'otactl') echo '--help --output --quiet --verbose --log-level --version' ;;
    'otactl register') echo '--help --name --server --device-api --oauth-base --factory --tag --uuid --hwid --device-group --production --token-file --api-token-header --raw-bearer --ca-file --insecure-http --sota-dir --apps --restorable-apps --use-ostree-server --start-daemon --force --output --quiet --verbose --log-level --version' ;;
    'otactl completion') echo '--help --output --quiet --verbose --log-level --version' ;;
    'otactl completion bash') echo '--help --output --quiet --verbose --log-level --version' ;;
    'otactl completion zsh') echo '--help --output --quiet --verbose --log-level --version' ;;
    'otactl completion fish') echo '--help --output --quiet --verbose --log-level --version' ;;
    'otactl completion powershell') echo '--help --output --quiet --verbose --log-level --version' ;;
    'otactl man') echo '--help --dir --output --quiet --verbose --log-level --version' ;;
    'otactl help') echo '--help --output --quiet --verbose --log-level --version' ;;
    'otactl version') echo '--help --output --quiet --verbose --log-level --version' ;;
    esac
}

# What the flag of a command, or its argument (by number), takes.
_otactl_value() {
    case $1 in
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
