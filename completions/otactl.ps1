# PowerShell completion for otactl, generated from its command tree.

Register-ArgumentCompleter -Native -CommandName 'otactl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # word|explanation, by command
    $commands = @{
        'otactl' = @(
            'publish|send a commit to the backend, delta-wise, and have a target signed'
            'targets|what devices may install'
            'devices|who is registered, and who may be'
            'serve|be the backend: repo, signed metadata, registration and device gateway in one process'
            'register|give this device its identity'
            'agent|update the device this runs on'
            'ostree|work on OSTree repos by hand'
            'completion|print a completion script for a shell'
            'man|print the manual page of a command, or write all pages'
            'help|explain a command, or a topic: exit-codes, environment'
            'version|print the version of this program'
            'aklite-offline|behave as aklite-offline, with its own flags and exit codes'
            'aktualizr-lite|behave as aktualizr-lite, with its own flags and exit codes'
            'garage-push|behave as garage-push, with its own flags and exit codes'
            'lmp-device-register|behave as lmp-device-register, with its own flags and exit codes'
        )
        'otactl targets' = @(
            'list|list targets, after their signatures were verified'
            'show|show one target, or all of a version'
            'offline-update|put a target and its signed metadata into a folder, for devices without a network'
        )
        'otactl targets offline-update' = @(
            'sign|add a signature with an offline targets key'
            'show|show what a bundle says it holds, until when, and who signed it'
            'verify|check everything in a bundle, from the root of trust to the last object'
        )
        'otactl devices' = @(
            'list|list the registered devices'
            'approve|let a device register that shows this code'
            'delete|end a device''s registration'
        )
        'otactl agent' = @(
            'check|update the metadata and list the targets for this device'
            'list|list the targets by the metadata that is stored'
            'update|check in, bring in and deploy the newest target, or the one named'
            'pull|bring in a target by the metadata that is stored'
            'install|deploy what was pulled; with --src-dir all that update does'
            'run|after the reboot, confirm what was installed'
            'status|show what runs and what waits for a reboot'
        )
        'otactl ostree' = @(
            'init|make a new repo'
            'commit|store a folder as a new commit'
            'rev-parse|print the checksum of a commit'
            'refs|list, create or delete refs'
            'ls|list what a commit holds'
            'checkout|write a commit''s tree to a folder'
            'pull-local|copy commits from another repo on this machine'
            'fsck|verify all commits of a repo, object by object'
        )
        'otactl completion' = @(
            'bash|print the completion script for bash'
            'zsh|print the completion script for zsh'
            'fish|print the completion script for fish'
            'powershell|print the completion script for powershell'
        )
    }
    # word|explanation, by command
    $flags = @{
        'otactl' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl publish' = @(
            '--help|explain the command and do nothing'
            '--repo|OSTree repo in DIR'
            '--hardware-id|the target is for HWID; repeat or separate by commas'
            '--credentials|credentials.zip or treehub.json in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named; then the context)'
            '--ref|publish REF, or a commit without moving a ref (default: the repo''s only ref, or the one named like a hardware id)'
            '--tag|devices that follow TAG take the target; repeat or separate by commas'
            '--version|the target''s version is N (default: the next free one)'
            '--name|the target is called NAME-VERSION (default: the first hardware id)'
            '--uri|the build this came from is at URL'
            '--dry-run|say what would be sent, and change nothing'
            '--no-target|send the commit and move the ref; sign no target'
            '--jobs|keep N requests under way'
            '--full-check|ask the backend about every object; finds and mends what it lost'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets list' = @(
            '--help|explain the command and do nothing'
            '--by-tag|only targets with TAG'
            '--raw|print targets.json as the backend signed it'
            '--credentials|take backend and root of trust from the credentials.zip in FILE'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets show' = @(
            '--help|explain the command and do nothing'
            '--credentials|take backend and root of trust from the credentials.zip in FILE'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update' = @(
            '--help|explain the command and do nothing'
            '--tag|the TAG that the devices follow (required)'
            '--expires-in-days|the bundle is good for DAYS'
            '--tuf-only|renew the metadata only'
            '--no-apps|leave the target''s apps out'
            '--allow-multiple-targets|add to a bundle that holds other targets'
            '--ostree-repo-source|take the objects from the local repo in DIR'
            '--dry-run|say what would be written, and write nothing'
            '--jobs|move N objects at once (default: as suits the machine)'
            '--credentials|take backend and root of trust from the credentials.zip in FILE'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update sign' = @(
            '--help|explain the command and do nothing'
            '--keys|the key archive FILE (tgz) with one targets key of the bundle''s root'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update show' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update verify' = @(
            '--help|explain the command and do nothing'
            '--root|trust the root FILE; several go from the oldest to the newest'
            '--tag|it must be for TAG'
            '--hardware-id|it must have a target for hardware ID'
            '--type|it must be of type '
            '--now|judge expiry at TIME (RFC 3339) and not by the clock'
            '--jobs|read N objects at once (default: as suits the machine)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl devices' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl devices list' = @(
            '--help|explain the command and do nothing'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl devices approve' = @(
            '--help|explain the command and do nothing'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl devices delete' = @(
            '--help|explain the command and do nothing'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl serve' = @(
            '--help|explain the command and do nothing'
            '--data|keep everything in DIR'
            '--addr|serve the API on HOST:PORT, in plain HTTP (default: 127.0.0.1:8080)'
            '--gateway-addr|serve devices on HOST:PORT, in mutual TLS (default: :8443)'
            '--url|clients reach the API at URL (default: from --addr)'
            '--gateway-url|devices reach the gateway at URL (default: from --dns-name and --gateway-addr)'
            '--dns-name|the gateway''s certificate is for NAME, a DNS name or an IP address; repeat for more'
            '--factory|the factory is called NAME (default: local); the first start fixes it'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl register' = @(
            '--help|explain the command and do nothing'
            '--name|NAME in the backend''s lists (default: the UUID)'
            '--server|register at the otactl serve at URL; sets --device-api and --oauth-base'
            '--device-api|send the certificate request to URL'
            '--oauth-base|run the device flow at URL'
            '--factory|NAME of the factory (default: LMP_FACTORY of os-release)'
            '--tag|follow targets with TAG (default: LMP_FACTORY_TAG of os-release)'
            '--uuid|UUID of the device (default: a random one)'
            '--hwid|hardware ID (default: the architecture, as in amd64-linux)'
            '--device-group|put the device into GROUP'
            '--production|ask for a production device''s certificate'
            '--token-file|read an API token from FILE and skip the device flow; - is standard input'
            '--api-token-header|HEADER that carries the API token'
            '--raw-bearer|send the OAuth token as it is, not base64-encoded once more'
            '--ca-file|also trust the CAs in FILE for the backend'
            '--insecure-http|allow http:// to a host that is not this one'
            '--sota-dir|write to DIR'
            '--apps|run these Compose Apps, a comma-separated LIST (default: all)'
            '--restorable-apps|keep these Compose Apps restorable, a comma-separated LIST'
            '--use-ostree-server|fetch OSTree content from the backend''s proxy; on, =false turns it off'
            '--start-daemon|start the update daemon afterwards, where it is installed; on, =false turns it off'
            '--force|replace an existing registration'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent check' = @(
            '--help|explain the command and do nothing'
            '--src-dir|take updates from the offline bundle in DIR, not from the gateway'
            '--device-config|read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent list' = @(
            '--help|explain the command and do nothing'
            '--src-dir|take updates from the offline bundle in DIR, not from the gateway'
            '--device-config|read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent update' = @(
            '--help|explain the command and do nothing'
            '--src-dir|take updates from the offline bundle in DIR, not from the gateway'
            '--device-config|read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
            '--target|the target of that NAME or version (default: the newest)'
            '--force|go back to an older target as well'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent pull' = @(
            '--help|explain the command and do nothing'
            '--src-dir|take updates from the offline bundle in DIR, not from the gateway'
            '--device-config|read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
            '--target|the target of that NAME or version (default: the newest)'
            '--force|go back to an older target as well'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent install' = @(
            '--help|explain the command and do nothing'
            '--src-dir|take updates from the offline bundle in DIR, not from the gateway'
            '--device-config|read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
            '--target|the target of that NAME or version (default: the newest)'
            '--force|go back to an older target as well'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent run' = @(
            '--help|explain the command and do nothing'
            '--device-config|read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl agent status' = @(
            '--help|explain the command and do nothing'
            '--device-config|read the configuration in PATH, a file or folder, instead of the usual places; may be repeated'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree' = @(
            '--help|explain the command and do nothing'
            '--repo|DIR of the repo (default: OSTREE_REPO, the current folder, or /sysroot/ostree/repo)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree init' = @(
            '--help|explain the command and do nothing'
            '--mode|store objects as '
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree commit' = @(
            '--help|explain the command and do nothing'
            '--branch|move REF to the new commit'
            '--orphan|make a commit that no ref names'
            '--tree|commit SOURCE: dir=DIR, or ref=COMMIT for the tree of another commit (default: the current folder)'
            '--subject|one LINE about the commit'
            '--body|more TEXT about it'
            '--body-file|read the text from FILE'
            '--parent|COMMIT before this one, or none (default: where the branch points)'
            '--timestamp|TIME of the commit: @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31 (default: SOURCE_DATE_EPOCH, or now)'
            '--add-metadata-string|add KEY=VALUE to the metadata; may be repeated'
            '--bind-ref|name REF too as one the commit is made for; may be repeated'
            '--no-bindings|don''t say which refs the commit is made for'
            '--owner-uid|give all files to user UID'
            '--owner-gid|give all files to group GID'
            '--no-xattrs|leave extended attributes out'
            '--canonical-permissions|owner 0, no extended attributes, modes cut down to 0755'
            '--skip-if-unchanged|make no commit when the parent has the same tree'
            '--table-output|say what was written, as KEY: VALUE lines'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree rev-parse' = @(
            '--help|explain the command and do nothing'
            '--single|print the one commit that the repo has; more or none are an error'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree refs' = @(
            '--help|explain the command and do nothing'
            '--list|print the names whole, with PREFIX'
            '--create|make REF point at the commit given as argument'
            '--force|with --create, move a ref that exists'
            '--delete|delete PREFIX and all refs below it'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree ls' = @(
            '--help|explain the command and do nothing'
            '--dironly|show directories themselves, not what is in them'
            '--recursive|show all below a directory'
            '--checksum|show checksums'
            '--xattrs|show extended attributes'
            '--nul-filenames-only|print names only, each ended by a zero byte'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree checkout' = @(
            '--help|explain the command and do nothing'
            '--user-mode|leave owners and extended attributes alone, drop setuid bits'
            '--subpath|write only PATH of the commit'
            '--union|keep existing folders, overwrite existing files'
            '--union-add|keep what exists, add the rest'
            '--allow-noent|do nothing if the commit has no such --subpath'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree pull-local' = @(
            '--help|explain the command and do nothing'
            '--remote|write refs as REMOTE:REF'
            '--depth|copy N parents too; -1 is all there are'
            '--disable-verify-bindings|take a commit that was made for other refs'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree fsck' = @(
            '--help|explain the command and do nothing'
            '--all|go on after the first problem'
            '--verify-bindings|demand that commits name the refs that point at them'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl completion' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl completion bash' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl completion zsh' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl completion fish' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl completion powershell' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl man' = @(
            '--help|explain the command and do nothing'
            '--dir|write one page per command into DIR'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl help' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl version' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
    }
    # choices of flags that take a value, by command and flag
    $values = @{
        'otactl --output' = @(
            'table'
            'json'
            'yaml'
        )
        'otactl -o' = @(
            'table'
            'json'
            'yaml'
        )
        'otactl --log-level' = @(
            'debug'
            'info'
            'warn'
            'error'
        )
        'otactl publish --repo' = @()
        'otactl publish -r' = @()
        'otactl publish --hardware-id' = @()
        'otactl publish -m' = @()
        'otactl publish --credentials' = @()
        'otactl publish -c' = @()
        'otactl publish --ref' = @()
        'otactl publish --tag' = @()
        'otactl publish -t' = @()
        'otactl publish --version' = @()
        'otactl publish --name' = @()
        'otactl publish --uri' = @()
        'otactl publish --jobs' = @()
        'otactl publish -j' = @()
        'otactl publish --config' = @()
        'otactl publish --context' = @()
        'otactl publish --url' = @()
        'otactl publish --factory' = @()
        'otactl publish -f' = @()
        'otactl publish --ca-file' = @()
        'otactl targets list --by-tag' = @()
        'otactl targets list --credentials' = @()
        'otactl targets list -c' = @()
        'otactl targets list --config' = @()
        'otactl targets list --context' = @()
        'otactl targets list --url' = @()
        'otactl targets list --factory' = @()
        'otactl targets list -f' = @()
        'otactl targets list --ca-file' = @()
        'otactl targets show --credentials' = @()
        'otactl targets show -c' = @()
        'otactl targets show --config' = @()
        'otactl targets show --context' = @()
        'otactl targets show --url' = @()
        'otactl targets show --factory' = @()
        'otactl targets show -f' = @()
        'otactl targets show --ca-file' = @()
        'otactl targets offline-update --tag' = @()
        'otactl targets offline-update --expires-in-days' = @()
        'otactl targets offline-update -e' = @()
        'otactl targets offline-update --ostree-repo-source' = @()
        'otactl targets offline-update --jobs' = @()
        'otactl targets offline-update -j' = @()
        'otactl targets offline-update --credentials' = @()
        'otactl targets offline-update -c' = @()
        'otactl targets offline-update --config' = @()
        'otactl targets offline-update --context' = @()
        'otactl targets offline-update --url' = @()
        'otactl targets offline-update --factory' = @()
        'otactl targets offline-update -f' = @()
        'otactl targets offline-update --ca-file' = @()
        'otactl targets offline-update sign --keys' = @()
        'otactl targets offline-update sign -k' = @()
        'otactl targets offline-update verify --root' = @()
        'otactl targets offline-update verify --tag' = @()
        'otactl targets offline-update verify --hardware-id' = @()
        'otactl targets offline-update verify --type' = @(
            'ci'
            'prod'
        )
        'otactl targets offline-update verify --now' = @()
        'otactl targets offline-update verify --jobs' = @()
        'otactl targets offline-update verify -j' = @()
        'otactl devices list --config' = @()
        'otactl devices list --context' = @()
        'otactl devices list --url' = @()
        'otactl devices list --factory' = @()
        'otactl devices list -f' = @()
        'otactl devices list --ca-file' = @()
        'otactl devices approve --config' = @()
        'otactl devices approve --context' = @()
        'otactl devices approve --url' = @()
        'otactl devices approve --factory' = @()
        'otactl devices approve -f' = @()
        'otactl devices approve --ca-file' = @()
        'otactl devices delete --config' = @()
        'otactl devices delete --context' = @()
        'otactl devices delete --url' = @()
        'otactl devices delete --factory' = @()
        'otactl devices delete -f' = @()
        'otactl devices delete --ca-file' = @()
        'otactl serve --data' = @()
        'otactl serve --addr' = @()
        'otactl serve --gateway-addr' = @()
        'otactl serve --url' = @()
        'otactl serve --gateway-url' = @()
        'otactl serve --dns-name' = @()
        'otactl serve --factory' = @()
        'otactl serve -f' = @()
        'otactl register --name' = @()
        'otactl register -n' = @()
        'otactl register --server' = @()
        'otactl register --device-api' = @()
        'otactl register --oauth-base' = @()
        'otactl register --factory' = @()
        'otactl register -f' = @()
        'otactl register --tag' = @()
        'otactl register -t' = @()
        'otactl register --tags' = @()
        'otactl register --uuid' = @()
        'otactl register -u' = @()
        'otactl register --hwid' = @()
        'otactl register -i' = @()
        'otactl register --hw-id' = @()
        'otactl register --device-group' = @()
        'otactl register -g' = @()
        'otactl register --token-file' = @()
        'otactl register --api-token-header' = @()
        'otactl register --ca-file' = @()
        'otactl register --sota-dir' = @()
        'otactl register -d' = @()
        'otactl register --apps' = @()
        'otactl register -a' = @()
        'otactl register --restorable-apps' = @()
        'otactl agent check --src-dir' = @()
        'otactl agent check -s' = @()
        'otactl agent check --device-config' = @()
        'otactl agent check -c' = @()
        'otactl agent check --config' = @()
        'otactl agent list --src-dir' = @()
        'otactl agent list -s' = @()
        'otactl agent list --device-config' = @()
        'otactl agent list -c' = @()
        'otactl agent list --config' = @()
        'otactl agent update --src-dir' = @()
        'otactl agent update -s' = @()
        'otactl agent update --device-config' = @()
        'otactl agent update -c' = @()
        'otactl agent update --config' = @()
        'otactl agent update --target' = @()
        'otactl agent update -t' = @()
        'otactl agent pull --src-dir' = @()
        'otactl agent pull -s' = @()
        'otactl agent pull --device-config' = @()
        'otactl agent pull -c' = @()
        'otactl agent pull --config' = @()
        'otactl agent pull --target' = @()
        'otactl agent pull -t' = @()
        'otactl agent install --src-dir' = @()
        'otactl agent install -s' = @()
        'otactl agent install --device-config' = @()
        'otactl agent install -c' = @()
        'otactl agent install --config' = @()
        'otactl agent install --target' = @()
        'otactl agent install -t' = @()
        'otactl agent run --device-config' = @()
        'otactl agent run -c' = @()
        'otactl agent run --config' = @()
        'otactl agent status --device-config' = @()
        'otactl agent status -c' = @()
        'otactl agent status --config' = @()
        'otactl ostree --repo' = @()
        'otactl ostree init --mode' = @(
            'archive'
            'archive-z2'
            'bare'
        )
        'otactl ostree commit --branch' = @()
        'otactl ostree commit -b' = @()
        'otactl ostree commit --tree' = @()
        'otactl ostree commit --subject' = @()
        'otactl ostree commit -s' = @()
        'otactl ostree commit --body' = @()
        'otactl ostree commit -m' = @()
        'otactl ostree commit --body-file' = @()
        'otactl ostree commit --parent' = @()
        'otactl ostree commit --timestamp' = @()
        'otactl ostree commit --add-metadata-string' = @()
        'otactl ostree commit --bind-ref' = @()
        'otactl ostree commit --owner-uid' = @()
        'otactl ostree commit --owner-gid' = @()
        'otactl ostree refs --create' = @()
        'otactl ostree checkout --subpath' = @()
        'otactl ostree pull-local --remote' = @()
        'otactl ostree pull-local --depth' = @()
        'otactl man --dir' = @()
    }

    $path = 'otactl'
    $open = $null
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    foreach ($word in ($words | Select-Object -Skip 1)) {
        if ($null -ne $open) {
            $open = $null
        } elseif ($word.StartsWith('-')) {
            foreach ($key in "$path $word", "otactl $word") {
                if ($values.ContainsKey($key)) { $open = $key; break }
            }
        } elseif ($commands.ContainsKey("$path") -and ($commands["$path"] | Where-Object { $_.StartsWith("$word|") })) {
            $path = "$path $word"
        }
    }
    if ($null -ne $open) {
        $offers = $values[$open]
    } elseif ($wordToComplete.StartsWith('-')) {
        $offers = $flags[$path]
    } else {
        $offers = $commands[$path]
    }
    foreach ($offer in $offers) {
        $text, $tip = $offer -split '\|', 2
        if ($text -like "$wordToComplete*") {
            if (-not $tip) { $tip = $text }
            [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $tip)
        }
    }
}
