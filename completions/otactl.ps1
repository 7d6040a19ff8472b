# PowerShell completion for otactl, generated from its command tree.

Register-ArgumentCompleter -Native -CommandName 'otactl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # word|explanation, by command
    $commands = @{
        'otactl' = @(
            'login|prove who you are at a backend, and keep the proof for later'
            'logout|forget what proves who you are in a context'
            'context|the backends you work with; otactl login adds one'
            'credentials|the file that a backend hands out to publishers'
            'publish|send commits to the backend, delta-wise, and have targets signed'
            'targets|what devices may install'
            'waves|bring targets to production devices, some of them first'
            'devices|who is registered, and who may be'
            'keys|the keys that metadata is signed with'
            'tuf|the signed metadata that devices trust'
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
            'fiocheck|behave as fiocheck, with its own flags and exit codes'
            'fiopush|behave as fiopush, with its own flags and exit codes'
            'fiosync|behave as fiosync, with its own flags and exit codes'
            'garage-check|behave as garage-check, with its own flags and exit codes'
            'garage-push|behave as garage-push, with its own flags and exit codes'
            'lmp-device-register|behave as lmp-device-register, with its own flags and exit codes'
            'ota-publish|behave as ota-publish, with its own flags and exit codes'
        )
        'otactl context' = @(
            'list|list the contexts; the active one has a star'
            'use|make a context the active one'
            'show|show a context, or the active one, and whether you are logged in there'
            'import|take over contexts from a file of otactl serve, fioctl or satcli, secrets included'
            'remove|log out of a context and forget it'
        )
        'otactl credentials' = @(
            'show|show what a credentials file is good for, without its secrets'
        )
        'otactl publish' = @(
            'check|say whether a commit is complete over there'
            'sync|bring refs or commits from one backend to another'
        )
        'otactl targets' = @(
            'list|list targets, after their signatures were verified'
            'show|show one target, or all of a version'
            'add|derive new targets from the newest ones with a tag'
            'tag|give targets other tags, so that other devices take them'
            'prune|take targets out, so that no device is offered them'
            'edit|change all targets at once, in an editor'
            'sign|add signatures to a targets.json that another signer wrote with --out'
            'upload|bring a targets.json to the backend that was signed elsewhere'
            'static-deltas|make static deltas between targets that are there'
            'offline-update|put a target and its signed metadata into a folder, for devices without a network'
        )
        'otactl targets offline-update' = @(
            'sign|add a signature with an offline targets key'
            'show|show what a bundle says it holds, until when, and who signed it'
            'verify|check everything in a bundle, from the root of trust to the last object'
            'add|put more targets into a bundle, also for other hardware; what they share is stored once'
            'remove|take targets out of a bundle, and what only they needed'
            'prune|remove from a bundle what none of its targets needs'
            'upload|send a bundle to an update-server, which offers it to its devices'
            'pack|make one file of a bundle, with a signed index of all that is in it'
            'unpack|make a folder of a bundle that is one file'
        )
        'otactl waves' = @(
            'init|make a wave out of a version that CI has built, and sign its targets'
            'sign|add a signature to a wave''s targets'
            'rollout|offer a wave to some of the production devices'
            'status|show how far the devices of a wave are'
            'list|list waves, the newest first'
            'show|show one wave and how it was rolled out'
            'complete|make a wave''s targets the production targets of its tag'
            'cancel|end a wave, so that no other device is offered it'
        )
        'otactl devices' = @(
            'list|list the registered devices'
            'approve|let a device register that shows this code'
            'delete|end a device''s registration'
        )
        'otactl keys' = @(
            'list|list the keys in an archive, a file or a token'
            'generate|make a key and put it into an archive'
            'passphrase|give an archive a passphrase, another one, or none'
            'tuf|the roots of a factory: which keys sign what'
        )
        'otactl keys tuf' = @(
            'show-root|print the root in force, after its chain was verified'
            'download-roots|put all roots into a tar archive, after their chain was verified'
            'rotate-offline-key|replace an offline key of root or targets, in one go'
            'rotate-all-keys|replace the offline and online keys of all roles, in one go'
            'init|open a root transaction'
            'add-offline-key|stage one more offline key of root or targets'
            'delete-offline-key|stage the removal of an offline key of root or targets'
            'rotate-online-key|stage new keys, made by the server, in place of its online keys'
            'set-threshold|stage how many keys have to sign root, or production targets'
            'sign|sign the new roots with a root key, in force or new'
            'sign-prod-targets|stage signatures on production targets and waves, by a targets key of the new root'
            'review|show what is staged, and what is still missing'
            'apply|bring the new roots into force'
            'cancel|drop what is staged; the roots stay as they are'
            'updates|the steps of a root transaction, one by one'
        )
        'otactl keys tuf updates' = @(
            'init|open a root transaction'
            'add-offline-key|stage one more offline key of root or targets'
            'delete-offline-key|stage the removal of an offline key of root or targets'
            'rotate-offline-key|stage a new key in place of an offline key of root or targets'
            'rotate-online-key|stage new keys, made by the server, in place of its online keys'
            'set-threshold|stage how many keys have to sign root, or production targets'
            'sign|sign the new roots with a root key, in force or new'
            'sign-prod-targets|stage signatures on production targets and waves, by a targets key of the new root'
            'review|show what is staged, and what is still missing'
            'apply|bring the new roots into force'
            'cancel|drop what is staged; the roots stay as they are'
        )
        'otactl tuf' = @(
            'verify|show the chain of trust of a repository, and every rule that it breaks'
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
            'cat|print files of a commit'
            'checkout|write a commit''s tree to a folder'
            'checksum|print what a file would be called in a commit'
            'commit|store trees as a new commit'
            'config|read or change a key of the repo''s config'
            'create-usb|copy refs of collections to where a medium is mounted'
            'diff|compare two commits, or folders'
            'export|write the tree of a commit as a tar archive'
            'find-remotes|look in the configured remotes for refs of collections'
            'fsck|verify all commits of a repo, object by object'
            'gpg-sign|sign a commit with GPG keys'
            'init|make a new repo'
            'log|print a commit and those before it'
            'ls|list what a commit holds'
            'prune|remove objects that no commit reaches, and commits that are not wanted'
            'pull|bring commits from a remote'
            'pull-local|copy commits from another repo on this machine'
            'refs|list, create or delete refs'
            'remote|where this repo pulls from'
            'reset|move a ref to another commit'
            'rev-parse|print the checksum of a commit'
            'serve|serve one archive repo over HTTP, to pull from'
            'show|print a commit, or another object'
            'sign|sign a commit, or verify its signatures'
            'static-delta|what leads from one commit to another in one file'
            'summary|write the summary of this repo, or show it'
        )
        'otactl ostree remote' = @(
            'add|add a remote'
            'add-cookie|send a cookie to a remote'
            'delete|delete a remote, with its keyring and cookies'
            'delete-cookie|send a cookie no more'
            'gpg-import|trust GPG keys for a remote'
            'gpg-list-keys|show the GPG keys that a remote is trusted with, or without NAME those of the system'
            'list|list the remotes'
            'list-cookies|list the cookies of a remote'
            'refs|list the refs of a remote'
            'show-url|print the address of a remote'
            'summary|show the summary of a remote'
        )
        'otactl ostree static-delta' = @(
            'apply-offline|make the commit of a delta that lies in a file'
            'delete|delete a delta'
            'generate|make a delta that leads to a commit'
            'indexes|list the commits that have an index of deltas to them'
            'list|list the deltas of the repo'
            'reindex|write the indexes of deltas anew'
            'show|print what is in a delta'
            'verify|verify the signatures of a delta'
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
        'otactl login' = @(
            '--help|explain the command and do nothing'
            '--url|the backend''s API is at URL (default: that of the context, or https://api.foundries.io)'
            '--factory|work with the factory NAME (default: the only one that the application is for)'
            '--oauth-url|the token server is at URL (default: https://app.DOMAIN/oauth of an API at api.DOMAIN)'
            '--with-token|log in with an API token, as for otactl serve'
            '--update-server|the backend is an update-server; implies --with-token'
            '--stdin|read what would be typed from standard input, one a line'
            '--insecure-storage|keep the secret in a file beside the contexts, readable by you alone, and not in the keyring'
            '--config|write the context to FILE (default: ~/.config/otactl/config.yaml)'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl logout' = @(
            '--help|explain the command and do nothing'
            '--config|work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl context' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl context list' = @(
            '--help|explain the command and do nothing'
            '--config|work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl context use' = @(
            '--help|explain the command and do nothing'
            '--config|work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl context show' = @(
            '--help|explain the command and do nothing'
            '--config|work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl context import' = @(
            '--help|explain the command and do nothing'
            '--config|work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
            '--insecure-storage|keep the secrets in a file beside the contexts, readable by you alone, and not in the keyring'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl context remove' = @(
            '--help|explain the command and do nothing'
            '--config|work with the contexts in FILE (default: ~/.config/otactl/config.yaml)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl credentials' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl credentials show' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl publish' = @(
            '--help|explain the command and do nothing'
            '--repo|OSTree repo in DIR; needed'
            '--credentials|credentials.zip or treehub.json in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named; then the context)'
            '--ref|publish REF, or a commit without moving a ref; REF=HWID,… says for which hardware; repeat (default: the repo''s only ref, or the one named like a hardware id)'
            '--dry-run|say what would be sent, and change nothing'
            '--no-target|send the commit and move the ref; sign no target'
            '--jobs|keep N requests under way'
            '--full-check|ask the backend about every object; finds and mends what it lost'
            '--hardware-id|the target is for HWID; repeat or separate by commas'
            '--tag|devices that follow TAG take the target; repeat or separate by commas'
            '--version|the target''s version is N (default: the next free one)'
            '--name|the target is called NAME-VERSION (default: the first hardware id)'
            '--uri|the build this came from is at URL'
            '--app|the target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
            '--custom|the target has the custom field KEY=JSON; repeat'
            '--to|send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
            '--s3-endpoint|the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon''s)'
            '--sign-by|sign the commit, and a summary that is made here, with KEY: a file with a secret GPG, ed25519 or spki key, or the id of a GPG key; may be repeated'
            '--gpg-homedir|look for GPG keys in DIR (default: GnuPG''s own)'
            '--deltas-from|make static deltas from VERSIONS and send them too: a number for so many of the last ones, v41, a target, a commit or a ref; repeat or separate by commas'
            '--limit-rate|move no more than RATE bytes a second over all connections: 500K, 2M'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
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
        'otactl publish check' = @(
            '--help|explain the command and do nothing'
            '--repo|OSTree repo in DIR that it was published from'
            '--credentials|credentials.zip or treehub.json in FILE (default: as for publish)'
            '--all|look at every object, and not at a sample'
            '--sample|look at N objects'
            '--verify|fetch what is looked at and hash it'
            '--jobs|keep N requests under way'
            '--to|send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
            '--s3-endpoint|the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon''s)'
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
        'otactl publish sync' = @(
            '--help|explain the command and do nothing'
            '--from|read from SRC: a repo in a folder, at https://HOST/PATH, or at s3://BUCKET[/FOLDER]'
            '--from-credentials|read with the credentials.zip or treehub.json in FILE; without --from, from the treehub that it names'
            '--from-context|read from the backend of the context NAME'
            '--credentials|credentials.zip or treehub.json of the destination in FILE (default: as for publish)'
            '--depth|bring N commits before each one too; -1 is all'
            '--targets|add the targets of the source''s backend that name these commits'
            '--dry-run|say what would be sent, and change nothing'
            '--full-check|ask the destination about every object; finds and mends what it lost'
            '--jobs|keep N requests under way'
            '--to|send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
            '--s3-endpoint|the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon''s)'
            '--sign-by|sign a summary that is made here with KEY: a file with a secret GPG, ed25519 or spki key, or the id of a GPG key; may be repeated'
            '--gpg-homedir|look for GPG keys in DIR (default: GnuPG''s own)'
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
            '--columns|show the columns NAMES, in this order; repeat or separate by commas (default: name,version,tags,hardware-ids,commit,created)'
            '--production|what production devices of the tag in --by-tag get'
            '--raw|print targets.json as it was signed'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
            '--production-tag|of what production devices of TAG get'
            '--raw|print the custom part of each as it was signed, one a line'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
        'otactl targets add' = @(
            '--help|explain the command and do nothing'
            '--type|what is new in the targets'
            '--tags|the new targets have TAGS; repeat or separate by commas'
            '--src-tag|derive from the newest targets with TAG'
            '--targets-creator|note that TEXT made them (default: this program)'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--dry-run|say what would change, and change nothing'
            '--out|write the signed targets.json to FILE instead of uploading it, for others to sign'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
        'otactl targets tag' = @(
            '--help|explain the command and do nothing'
            '--tags|the tags TAGS; repeat or separate by commas'
            '--append|add to the tags that each has, instead of replacing them'
            '--by-version|each TARGET is a version: tag all targets that have it'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--dry-run|say what would change, and change nothing'
            '--out|write the signed targets.json to FILE instead of uploading it, for others to sign'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
        'otactl targets prune' = @(
            '--help|explain the command and do nothing'
            '--by-tag|each TARGET is a tag: take out the targets that have exactly these tags'
            '--keep-last|with --by-tag, keep the N highest versions'
            '--force|take out the newest target of a tag too'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--dry-run|say what would change, and change nothing'
            '--out|write the signed targets.json to FILE instead of uploading it, for others to sign'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
        'otactl targets edit' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--dry-run|say what would change, and change nothing'
            '--out|write the signed targets.json to FILE instead of uploading it, for others to sign'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
        'otactl targets sign' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--dry-run|show what the file would change, and sign nothing'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
        'otactl targets upload' = @(
            '--help|explain the command and do nothing'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
        'otactl targets static-deltas' = @(
            '--help|explain the command and do nothing'
            '--by-tag|from all earlier versions that have the tag TAG'
            '--hw-id|only for the hardware HWID'
            '--repo|make them in the OSTree repo DIR; commits that it lacks are fetched (default: a temporary one)'
            '--to|send to DEST: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)'
            '--s3-endpoint|the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon''s)'
            '--sign-by|sign a summary that is made here with KEY: a file with a secret GPG, ed25519 or spki key, or the id of a GPG key; may be repeated'
            '--gpg-homedir|look for GPG keys in DIR (default: GnuPG''s own)'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--dry-run|say what would change, and change nothing'
            '--out|write the signed targets.json to FILE instead of uploading it, for others to sign'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
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
            '--tag|the TAG that the devices follow (required, but with --wave)'
            '--dry-run|say what would be written, and write nothing'
            '--jobs|move N objects at once (default: as suits the machine)'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--prod|take the target from the production targets of the tag, for production devices'
            '--wave|take the target from the active wave NAME, for production devices that follow its tag'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--from|without a backend: take the commit from the repo in a folder, at an https:// or in an s3:// URL'
            '--tuf|with --from: the TUF repository that --keys sign lies in DIR, which outlives the bundles'
            '--init|with --from: make that TUF repository, with its first root'
            '--ref|with --from: a target that is not there yet is made of REF (default: the only one, or the hardware''s)'
            '--hardware-id|with --from: the new target is for hardware ID; repeat for more (default: NAME without its version)'
            '--app|with --from: the new target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
            '--s3-endpoint|the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon''s)'
            '--ostree-repo-source|take the objects from the local repo in DIR'
            '--no-apps|leave the target''s apps out'
            '--apps-source|take the apps from DIR: a store of composectl''s, or another bundle'
            '--sbom|carry the SBOM in FILE along, as it is'
            '--with-sboms|carry the SBOMs along that the backend has of the target'
            '--delta-from|put static deltas from VERSIONS into the bundle: numbers of earlier targets for the same hardware, or commits in hex; repeat or separate by commas'
            '--delta-only|put no objects beside the deltas: only otactl on devices that have one of these versions takes the bundle'
            '--tuf-only|renew the metadata only'
            '--allow-multiple-targets|add to a bundle that holds other targets'
            '--archive|make one FILE of the bundle as well, or alone where no DST is given'
            '--upload|then send the bundle to the update-server of CONTEXT (otactl login --update-server)'
            '--as|with --upload: call the update NAME there (default: the target''s name)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update sign' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the one targets key in FILE (an archive or a plain key) or in a token (a pkcs11: URI)'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--export|write the metadata, without the content, to FILE for others to sign'
            '--import|take over the signatures in FILE, which was exported from this bundle'
            '--root|trust the root FILE; several go from the oldest to the newest'
            '--no-verify|do not read the content; the metadata is verified all the same'
            '--yes|do not ask'
            '--jobs|read N objects at once (default: as suits the machine)'
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
            '--base|apply static deltas to the commits of the repo in DIR, to see what they make'
            '--as-device|say what the device would do of which PATH is the sota.toml, or a copy of /var/sota or of its root'
            '--now|judge expiry at TIME (RFC 3339) and not by the clock'
            '--jobs|read N objects at once (default: as suits the machine)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update add' = @(
            '--help|explain the command and do nothing'
            '--tag|the TAG that the devices follow (required, but with --wave)'
            '--dry-run|say what would be written, and write nothing'
            '--jobs|move N objects at once (default: as suits the machine)'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--prod|take the target from the production targets of the tag, for production devices'
            '--wave|take the target from the active wave NAME, for production devices that follow its tag'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--from|without a backend: take the commit from the repo in a folder, at an https:// or in an s3:// URL'
            '--tuf|with --from: the TUF repository that --keys sign lies in DIR, which outlives the bundles'
            '--init|with --from: make that TUF repository, with its first root'
            '--ref|with --from: a target that is not there yet is made of REF (default: the only one, or the hardware''s)'
            '--hardware-id|with --from: the new target is for hardware ID; repeat for more (default: NAME without its version)'
            '--app|with --from: the new target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
            '--s3-endpoint|the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon''s)'
            '--ostree-repo-source|take the objects from the local repo in DIR'
            '--no-apps|leave the target''s apps out'
            '--apps-source|take the apps from DIR: a store of composectl''s, or another bundle'
            '--sbom|carry the SBOM in FILE along, as it is'
            '--with-sboms|carry the SBOMs along that the backend has of the target'
            '--delta-from|put static deltas from VERSIONS into the bundle: numbers of earlier targets for the same hardware, or commits in hex; repeat or separate by commas'
            '--delta-only|put no objects beside the deltas: only otactl on devices that have one of these versions takes the bundle'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update remove' = @(
            '--help|explain the command and do nothing'
            '--tag|the TAG that the devices follow (required, but with --wave)'
            '--dry-run|say what would be written, and write nothing'
            '--jobs|move N objects at once (default: as suits the machine)'
            '--credentials|take backend, root of trust and signing key from the credentials.zip in FILE (default: SOTA_PACKED_CREDENTIALS, unless a context or --url is named)'
            '--config|read contexts from FILE (default: ~/.config/otactl/config.yaml)'
            '--context|use the context NAME (default: the active one)'
            '--url|work with the backend at URL; its token comes from OTACTL_TOKEN'
            '--factory|work with the factory NAME'
            '--ca-file|trust the CAs in FILE as well as the system''s'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--prod|take the target from the production targets of the tag, for production devices'
            '--wave|take the target from the active wave NAME, for production devices that follow its tag'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--from|without a backend: take the commit from the repo in a folder, at an https:// or in an s3:// URL'
            '--tuf|with --from: the TUF repository that --keys sign lies in DIR, which outlives the bundles'
            '--init|with --from: make that TUF repository, with its first root'
            '--ref|with --from: a target that is not there yet is made of REF (default: the only one, or the hardware''s)'
            '--hardware-id|with --from: the new target is for hardware ID; repeat for more (default: NAME without its version)'
            '--app|with --from: the new target has the Compose App at URI, HOST/PATH/APP@sha256:DIGEST; repeat'
            '--s3-endpoint|the bucket is with the S3 server at URL (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon''s)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update prune' = @(
            '--help|explain the command and do nothing'
            '--dry-run|say what would go, and remove nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update upload' = @(
            '--help|explain the command and do nothing'
            '--as|call the update NAME there (default: the name of the last target)'
            '--config|use the context file at PATH'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update pack' = @(
            '--help|explain the command and do nothing'
            '--keys|sign the index with the one targets key in FILE (an archive or a plain key) or in a token (a pkcs11: URI)'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl targets offline-update unpack' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl waves' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl waves init' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--expires-in-days|what is signed expires in DAYS'
            '--expires-at|what is signed expires at TIME, such as 2027-01-31T00:00:00Z; goes before --expires-in-days'
            '--root|trust the root in FILE, of CI or production (default: the backend''s, by way of the one seen last)'
            '--prune|drop the production targets of these VERSIONS, separated by commas'
            '--source-tag|take only CI targets that carry TAG'
            '--dry-run|print the signed wave, and send nothing'
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
        'otactl waves sign' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--root|trust the root in FILE, of CI or production (default: the backend''s, by way of the one seen last)'
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
        'otactl waves rollout' = @(
            '--help|explain the command and do nothing'
            '--group|only devices in GROUP'
            '--limit|at most N devices, or N% of those that fit'
            '--uuids|only the devices in LIST, or in a file: @FILE; separated by , ; | or space'
            '--dry-run|say which devices it would be, and change nothing'
            '--print-uuids|list the devices'' UUIDs'
            '--print-names|list the devices'' names'
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
        'otactl waves status' = @(
            '--help|explain the command and do nothing'
            '--offline-threshold|a device not seen for HOURS is offline'
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
        'otactl waves list' = @(
            '--help|explain the command and do nothing'
            '--limit|show N waves (default: 20)'
            '--page|show page N of them'
            '--status|only waves that are '
            '--tag|only waves for TAG'
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
        'otactl waves show' = @(
            '--help|explain the command and do nothing'
            '--show-targets|show its targets.json as well'
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
        'otactl waves complete' = @(
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
        'otactl waves cancel' = @(
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
        'otactl keys' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl keys list' = @(
            '--help|explain the command and do nothing'
            '--root|say what the root in FILE lets each key sign'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl keys generate' = @(
            '--help|explain the command and do nothing'
            '--role|the role that the key is meant for'
            '--key-type|make a key of type '
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl keys passphrase' = @(
            '--help|explain the command and do nothing'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--new-passphrase-file|take the new passphrase from the first line of FILE (default: OTACTL_KEYS_NEW_PASSPHRASE, or asked for)'
            '--remove|leave the archive without a passphrase, as fioctl reads it'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl keys tuf' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl keys tuf show-root' = @(
            '--help|explain the command and do nothing'
            '--prod|show the production root'
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
        'otactl keys tuf download-roots' = @(
            '--help|explain the command and do nothing'
            '--prod|take the chain of the production root'
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
        'otactl keys tuf rotate-offline-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|the archive FILE of the root key (required)'
            '--targets-keys|the archive FILE of the targets key, where that is another one than --keys'
            '--first-time|take over the root key that the server made; it goes into the archive of --keys'
            '--key-type|make keys of TYPE: ed25519 or rsa'
            '--changelog|why the root changes: TEXT that goes into it'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
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
        'otactl keys tuf rotate-all-keys' = @(
            '--help|explain the command and do nothing'
            '--keys|the archive FILE of the root key (required)'
            '--targets-keys|the archive FILE of the targets key, where that is another one than --keys'
            '--first-time|take over the root key that the server made; it goes into the archive of --keys'
            '--key-type|make keys of TYPE: ed25519 or rsa'
            '--changelog|why the root changes: TEXT that goes into it'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
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
        'otactl keys tuf init' = @(
            '--help|explain the command and do nothing'
            '--changelog|why the root changes: TEXT that goes into it'
            '--first-time|take over the root key that the server made; it goes into the archive of --keys'
            '--keys|with --first-time: the archive FILE to make for the root key'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
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
        'otactl keys tuf add-offline-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|the archive FILE for the new key, or the pkcs11: URI of one in a token (required)'
            '--key-type|make keys of TYPE: ed25519 or rsa'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf delete-offline-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|delete the one active key of the role in the archive FILE'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--key-id|delete the key with this ID'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf rotate-online-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLES: targets, snapshot, timestamp; several with commas'
            '--keys|the archive FILE of the root key, for --sign'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--key-type|make keys of TYPE: ed25519 or rsa'
            '--sign|sign the new root with the root keys in --keys as well'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf set-threshold' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|the archive FILE of the root key, for --sign'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--sign|sign the new root with the root keys in --keys as well'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf sign' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf sign-prod-targets' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--tags|only the production targets of TAGS, several with commas'
            '--waves|only the waves NAMES, several with commas'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf review' = @(
            '--help|explain the command and do nothing'
            '--diff|show line by line how the new root differs from the one in force'
            '--raw|print the new root'
            '--prod|with --diff or --raw: show the production root'
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
        'otactl keys tuf apply' = @(
            '--help|explain the command and do nothing'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf cancel' = @(
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
        'otactl keys tuf updates' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl keys tuf updates init' = @(
            '--help|explain the command and do nothing'
            '--changelog|why the root changes: TEXT that goes into it'
            '--first-time|take over the root key that the server made; it goes into the archive of --keys'
            '--keys|with --first-time: the archive FILE to make for the root key'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
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
        'otactl keys tuf updates add-offline-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|the archive FILE for the new key, or the pkcs11: URI of one in a token (required)'
            '--key-type|make keys of TYPE: ed25519 or rsa'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates delete-offline-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|delete the one active key of the role in the archive FILE'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--key-id|delete the key with this ID'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates rotate-offline-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|the archive FILE of the root key'
            '--targets-keys|the archive FILE of the targets key, where that is another one than --keys'
            '--key-type|make keys of TYPE: ed25519 or rsa'
            '--sign|sign the new root with the root keys in --keys as well'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--no-passphrase|make a new archive without a passphrase: for build machines, and for fioctl, which reads no other'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates rotate-online-key' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLES: targets, snapshot, timestamp; several with commas'
            '--keys|the archive FILE of the root key, for --sign'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--key-type|make keys of TYPE: ed25519 or rsa'
            '--sign|sign the new root with the root keys in --keys as well'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates set-threshold' = @(
            '--help|explain the command and do nothing'
            '--role|the ROLE: root or targets'
            '--keys|the archive FILE of the root key, for --sign'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--sign|sign the new root with the root keys in --keys as well'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates sign' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates sign-prod-targets' = @(
            '--help|explain the command and do nothing'
            '--keys|sign with the key in FILE (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more'
            '--passphrase-file|take the passphrase of key archives from the first line of FILE (default: OTACTL_KEYS_PASSPHRASE, or asked for)'
            '--tags|only the production targets of TAGS, several with commas'
            '--waves|only the waves NAMES, several with commas'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates review' = @(
            '--help|explain the command and do nothing'
            '--diff|show line by line how the new root differs from the one in force'
            '--raw|print the new root'
            '--prod|with --diff or --raw: show the production root'
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
        'otactl keys tuf updates apply' = @(
            '--help|explain the command and do nothing'
            '--txid|the transaction''s ID, for all but the one who opened it'
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
        'otactl keys tuf updates cancel' = @(
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
        'otactl tuf' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl tuf verify' = @(
            '--help|explain the command and do nothing'
            '--root|begin with the root in FILE, which you trust'
            '--production|ask the backend for production metadata, that of --tag'
            '--tag|ask for the metadata of devices that follow TAG'
            '--now|judge expiry as at TIME, such as 2026-01-31T12:00:00Z (default: now)'
            '--cert|show a gateway the device certificate in FILE'
            '--cert-key|the key of --cert is in FILE'
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
        'otactl ostree cat' = @(
            '--help|explain the command and do nothing'
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
            '--union-identical|add the rest; fail if a file that exists is another; with --require-hardlinks'
            '--whiteouts|take files .wh.NAME for orders to remove NAME'
            '--process-passthrough-whiteouts|make overlay whiteouts out of files .ostree-wh.NAME'
            '--allow-noent|do nothing if the commit has no such --subpath'
            '--from-stdin|read many COMMIT and PATH, each ended by a zero byte, and lay them over each other'
            '--from-file|read them from FILE'
            '--require-hardlinks|fail where a file can be no hard link'
            '--force-copy|copy all files'
            '--bareuseronly-dirs|drop mode bits of folders outside of 0775'
            '--disable-cache|keep no inflated files in an archive repo'
            '--skip-list|FILE with paths to leave out, each on a line; a folder''s ends with a slash'
            '--fsync|BOOL, true or false: whether all is on the disk when it ends (default: false)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree checksum' = @(
            '--help|explain the command and do nothing'
            '--ignore-xattrs|leave extended attributes out'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree commit' = @(
            '--help|explain the command and do nothing'
            '--branch|move REF to the new commit'
            '--orphan|make a commit that no ref names'
            '--subject|one LINE about the commit'
            '--body|more TEXT about it'
            '--body-file|read the text from FILE'
            '--editor|write subject and text in an editor'
            '--parent|COMMIT before this one, or none (default: where the branch points)'
            '--timestamp|TIME of the commit: @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31 (default: SOURCE_DATE_EPOCH, or now)'
            '--add-metadata-string|add KEY=VALUE to the metadata; may be repeated'
            '--add-metadata|add KEY=VALUE, the value in GVariant text format; may be repeated'
            '--keep-metadata|take KEY and its value over from the parent; may be repeated'
            '--add-detached-metadata-string|add KEY=VALUE beside the commit, under no checksum; may be repeated'
            '--bind-ref|name REF too as one the commit is made for; may be repeated'
            '--no-bindings|don''t say which refs the commit is made for'
            '--bootable|say that the tree has a kernel, and which'
            '--generate-sizes|list the sizes of all objects in the metadata; only in an archive repo'
            '--skip-if-unchanged|make no commit when the parent has the same tree'
            '--table-output|say what was written, as KEY: VALUE lines'
            '--fsync|BOOL, true or false: whether what was written is on the disk when it ends'
            '--base|begin with the tree of COMMIT, as it is'
            '--tree|lay SOURCE over what is there: dir=DIR, tar=FILE (- for standard input), ref=COMMIT; prefix=PATH says where the next ones go; may be repeated'
            '--owner-uid|give all files to user UID'
            '--owner-gid|give all files to group GID'
            '--no-xattrs|leave extended attributes out'
            '--canonical-permissions|owner 0, no extended attributes, modes cut down to 0755'
            '--mode-ro-executables|take the write bits off executable files'
            '--statoverride|FILE with lines "MODE /path": bits to add in decimal, or with = before it to set'
            '--skip-list|FILE with paths to leave out'
            '--consume|remove what was committed from its folders'
            '--link-checkout-speedup|take owner, mode and attributes of hard links into the repo from there'
            '--devino-canonical|take hard links into the repo as they are there, unread'
            '--tar-autocreate-parents|make folders that an archive has something in but no entry for'
            '--tar-pathname-filter|REGEX,REPLACEMENT for paths in archives'
            '--gpg-sign|sign with the GPG key KEY-ID; may be repeated'
            '--gpg-homedir|look for GPG keys in DIR (default: GnuPG''s own)'
            '--sign|sign with the secret KEY, which others on this machine then see: prefer --sign-from-file; may be repeated'
            '--sign-from-file|sign with the secret keys in FILE; may be repeated'
            '--sign-type|ENGINE of the keys: ed25519 or spki'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree config' = @(
            '--help|explain the command and do nothing'
            '--group|the GROUP of the key, for one that has a dot in its name'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree create-usb' = @(
            '--help|explain the command and do nothing'
            '--destination-repo|use the repo DIR below MOUNT, with a link to it where ostree looks'
            '--commit|copy COMMIT instead of where the one ref stands'
            '--disable-fsync|leave it to the system when what came is on the disk'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree diff' = @(
            '--help|explain the command and do nothing'
            '--stats|print how many objects both commits have'
            '--fs-diff|print the differences, which --stats does not'
            '--no-xattrs|leave extended attributes of files in folders out'
            '--owner-uid|take user UID for the owner of files in folders'
            '--owner-gid|take group GID for that of files in folders'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree export' = @(
            '--help|explain the command and do nothing'
            '--no-xattrs|leave extended attributes out'
            '--subpath|write only what is below PATH'
            '--prefix|put PREFIX before each name, as it is'
            '--output|write to FILE instead of standard output'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree find-remotes' = @(
            '--help|explain the command and do nothing'
            '--finders|how to find remotes: NAMES, of which there is config'
            '--pull|pull what was found'
            '--mirror|with --pull, write refs as those of their collection'
            '--cache-dir|keep summaries in DIR instead of the repo'
            '--disable-fsync|leave it to the system when what came is on the disk'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree fsck' = @(
            '--help|explain the command and do nothing'
            '--quiet|don''t say what is looked at, only what came out'
            '--all|go on after the first problem'
            '--delete|remove corrupt objects, and mark the commits they were in as partial'
            '--verify-bindings|demand that commits name the refs that point at them'
            '--verify-back-refs|demand that the refs which commits name exist too'
            '--add-tombstones|leave a tombstone for each parent that is not there'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree gpg-sign' = @(
            '--help|explain the command and do nothing'
            '--delete|take the signatures of the keys away'
            '--gpg-homedir|look for keys in DIR (default: GnuPG''s own)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree init' = @(
            '--help|explain the command and do nothing'
            '--mode|store objects as MODE: archive, bare, bare-user or bare-user-only'
            '--collection-id|the refs of this repo are those of the collection ID, wherever they are mirrored'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree log' = @(
            '--help|explain the command and do nothing'
            '--raw|print commits as GVariants'
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
        'otactl ostree prune' = @(
            '--help|explain the command and do nothing'
            '--no-prune|only say what would go'
            '--refs-only|keep only commits that refs lead to'
            '--depth|keep N commits before each that a ref names; -1 is all'
            '--delete-commit|delete COMMIT, which no ref may name'
            '--keep-younger-than|let commits go that are older than DATE, but not what refs name'
            '--static-deltas-only|with --delete-commit, delete only the static deltas to it'
            '--retain-branch-depth|keep another number of commits of one branch: BRANCH=N'
            '--only-branch|let only commits of BRANCH go; may be given several times'
            '--commit-only|let commits go, and keep what they name'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree pull' = @(
            '--help|explain the command and do nothing'
            '--commit-metadata-only|bring commits without their trees'
            '--untrusted|verify files of a repo on this machine too; those of a server are always verified'
            '--bareuseronly-files|refuse files with modes that a repo of mode bare-user-only cannot keep'
            '--require-static-deltas|fail if there is no static delta'
            '--disable-static-deltas|bring objects one by one'
            '--depth|bring N commits before each one too; -1 is all there are'
            '--disable-verify-bindings|take a commit that was made for other refs'
            '--disable-fsync|leave it to the system when what came is on the disk'
            '--per-object-fsync|sync each file by itself, which stalls others less than one sync of the file system'
            '--cache-dir|keep summaries in DIR instead of the repo'
            '--mirror|write refs as they are in the remote; without a BRANCH all of them, and the summary'
            '--subpath|bring only this PATH of the tree; may be repeated'
            '--http-trusted|with a repo of mode archive, take files from a server as they come, unverified'
            '--dry-run|say what static deltas would bring, and bring nothing; needs --require-static-deltas'
            '--url|pull from this URL instead of the one in the config'
            '--http-header|send NAME=VALUE with each request; may be repeated'
            '--append-user-agent|add TEXT to the name that servers see'
            '--network-retries|try a request that failed N times more'
            '--disable-retry-on-network-errors|give up at the first failure'
            '--low-speed-limit-bytes|give up on a reply of less than N bytes a second'
            '--low-speed-time-seconds|how long it may be that slow, in SECONDS'
            '--max-outstanding-fetcher-requests|have N requests under way, at most 100'
            '--max-time|give up after TIME, such as 90m; what came is kept'
            '--localcache-repo|look for objects in the repo DIR first; may be repeated'
            '--timestamp-check|refuse a commit that is older than the one its ref stands at'
            '--timestamp-check-from-rev|refuse a commit that is older than REV'
            '--update-frequency|changes nothing, whatever its MS: progress is drawn as the terminal takes it'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree pull-local' = @(
            '--help|explain the command and do nothing'
            '--commit-metadata-only|bring commits without their trees'
            '--untrusted|verify files of a repo on this machine too; those of a server are always verified'
            '--bareuseronly-files|refuse files with modes that a repo of mode bare-user-only cannot keep'
            '--require-static-deltas|fail if there is no static delta'
            '--disable-static-deltas|bring objects one by one'
            '--depth|bring N commits before each one too; -1 is all there are'
            '--disable-verify-bindings|take a commit that was made for other refs'
            '--disable-fsync|leave it to the system when what came is on the disk'
            '--per-object-fsync|sync each file by itself, which stalls others less than one sync of the file system'
            '--remote|write refs as REMOTE:REF'
            '--gpg-verify|verify commits with the keys of the remote of --remote'
            '--gpg-verify-summary|verify the summary of SRC with the keys of the remote of --remote'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree refs' = @(
            '--help|explain the command and do nothing'
            '--list|print the names whole, with PREFIX'
            '--revision|print the commit beside each name'
            '--create|make REF point at the commit given as argument'
            '--alias|list refs that stand for others; with --create, make one for the ref given'
            '--collections|work on the refs of collections'
            '--force|with --create, move a ref that exists'
            '--delete|delete PREFIX and all refs below it'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote add' = @(
            '--help|explain the command and do nothing'
            '--set|write KEY=VALUE to the remote''s config; may be repeated'
            '--no-gpg-verify|ask for no GPG signature'
            '--no-sign-verify|ask for no signature of any kind'
            '--sign-verify|verify with ENGINE=inline:KEY or ENGINE=file:PATH; may be repeated'
            '--if-not-exists|leave a remote of that name as it is'
            '--force|replace a remote of that name'
            '--gpg-import|trust the GPG keys in FILE'
            '--custom-backend|the content does not come from a repo but through NAME'
            '--contenturl|fetch objects from URL'
            '--collection-id|the remote''s refs are those of the collection ID'
            '--sysroot|work on the repo of the sysroot at DIR, whatever --repo says'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote add-cookie' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote delete' = @(
            '--help|explain the command and do nothing'
            '--if-exists|do nothing if there is none'
            '--sysroot|work on the repo of the sysroot at DIR, whatever --repo says'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote delete-cookie' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote gpg-import' = @(
            '--help|explain the command and do nothing'
            '--keyring|take the keys from FILE; may be repeated'
            '--stdin|take the keys from standard input'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote gpg-list-keys' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote list' = @(
            '--help|explain the command and do nothing'
            '--show-urls|print their addresses too'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote list-cookies' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote refs' = @(
            '--help|explain the command and do nothing'
            '--cache-dir|keep the summary in DIR instead of the repo'
            '--revision|print where each ref stands'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote show-url' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree remote summary' = @(
            '--help|explain the command and do nothing'
            '--raw|show it in GVariant text format'
            '--list-metadata-keys|print the keys of its metadata'
            '--print-metadata-key|print the value of KEY'
            '--cache-dir|keep the summary in DIR instead of the repo'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree reset' = @(
            '--help|explain the command and do nothing'
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
        'otactl ostree serve' = @(
            '--help|explain the command and do nothing'
            '--addr|listen on HOST:PORT (default: 127.0.0.1 and a free port)'
            '--port|listen on port N of 127.0.0.1'
            '--port-file|write the port to FILE when ready; - is standard output'
            '--autoexit|end when the repo is deleted'
            '--log-file|log each request to FILE; - is standard output'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree show' = @(
            '--help|explain the command and do nothing'
            '--print-related|print related commits, of which there are none'
            '--print-variant-type|read a file as a GVariant of TYPE and print it'
            '--print-metadata-key|print only the value of the metadata KEY'
            '--print-detached-metadata-key|print only the value of the detached metadata KEY'
            '--print-hex|with either of these, print bytes in hex and without quotes'
            '--print-sizes|print how much a pull of the commit fetches, if the commit says it'
            '--list-metadata-keys|print only the keys of the metadata'
            '--list-detached-metadata-keys|print only the keys of the detached metadata'
            '--raw|print a commit, or the metadata of a directory, as a GVariant'
            '--gpg-homedir|take the GPG keys in DIR for trusted too, besides those of the remotes and the system'
            '--gpg-verify-remote|take the keys of remote NAME for trusted, and no others'
            '--no-byteswap|print numbers as they are stored, not as big-endian ones'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree sign' = @(
            '--help|explain the command and do nothing'
            '--verify|verify with the public keys given, or with those of the system'
            '--delete|take the signatures away that were made with the keys'
            '--sign-type|ENGINE of the keys: ed25519 or spki'
            '--keys-file|read keys from FILE: base64, one a line, or PEM for spki'
            '--keys-dir|look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in DIR (default: /etc/ostree and /usr/share/ostree)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta apply-offline' = @(
            '--help|explain the command and do nothing'
            '--sign-type|ENGINE of the keys: ed25519 or spki'
            '--keys-file|read public keys from FILE: base64, one a line, or PEM for spki'
            '--keys-dir|look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in DIR (default: /etc/ostree and /usr/share/ostree)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta delete' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta generate' = @(
            '--help|explain the command and do nothing'
            '--from|lead from REV'
            '--empty|lead from nothing'
            '--inline|put the parts into the superblock'
            '--to|lead to REV'
            '--disable-bsdiff|copy chunks of old files, and patch none byte by byte'
            '--if-not-exists|do nothing if there is one'
            '--set-endianness|write sizes in byte order ORDER: l or B (default: l)'
            '--swap-endianness|write sizes in the other byte order than this machine''s'
            '--min-fallback-size|leave files out that take more than MB megabytes and are like no old one; 0 is none (default: 4)'
            '--max-bsdiff-size|patch no files byte by byte that together with the old one take more than MB megabytes (default: 128)'
            '--max-chunk-size|make parts no larger than about MB megabytes, unpacked (default: 32)'
            '--filename|write the superblock to FILE, and parts beside it, instead of into the repo'
            '--sign|sign with the secret KEY, which others on this machine then see: prefer --keys-file; may be repeated'
            '--keys-file|sign with the secret keys in FILE'
            '--sign-type|ENGINE of the keys: ed25519 or spki'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta indexes' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta list' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta reindex' = @(
            '--help|explain the command and do nothing'
            '--to|only that of the commit REV'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta show' = @(
            '--help|explain the command and do nothing'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree static-delta verify' = @(
            '--help|explain the command and do nothing'
            '--sign-type|ENGINE of the keys: ed25519 or spki'
            '--keys-file|read public keys from FILE: base64, one a line, or PEM for spki'
            '--keys-dir|look for trusted.ENGINE, trusted.ENGINE.d and revoked.* in DIR (default: /etc/ostree and /usr/share/ostree)'
            '--output|how to print results'
            '--quiet|no progress, no warnings; errors only'
            '--verbose|log each step, as --log-level debug'
            '--log-level|least level that is logged (default: warn)'
        )
        'otactl ostree summary' = @(
            '--help|explain the command and do nothing'
            '--update|write it; signatures of the one before go away'
            '--add-metadata|add KEY=VALUE, the value in GVariant text format; may be repeated'
            '--view|show it'
            '--raw|show it in GVariant text format'
            '--list-metadata-keys|print the keys of its metadata'
            '--print-metadata-key|print the value of KEY'
            '--gpg-sign|sign with the GPG key KEY-ID; may be repeated'
            '--gpg-homedir|look for GPG keys in DIR (default: GnuPG''s own)'
            '--sign|sign with the secret KEY, which others on this machine then see: prefer --sign-from-file; may be repeated'
            '--sign-from-file|sign with the secret keys in FILE; may be repeated'
            '--sign-type|ENGINE of the keys: ed25519 or spki'
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
        'otactl login --url' = @()
        'otactl login --factory' = @()
        'otactl login -f' = @()
        'otactl login --oauth-url' = @()
        'otactl login --config' = @()
        'otactl login --ca-file' = @()
        'otactl logout --config' = @()
        'otactl context list --config' = @()
        'otactl context use --config' = @()
        'otactl context show --config' = @()
        'otactl context import --config' = @()
        'otactl context remove --config' = @()
        'otactl publish --repo' = @()
        'otactl publish -r' = @()
        'otactl publish --credentials' = @()
        'otactl publish -c' = @()
        'otactl publish --ref' = @()
        'otactl publish --jobs' = @()
        'otactl publish -j' = @()
        'otactl publish --hardware-id' = @()
        'otactl publish -m' = @()
        'otactl publish --tag' = @()
        'otactl publish -t' = @()
        'otactl publish --version' = @()
        'otactl publish --name' = @()
        'otactl publish --uri' = @()
        'otactl publish --app' = @()
        'otactl publish --custom' = @()
        'otactl publish --to' = @()
        'otactl publish --s3-endpoint' = @()
        'otactl publish --sign-by' = @()
        'otactl publish --gpg-homedir' = @()
        'otactl publish --deltas-from' = @()
        'otactl publish --limit-rate' = @()
        'otactl publish --keys' = @()
        'otactl publish -k' = @()
        'otactl publish --passphrase-file' = @()
        'otactl publish --expires-in-days' = @()
        'otactl publish -e' = @()
        'otactl publish --expires-days' = @()
        'otactl publish --expires-at' = @()
        'otactl publish --config' = @()
        'otactl publish --context' = @()
        'otactl publish --url' = @()
        'otactl publish --factory' = @()
        'otactl publish -f' = @()
        'otactl publish --ca-file' = @()
        'otactl publish check --repo' = @()
        'otactl publish check -r' = @()
        'otactl publish check --credentials' = @()
        'otactl publish check -c' = @()
        'otactl publish check --sample' = @()
        'otactl publish check --jobs' = @()
        'otactl publish check -j' = @()
        'otactl publish check --to' = @()
        'otactl publish check --s3-endpoint' = @()
        'otactl publish check --config' = @()
        'otactl publish check --context' = @()
        'otactl publish check --url' = @()
        'otactl publish check --factory' = @()
        'otactl publish check -f' = @()
        'otactl publish check --ca-file' = @()
        'otactl publish sync --from' = @()
        'otactl publish sync --from-credentials' = @()
        'otactl publish sync --from-context' = @()
        'otactl publish sync --credentials' = @()
        'otactl publish sync -c' = @()
        'otactl publish sync --depth' = @()
        'otactl publish sync --jobs' = @()
        'otactl publish sync -j' = @()
        'otactl publish sync --to' = @()
        'otactl publish sync --s3-endpoint' = @()
        'otactl publish sync --sign-by' = @()
        'otactl publish sync --gpg-homedir' = @()
        'otactl publish sync --config' = @()
        'otactl publish sync --context' = @()
        'otactl publish sync --url' = @()
        'otactl publish sync --factory' = @()
        'otactl publish sync -f' = @()
        'otactl publish sync --ca-file' = @()
        'otactl targets list --by-tag' = @()
        'otactl targets list --columns' = @()
        'otactl targets list --credentials' = @()
        'otactl targets list -c' = @()
        'otactl targets list --config' = @()
        'otactl targets list --context' = @()
        'otactl targets list --url' = @()
        'otactl targets list --factory' = @()
        'otactl targets list -f' = @()
        'otactl targets list --ca-file' = @()
        'otactl targets show --production-tag' = @()
        'otactl targets show --credentials' = @()
        'otactl targets show -c' = @()
        'otactl targets show --config' = @()
        'otactl targets show --context' = @()
        'otactl targets show --url' = @()
        'otactl targets show --factory' = @()
        'otactl targets show -f' = @()
        'otactl targets show --ca-file' = @()
        'otactl targets add --type' = @(
            'ostree'
            'app'
        )
        'otactl targets add --tags' = @()
        'otactl targets add --src-tag' = @()
        'otactl targets add --targets-creator' = @()
        'otactl targets add --keys' = @()
        'otactl targets add -k' = @()
        'otactl targets add --passphrase-file' = @()
        'otactl targets add --out' = @()
        'otactl targets add --expires-in-days' = @()
        'otactl targets add -e' = @()
        'otactl targets add --expires-days' = @()
        'otactl targets add --expires-at' = @()
        'otactl targets add --credentials' = @()
        'otactl targets add -c' = @()
        'otactl targets add --config' = @()
        'otactl targets add --context' = @()
        'otactl targets add --url' = @()
        'otactl targets add --factory' = @()
        'otactl targets add -f' = @()
        'otactl targets add --ca-file' = @()
        'otactl targets tag --tags' = @()
        'otactl targets tag --keys' = @()
        'otactl targets tag -k' = @()
        'otactl targets tag --passphrase-file' = @()
        'otactl targets tag --out' = @()
        'otactl targets tag --expires-in-days' = @()
        'otactl targets tag -e' = @()
        'otactl targets tag --expires-days' = @()
        'otactl targets tag --expires-at' = @()
        'otactl targets tag --credentials' = @()
        'otactl targets tag -c' = @()
        'otactl targets tag --config' = @()
        'otactl targets tag --context' = @()
        'otactl targets tag --url' = @()
        'otactl targets tag --factory' = @()
        'otactl targets tag -f' = @()
        'otactl targets tag --ca-file' = @()
        'otactl targets prune --keep-last' = @()
        'otactl targets prune --keys' = @()
        'otactl targets prune -k' = @()
        'otactl targets prune --passphrase-file' = @()
        'otactl targets prune --out' = @()
        'otactl targets prune --expires-in-days' = @()
        'otactl targets prune -e' = @()
        'otactl targets prune --expires-days' = @()
        'otactl targets prune --expires-at' = @()
        'otactl targets prune --credentials' = @()
        'otactl targets prune -c' = @()
        'otactl targets prune --config' = @()
        'otactl targets prune --context' = @()
        'otactl targets prune --url' = @()
        'otactl targets prune --factory' = @()
        'otactl targets prune -f' = @()
        'otactl targets prune --ca-file' = @()
        'otactl targets edit --keys' = @()
        'otactl targets edit -k' = @()
        'otactl targets edit --passphrase-file' = @()
        'otactl targets edit --out' = @()
        'otactl targets edit --expires-in-days' = @()
        'otactl targets edit -e' = @()
        'otactl targets edit --expires-days' = @()
        'otactl targets edit --expires-at' = @()
        'otactl targets edit --credentials' = @()
        'otactl targets edit -c' = @()
        'otactl targets edit --config' = @()
        'otactl targets edit --context' = @()
        'otactl targets edit --url' = @()
        'otactl targets edit --factory' = @()
        'otactl targets edit -f' = @()
        'otactl targets edit --ca-file' = @()
        'otactl targets sign --keys' = @()
        'otactl targets sign -k' = @()
        'otactl targets sign --passphrase-file' = @()
        'otactl targets sign --credentials' = @()
        'otactl targets sign -c' = @()
        'otactl targets sign --config' = @()
        'otactl targets sign --context' = @()
        'otactl targets sign --url' = @()
        'otactl targets sign --factory' = @()
        'otactl targets sign -f' = @()
        'otactl targets sign --ca-file' = @()
        'otactl targets upload --credentials' = @()
        'otactl targets upload -c' = @()
        'otactl targets upload --config' = @()
        'otactl targets upload --context' = @()
        'otactl targets upload --url' = @()
        'otactl targets upload --factory' = @()
        'otactl targets upload -f' = @()
        'otactl targets upload --ca-file' = @()
        'otactl targets static-deltas --by-tag' = @()
        'otactl targets static-deltas --hw-id' = @()
        'otactl targets static-deltas --repo' = @()
        'otactl targets static-deltas -r' = @()
        'otactl targets static-deltas --to' = @()
        'otactl targets static-deltas --s3-endpoint' = @()
        'otactl targets static-deltas --sign-by' = @()
        'otactl targets static-deltas --gpg-homedir' = @()
        'otactl targets static-deltas --keys' = @()
        'otactl targets static-deltas -k' = @()
        'otactl targets static-deltas --passphrase-file' = @()
        'otactl targets static-deltas --out' = @()
        'otactl targets static-deltas --expires-in-days' = @()
        'otactl targets static-deltas -e' = @()
        'otactl targets static-deltas --expires-days' = @()
        'otactl targets static-deltas --expires-at' = @()
        'otactl targets static-deltas --credentials' = @()
        'otactl targets static-deltas -c' = @()
        'otactl targets static-deltas --config' = @()
        'otactl targets static-deltas --context' = @()
        'otactl targets static-deltas --url' = @()
        'otactl targets static-deltas --factory' = @()
        'otactl targets static-deltas -f' = @()
        'otactl targets static-deltas --ca-file' = @()
        'otactl targets offline-update --tag' = @()
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
        'otactl targets offline-update --expires-in-days' = @()
        'otactl targets offline-update -e' = @()
        'otactl targets offline-update --expires-days' = @()
        'otactl targets offline-update --expires-at' = @()
        'otactl targets offline-update --wave' = @()
        'otactl targets offline-update --keys' = @()
        'otactl targets offline-update -k' = @()
        'otactl targets offline-update --passphrase-file' = @()
        'otactl targets offline-update --from' = @()
        'otactl targets offline-update --tuf' = @()
        'otactl targets offline-update --ref' = @()
        'otactl targets offline-update --hardware-id' = @()
        'otactl targets offline-update --app' = @()
        'otactl targets offline-update --s3-endpoint' = @()
        'otactl targets offline-update --ostree-repo-source' = @()
        'otactl targets offline-update --apps-source' = @()
        'otactl targets offline-update --sbom' = @()
        'otactl targets offline-update --delta-from' = @()
        'otactl targets offline-update --archive' = @()
        'otactl targets offline-update --upload' = @()
        'otactl targets offline-update --as' = @()
        'otactl targets offline-update sign --keys' = @()
        'otactl targets offline-update sign -k' = @()
        'otactl targets offline-update sign --passphrase-file' = @()
        'otactl targets offline-update sign --export' = @()
        'otactl targets offline-update sign --import' = @()
        'otactl targets offline-update sign --root' = @()
        'otactl targets offline-update sign --jobs' = @()
        'otactl targets offline-update sign -j' = @()
        'otactl targets offline-update verify --root' = @()
        'otactl targets offline-update verify --tag' = @()
        'otactl targets offline-update verify --hardware-id' = @()
        'otactl targets offline-update verify --type' = @(
            'ci'
            'prod'
        )
        'otactl targets offline-update verify --base' = @()
        'otactl targets offline-update verify --as-device' = @()
        'otactl targets offline-update verify --now' = @()
        'otactl targets offline-update verify --jobs' = @()
        'otactl targets offline-update verify -j' = @()
        'otactl targets offline-update add --tag' = @()
        'otactl targets offline-update add --jobs' = @()
        'otactl targets offline-update add -j' = @()
        'otactl targets offline-update add --credentials' = @()
        'otactl targets offline-update add -c' = @()
        'otactl targets offline-update add --config' = @()
        'otactl targets offline-update add --context' = @()
        'otactl targets offline-update add --url' = @()
        'otactl targets offline-update add --factory' = @()
        'otactl targets offline-update add -f' = @()
        'otactl targets offline-update add --ca-file' = @()
        'otactl targets offline-update add --expires-in-days' = @()
        'otactl targets offline-update add -e' = @()
        'otactl targets offline-update add --expires-days' = @()
        'otactl targets offline-update add --expires-at' = @()
        'otactl targets offline-update add --wave' = @()
        'otactl targets offline-update add --keys' = @()
        'otactl targets offline-update add -k' = @()
        'otactl targets offline-update add --passphrase-file' = @()
        'otactl targets offline-update add --from' = @()
        'otactl targets offline-update add --tuf' = @()
        'otactl targets offline-update add --ref' = @()
        'otactl targets offline-update add --hardware-id' = @()
        'otactl targets offline-update add --app' = @()
        'otactl targets offline-update add --s3-endpoint' = @()
        'otactl targets offline-update add --ostree-repo-source' = @()
        'otactl targets offline-update add --apps-source' = @()
        'otactl targets offline-update add --sbom' = @()
        'otactl targets offline-update add --delta-from' = @()
        'otactl targets offline-update remove --tag' = @()
        'otactl targets offline-update remove --jobs' = @()
        'otactl targets offline-update remove -j' = @()
        'otactl targets offline-update remove --credentials' = @()
        'otactl targets offline-update remove -c' = @()
        'otactl targets offline-update remove --config' = @()
        'otactl targets offline-update remove --context' = @()
        'otactl targets offline-update remove --url' = @()
        'otactl targets offline-update remove --factory' = @()
        'otactl targets offline-update remove -f' = @()
        'otactl targets offline-update remove --ca-file' = @()
        'otactl targets offline-update remove --expires-in-days' = @()
        'otactl targets offline-update remove -e' = @()
        'otactl targets offline-update remove --expires-days' = @()
        'otactl targets offline-update remove --expires-at' = @()
        'otactl targets offline-update remove --wave' = @()
        'otactl targets offline-update remove --keys' = @()
        'otactl targets offline-update remove -k' = @()
        'otactl targets offline-update remove --passphrase-file' = @()
        'otactl targets offline-update remove --from' = @()
        'otactl targets offline-update remove --tuf' = @()
        'otactl targets offline-update remove --ref' = @()
        'otactl targets offline-update remove --hardware-id' = @()
        'otactl targets offline-update remove --app' = @()
        'otactl targets offline-update remove --s3-endpoint' = @()
        'otactl targets offline-update upload --as' = @()
        'otactl targets offline-update upload --config' = @()
        'otactl targets offline-update pack --keys' = @()
        'otactl targets offline-update pack -k' = @()
        'otactl targets offline-update pack --passphrase-file' = @()
        'otactl waves init --keys' = @()
        'otactl waves init -k' = @()
        'otactl waves init --passphrase-file' = @()
        'otactl waves init --expires-in-days' = @()
        'otactl waves init -e' = @()
        'otactl waves init --expires-days' = @()
        'otactl waves init --expires-at' = @()
        'otactl waves init --root' = @()
        'otactl waves init --prune' = @()
        'otactl waves init --source-tag' = @()
        'otactl waves init --config' = @()
        'otactl waves init --context' = @()
        'otactl waves init --url' = @()
        'otactl waves init --factory' = @()
        'otactl waves init -f' = @()
        'otactl waves init --ca-file' = @()
        'otactl waves sign --keys' = @()
        'otactl waves sign -k' = @()
        'otactl waves sign --passphrase-file' = @()
        'otactl waves sign --root' = @()
        'otactl waves sign --config' = @()
        'otactl waves sign --context' = @()
        'otactl waves sign --url' = @()
        'otactl waves sign --factory' = @()
        'otactl waves sign -f' = @()
        'otactl waves sign --ca-file' = @()
        'otactl waves rollout --group' = @()
        'otactl waves rollout -g' = @()
        'otactl waves rollout --limit' = @()
        'otactl waves rollout -l' = @()
        'otactl waves rollout --uuids' = @()
        'otactl waves rollout --config' = @()
        'otactl waves rollout --context' = @()
        'otactl waves rollout --url' = @()
        'otactl waves rollout --factory' = @()
        'otactl waves rollout -f' = @()
        'otactl waves rollout --ca-file' = @()
        'otactl waves status --offline-threshold' = @()
        'otactl waves status --config' = @()
        'otactl waves status --context' = @()
        'otactl waves status --url' = @()
        'otactl waves status --factory' = @()
        'otactl waves status -f' = @()
        'otactl waves status --ca-file' = @()
        'otactl waves list --limit' = @()
        'otactl waves list -n' = @()
        'otactl waves list --page' = @()
        'otactl waves list -p' = @()
        'otactl waves list --status' = @(
            'active'
            'complete'
            'canceled'
        )
        'otactl waves list --tag' = @()
        'otactl waves list --config' = @()
        'otactl waves list --context' = @()
        'otactl waves list --url' = @()
        'otactl waves list --factory' = @()
        'otactl waves list -f' = @()
        'otactl waves list --ca-file' = @()
        'otactl waves show --config' = @()
        'otactl waves show --context' = @()
        'otactl waves show --url' = @()
        'otactl waves show --factory' = @()
        'otactl waves show -f' = @()
        'otactl waves show --ca-file' = @()
        'otactl waves complete --config' = @()
        'otactl waves complete --context' = @()
        'otactl waves complete --url' = @()
        'otactl waves complete --factory' = @()
        'otactl waves complete -f' = @()
        'otactl waves complete --ca-file' = @()
        'otactl waves cancel --config' = @()
        'otactl waves cancel --context' = @()
        'otactl waves cancel --url' = @()
        'otactl waves cancel --factory' = @()
        'otactl waves cancel -f' = @()
        'otactl waves cancel --ca-file' = @()
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
        'otactl keys list --root' = @()
        'otactl keys list --passphrase-file' = @()
        'otactl keys generate --role' = @(
            'root'
            'targets'
            'snapshot'
            'timestamp'
        )
        'otactl keys generate --key-type' = @(
            'ed25519'
            'rsa'
        )
        'otactl keys generate -y' = @(
            'ed25519'
            'rsa'
        )
        'otactl keys generate --passphrase-file' = @()
        'otactl keys passphrase --passphrase-file' = @()
        'otactl keys passphrase --new-passphrase-file' = @()
        'otactl keys tuf show-root --config' = @()
        'otactl keys tuf show-root --context' = @()
        'otactl keys tuf show-root --url' = @()
        'otactl keys tuf show-root --factory' = @()
        'otactl keys tuf show-root -f' = @()
        'otactl keys tuf show-root --ca-file' = @()
        'otactl keys tuf download-roots --config' = @()
        'otactl keys tuf download-roots --context' = @()
        'otactl keys tuf download-roots --url' = @()
        'otactl keys tuf download-roots --factory' = @()
        'otactl keys tuf download-roots -f' = @()
        'otactl keys tuf download-roots --ca-file' = @()
        'otactl keys tuf rotate-offline-key --role' = @()
        'otactl keys tuf rotate-offline-key -r' = @()
        'otactl keys tuf rotate-offline-key --keys' = @()
        'otactl keys tuf rotate-offline-key -k' = @()
        'otactl keys tuf rotate-offline-key --targets-keys' = @()
        'otactl keys tuf rotate-offline-key --key-type' = @()
        'otactl keys tuf rotate-offline-key -y' = @()
        'otactl keys tuf rotate-offline-key --changelog' = @()
        'otactl keys tuf rotate-offline-key -m' = @()
        'otactl keys tuf rotate-offline-key --passphrase-file' = @()
        'otactl keys tuf rotate-offline-key --config' = @()
        'otactl keys tuf rotate-offline-key --context' = @()
        'otactl keys tuf rotate-offline-key --url' = @()
        'otactl keys tuf rotate-offline-key --factory' = @()
        'otactl keys tuf rotate-offline-key -f' = @()
        'otactl keys tuf rotate-offline-key --ca-file' = @()
        'otactl keys tuf rotate-all-keys --keys' = @()
        'otactl keys tuf rotate-all-keys -k' = @()
        'otactl keys tuf rotate-all-keys --targets-keys' = @()
        'otactl keys tuf rotate-all-keys --key-type' = @()
        'otactl keys tuf rotate-all-keys -y' = @()
        'otactl keys tuf rotate-all-keys --changelog' = @()
        'otactl keys tuf rotate-all-keys -m' = @()
        'otactl keys tuf rotate-all-keys --passphrase-file' = @()
        'otactl keys tuf rotate-all-keys --config' = @()
        'otactl keys tuf rotate-all-keys --context' = @()
        'otactl keys tuf rotate-all-keys --url' = @()
        'otactl keys tuf rotate-all-keys --factory' = @()
        'otactl keys tuf rotate-all-keys -f' = @()
        'otactl keys tuf rotate-all-keys --ca-file' = @()
        'otactl keys tuf init --changelog' = @()
        'otactl keys tuf init -m' = @()
        'otactl keys tuf init --keys' = @()
        'otactl keys tuf init -k' = @()
        'otactl keys tuf init --passphrase-file' = @()
        'otactl keys tuf init --config' = @()
        'otactl keys tuf init --context' = @()
        'otactl keys tuf init --url' = @()
        'otactl keys tuf init --factory' = @()
        'otactl keys tuf init -f' = @()
        'otactl keys tuf init --ca-file' = @()
        'otactl keys tuf add-offline-key --role' = @()
        'otactl keys tuf add-offline-key -r' = @()
        'otactl keys tuf add-offline-key --keys' = @()
        'otactl keys tuf add-offline-key -k' = @()
        'otactl keys tuf add-offline-key --key-type' = @()
        'otactl keys tuf add-offline-key -y' = @()
        'otactl keys tuf add-offline-key --passphrase-file' = @()
        'otactl keys tuf add-offline-key --txid' = @()
        'otactl keys tuf add-offline-key -x' = @()
        'otactl keys tuf add-offline-key --config' = @()
        'otactl keys tuf add-offline-key --context' = @()
        'otactl keys tuf add-offline-key --url' = @()
        'otactl keys tuf add-offline-key --factory' = @()
        'otactl keys tuf add-offline-key -f' = @()
        'otactl keys tuf add-offline-key --ca-file' = @()
        'otactl keys tuf delete-offline-key --role' = @()
        'otactl keys tuf delete-offline-key -r' = @()
        'otactl keys tuf delete-offline-key --keys' = @()
        'otactl keys tuf delete-offline-key -k' = @()
        'otactl keys tuf delete-offline-key --passphrase-file' = @()
        'otactl keys tuf delete-offline-key --key-id' = @()
        'otactl keys tuf delete-offline-key -i' = @()
        'otactl keys tuf delete-offline-key --txid' = @()
        'otactl keys tuf delete-offline-key -x' = @()
        'otactl keys tuf delete-offline-key --config' = @()
        'otactl keys tuf delete-offline-key --context' = @()
        'otactl keys tuf delete-offline-key --url' = @()
        'otactl keys tuf delete-offline-key --factory' = @()
        'otactl keys tuf delete-offline-key -f' = @()
        'otactl keys tuf delete-offline-key --ca-file' = @()
        'otactl keys tuf rotate-online-key --role' = @()
        'otactl keys tuf rotate-online-key -r' = @()
        'otactl keys tuf rotate-online-key --keys' = @()
        'otactl keys tuf rotate-online-key -k' = @()
        'otactl keys tuf rotate-online-key --passphrase-file' = @()
        'otactl keys tuf rotate-online-key --key-type' = @()
        'otactl keys tuf rotate-online-key -y' = @()
        'otactl keys tuf rotate-online-key --txid' = @()
        'otactl keys tuf rotate-online-key -x' = @()
        'otactl keys tuf rotate-online-key --config' = @()
        'otactl keys tuf rotate-online-key --context' = @()
        'otactl keys tuf rotate-online-key --url' = @()
        'otactl keys tuf rotate-online-key --factory' = @()
        'otactl keys tuf rotate-online-key -f' = @()
        'otactl keys tuf rotate-online-key --ca-file' = @()
        'otactl keys tuf set-threshold --role' = @()
        'otactl keys tuf set-threshold -r' = @()
        'otactl keys tuf set-threshold --keys' = @()
        'otactl keys tuf set-threshold -k' = @()
        'otactl keys tuf set-threshold --passphrase-file' = @()
        'otactl keys tuf set-threshold --txid' = @()
        'otactl keys tuf set-threshold -x' = @()
        'otactl keys tuf set-threshold --config' = @()
        'otactl keys tuf set-threshold --context' = @()
        'otactl keys tuf set-threshold --url' = @()
        'otactl keys tuf set-threshold --factory' = @()
        'otactl keys tuf set-threshold -f' = @()
        'otactl keys tuf set-threshold --ca-file' = @()
        'otactl keys tuf sign --keys' = @()
        'otactl keys tuf sign -k' = @()
        'otactl keys tuf sign --passphrase-file' = @()
        'otactl keys tuf sign --txid' = @()
        'otactl keys tuf sign -x' = @()
        'otactl keys tuf sign --config' = @()
        'otactl keys tuf sign --context' = @()
        'otactl keys tuf sign --url' = @()
        'otactl keys tuf sign --factory' = @()
        'otactl keys tuf sign -f' = @()
        'otactl keys tuf sign --ca-file' = @()
        'otactl keys tuf sign-prod-targets --keys' = @()
        'otactl keys tuf sign-prod-targets -k' = @()
        'otactl keys tuf sign-prod-targets --passphrase-file' = @()
        'otactl keys tuf sign-prod-targets --tags' = @()
        'otactl keys tuf sign-prod-targets --waves' = @()
        'otactl keys tuf sign-prod-targets --txid' = @()
        'otactl keys tuf sign-prod-targets -x' = @()
        'otactl keys tuf sign-prod-targets --config' = @()
        'otactl keys tuf sign-prod-targets --context' = @()
        'otactl keys tuf sign-prod-targets --url' = @()
        'otactl keys tuf sign-prod-targets --factory' = @()
        'otactl keys tuf sign-prod-targets -f' = @()
        'otactl keys tuf sign-prod-targets --ca-file' = @()
        'otactl keys tuf review --config' = @()
        'otactl keys tuf review --context' = @()
        'otactl keys tuf review --url' = @()
        'otactl keys tuf review --factory' = @()
        'otactl keys tuf review -f' = @()
        'otactl keys tuf review --ca-file' = @()
        'otactl keys tuf apply --txid' = @()
        'otactl keys tuf apply -x' = @()
        'otactl keys tuf apply --config' = @()
        'otactl keys tuf apply --context' = @()
        'otactl keys tuf apply --url' = @()
        'otactl keys tuf apply --factory' = @()
        'otactl keys tuf apply -f' = @()
        'otactl keys tuf apply --ca-file' = @()
        'otactl keys tuf cancel --config' = @()
        'otactl keys tuf cancel --context' = @()
        'otactl keys tuf cancel --url' = @()
        'otactl keys tuf cancel --factory' = @()
        'otactl keys tuf cancel -f' = @()
        'otactl keys tuf cancel --ca-file' = @()
        'otactl keys tuf updates init --changelog' = @()
        'otactl keys tuf updates init -m' = @()
        'otactl keys tuf updates init --keys' = @()
        'otactl keys tuf updates init -k' = @()
        'otactl keys tuf updates init --passphrase-file' = @()
        'otactl keys tuf updates init --config' = @()
        'otactl keys tuf updates init --context' = @()
        'otactl keys tuf updates init --url' = @()
        'otactl keys tuf updates init --factory' = @()
        'otactl keys tuf updates init -f' = @()
        'otactl keys tuf updates init --ca-file' = @()
        'otactl keys tuf updates add-offline-key --role' = @()
        'otactl keys tuf updates add-offline-key -r' = @()
        'otactl keys tuf updates add-offline-key --keys' = @()
        'otactl keys tuf updates add-offline-key -k' = @()
        'otactl keys tuf updates add-offline-key --key-type' = @()
        'otactl keys tuf updates add-offline-key -y' = @()
        'otactl keys tuf updates add-offline-key --passphrase-file' = @()
        'otactl keys tuf updates add-offline-key --txid' = @()
        'otactl keys tuf updates add-offline-key -x' = @()
        'otactl keys tuf updates add-offline-key --config' = @()
        'otactl keys tuf updates add-offline-key --context' = @()
        'otactl keys tuf updates add-offline-key --url' = @()
        'otactl keys tuf updates add-offline-key --factory' = @()
        'otactl keys tuf updates add-offline-key -f' = @()
        'otactl keys tuf updates add-offline-key --ca-file' = @()
        'otactl keys tuf updates delete-offline-key --role' = @()
        'otactl keys tuf updates delete-offline-key -r' = @()
        'otactl keys tuf updates delete-offline-key --keys' = @()
        'otactl keys tuf updates delete-offline-key -k' = @()
        'otactl keys tuf updates delete-offline-key --passphrase-file' = @()
        'otactl keys tuf updates delete-offline-key --key-id' = @()
        'otactl keys tuf updates delete-offline-key -i' = @()
        'otactl keys tuf updates delete-offline-key --txid' = @()
        'otactl keys tuf updates delete-offline-key -x' = @()
        'otactl keys tuf updates delete-offline-key --config' = @()
        'otactl keys tuf updates delete-offline-key --context' = @()
        'otactl keys tuf updates delete-offline-key --url' = @()
        'otactl keys tuf updates delete-offline-key --factory' = @()
        'otactl keys tuf updates delete-offline-key -f' = @()
        'otactl keys tuf updates delete-offline-key --ca-file' = @()
        'otactl keys tuf updates rotate-offline-key --role' = @()
        'otactl keys tuf updates rotate-offline-key -r' = @()
        'otactl keys tuf updates rotate-offline-key --keys' = @()
        'otactl keys tuf updates rotate-offline-key -k' = @()
        'otactl keys tuf updates rotate-offline-key --targets-keys' = @()
        'otactl keys tuf updates rotate-offline-key --key-type' = @()
        'otactl keys tuf updates rotate-offline-key -y' = @()
        'otactl keys tuf updates rotate-offline-key --passphrase-file' = @()
        'otactl keys tuf updates rotate-offline-key --txid' = @()
        'otactl keys tuf updates rotate-offline-key -x' = @()
        'otactl keys tuf updates rotate-offline-key --config' = @()
        'otactl keys tuf updates rotate-offline-key --context' = @()
        'otactl keys tuf updates rotate-offline-key --url' = @()
        'otactl keys tuf updates rotate-offline-key --factory' = @()
        'otactl keys tuf updates rotate-offline-key -f' = @()
        'otactl keys tuf updates rotate-offline-key --ca-file' = @()
        'otactl keys tuf updates rotate-online-key --role' = @()
        'otactl keys tuf updates rotate-online-key -r' = @()
        'otactl keys tuf updates rotate-online-key --keys' = @()
        'otactl keys tuf updates rotate-online-key -k' = @()
        'otactl keys tuf updates rotate-online-key --passphrase-file' = @()
        'otactl keys tuf updates rotate-online-key --key-type' = @()
        'otactl keys tuf updates rotate-online-key -y' = @()
        'otactl keys tuf updates rotate-online-key --txid' = @()
        'otactl keys tuf updates rotate-online-key -x' = @()
        'otactl keys tuf updates rotate-online-key --config' = @()
        'otactl keys tuf updates rotate-online-key --context' = @()
        'otactl keys tuf updates rotate-online-key --url' = @()
        'otactl keys tuf updates rotate-online-key --factory' = @()
        'otactl keys tuf updates rotate-online-key -f' = @()
        'otactl keys tuf updates rotate-online-key --ca-file' = @()
        'otactl keys tuf updates set-threshold --role' = @()
        'otactl keys tuf updates set-threshold -r' = @()
        'otactl keys tuf updates set-threshold --keys' = @()
        'otactl keys tuf updates set-threshold -k' = @()
        'otactl keys tuf updates set-threshold --passphrase-file' = @()
        'otactl keys tuf updates set-threshold --txid' = @()
        'otactl keys tuf updates set-threshold -x' = @()
        'otactl keys tuf updates set-threshold --config' = @()
        'otactl keys tuf updates set-threshold --context' = @()
        'otactl keys tuf updates set-threshold --url' = @()
        'otactl keys tuf updates set-threshold --factory' = @()
        'otactl keys tuf updates set-threshold -f' = @()
        'otactl keys tuf updates set-threshold --ca-file' = @()
        'otactl keys tuf updates sign --keys' = @()
        'otactl keys tuf updates sign -k' = @()
        'otactl keys tuf updates sign --passphrase-file' = @()
        'otactl keys tuf updates sign --txid' = @()
        'otactl keys tuf updates sign -x' = @()
        'otactl keys tuf updates sign --config' = @()
        'otactl keys tuf updates sign --context' = @()
        'otactl keys tuf updates sign --url' = @()
        'otactl keys tuf updates sign --factory' = @()
        'otactl keys tuf updates sign -f' = @()
        'otactl keys tuf updates sign --ca-file' = @()
        'otactl keys tuf updates sign-prod-targets --keys' = @()
        'otactl keys tuf updates sign-prod-targets -k' = @()
        'otactl keys tuf updates sign-prod-targets --passphrase-file' = @()
        'otactl keys tuf updates sign-prod-targets --tags' = @()
        'otactl keys tuf updates sign-prod-targets --waves' = @()
        'otactl keys tuf updates sign-prod-targets --txid' = @()
        'otactl keys tuf updates sign-prod-targets -x' = @()
        'otactl keys tuf updates sign-prod-targets --config' = @()
        'otactl keys tuf updates sign-prod-targets --context' = @()
        'otactl keys tuf updates sign-prod-targets --url' = @()
        'otactl keys tuf updates sign-prod-targets --factory' = @()
        'otactl keys tuf updates sign-prod-targets -f' = @()
        'otactl keys tuf updates sign-prod-targets --ca-file' = @()
        'otactl keys tuf updates review --config' = @()
        'otactl keys tuf updates review --context' = @()
        'otactl keys tuf updates review --url' = @()
        'otactl keys tuf updates review --factory' = @()
        'otactl keys tuf updates review -f' = @()
        'otactl keys tuf updates review --ca-file' = @()
        'otactl keys tuf updates apply --txid' = @()
        'otactl keys tuf updates apply -x' = @()
        'otactl keys tuf updates apply --config' = @()
        'otactl keys tuf updates apply --context' = @()
        'otactl keys tuf updates apply --url' = @()
        'otactl keys tuf updates apply --factory' = @()
        'otactl keys tuf updates apply -f' = @()
        'otactl keys tuf updates apply --ca-file' = @()
        'otactl keys tuf updates cancel --config' = @()
        'otactl keys tuf updates cancel --context' = @()
        'otactl keys tuf updates cancel --url' = @()
        'otactl keys tuf updates cancel --factory' = @()
        'otactl keys tuf updates cancel -f' = @()
        'otactl keys tuf updates cancel --ca-file' = @()
        'otactl tuf verify --root' = @()
        'otactl tuf verify --tag' = @()
        'otactl tuf verify --now' = @()
        'otactl tuf verify --cert' = @()
        'otactl tuf verify --cert-key' = @()
        'otactl tuf verify --config' = @()
        'otactl tuf verify --context' = @()
        'otactl tuf verify --url' = @()
        'otactl tuf verify --factory' = @()
        'otactl tuf verify -f' = @()
        'otactl tuf verify --ca-file' = @()
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
        'otactl ostree checkout --subpath' = @()
        'otactl ostree checkout --from-file' = @()
        'otactl ostree checkout --skip-list' = @()
        'otactl ostree checkout --fsync' = @()
        'otactl ostree commit --branch' = @()
        'otactl ostree commit -b' = @()
        'otactl ostree commit --subject' = @()
        'otactl ostree commit -s' = @()
        'otactl ostree commit --body' = @()
        'otactl ostree commit -m' = @()
        'otactl ostree commit --body-file' = @()
        'otactl ostree commit --parent' = @()
        'otactl ostree commit --timestamp' = @()
        'otactl ostree commit --add-metadata-string' = @()
        'otactl ostree commit --add-metadata' = @()
        'otactl ostree commit --keep-metadata' = @()
        'otactl ostree commit --add-detached-metadata-string' = @()
        'otactl ostree commit --bind-ref' = @()
        'otactl ostree commit --fsync' = @()
        'otactl ostree commit --base' = @()
        'otactl ostree commit --tree' = @()
        'otactl ostree commit --owner-uid' = @()
        'otactl ostree commit --owner-gid' = @()
        'otactl ostree commit --statoverride' = @()
        'otactl ostree commit --skip-list' = @()
        'otactl ostree commit --tar-pathname-filter' = @()
        'otactl ostree commit --gpg-sign' = @()
        'otactl ostree commit --gpg-homedir' = @()
        'otactl ostree commit --sign' = @()
        'otactl ostree commit --sign-from-file' = @()
        'otactl ostree commit --sign-type' = @()
        'otactl ostree config --group' = @()
        'otactl ostree create-usb --destination-repo' = @()
        'otactl ostree create-usb --commit' = @()
        'otactl ostree diff --owner-uid' = @()
        'otactl ostree diff --owner-gid' = @()
        'otactl ostree export --subpath' = @()
        'otactl ostree export --prefix' = @()
        'otactl ostree export --output' = @()
        'otactl ostree export -o' = @()
        'otactl ostree find-remotes --finders' = @()
        'otactl ostree find-remotes --cache-dir' = @()
        'otactl ostree gpg-sign --gpg-homedir' = @()
        'otactl ostree init --mode' = @()
        'otactl ostree init --collection-id' = @()
        'otactl ostree prune --depth' = @()
        'otactl ostree prune --delete-commit' = @()
        'otactl ostree prune --keep-younger-than' = @()
        'otactl ostree prune --retain-branch-depth' = @()
        'otactl ostree prune --only-branch' = @()
        'otactl ostree pull --depth' = @()
        'otactl ostree pull --cache-dir' = @()
        'otactl ostree pull --subpath' = @()
        'otactl ostree pull --url' = @()
        'otactl ostree pull --http-header' = @()
        'otactl ostree pull --append-user-agent' = @()
        'otactl ostree pull --network-retries' = @()
        'otactl ostree pull --low-speed-limit-bytes' = @()
        'otactl ostree pull --low-speed-time-seconds' = @()
        'otactl ostree pull --max-outstanding-fetcher-requests' = @()
        'otactl ostree pull --max-time' = @()
        'otactl ostree pull --localcache-repo' = @()
        'otactl ostree pull --timestamp-check-from-rev' = @()
        'otactl ostree pull --update-frequency' = @()
        'otactl ostree pull-local --depth' = @()
        'otactl ostree pull-local --remote' = @()
        'otactl ostree refs --create' = @()
        'otactl ostree remote add --set' = @()
        'otactl ostree remote add --sign-verify' = @()
        'otactl ostree remote add --gpg-import' = @()
        'otactl ostree remote add --custom-backend' = @()
        'otactl ostree remote add --contenturl' = @()
        'otactl ostree remote add --collection-id' = @()
        'otactl ostree remote add --sysroot' = @()
        'otactl ostree remote delete --sysroot' = @()
        'otactl ostree remote gpg-import --keyring' = @()
        'otactl ostree remote gpg-import -k' = @()
        'otactl ostree remote refs --cache-dir' = @()
        'otactl ostree remote summary --print-metadata-key' = @()
        'otactl ostree remote summary --cache-dir' = @()
        'otactl ostree serve --addr' = @()
        'otactl ostree serve --port' = @()
        'otactl ostree serve --port-file' = @()
        'otactl ostree serve -p' = @()
        'otactl ostree serve --log-file' = @()
        'otactl ostree show --print-variant-type' = @()
        'otactl ostree show --print-metadata-key' = @()
        'otactl ostree show --print-detached-metadata-key' = @()
        'otactl ostree show --gpg-homedir' = @()
        'otactl ostree show --gpg-verify-remote' = @()
        'otactl ostree sign --sign-type' = @()
        'otactl ostree sign -s' = @()
        'otactl ostree sign --keys-file' = @()
        'otactl ostree sign --keys-dir' = @()
        'otactl ostree static-delta apply-offline --sign-type' = @()
        'otactl ostree static-delta apply-offline --keys-file' = @()
        'otactl ostree static-delta apply-offline --keys-dir' = @()
        'otactl ostree static-delta generate --from' = @()
        'otactl ostree static-delta generate --to' = @()
        'otactl ostree static-delta generate --set-endianness' = @()
        'otactl ostree static-delta generate --min-fallback-size' = @()
        'otactl ostree static-delta generate --max-bsdiff-size' = @()
        'otactl ostree static-delta generate --max-chunk-size' = @()
        'otactl ostree static-delta generate --filename' = @()
        'otactl ostree static-delta generate --sign' = @()
        'otactl ostree static-delta generate --keys-file' = @()
        'otactl ostree static-delta generate --sign-type' = @()
        'otactl ostree static-delta reindex --to' = @()
        'otactl ostree static-delta verify --sign-type' = @()
        'otactl ostree static-delta verify --keys-file' = @()
        'otactl ostree static-delta verify --keys-dir' = @()
        'otactl ostree summary --add-metadata' = @()
        'otactl ostree summary -m' = @()
        'otactl ostree summary --print-metadata-key' = @()
        'otactl ostree summary --gpg-sign' = @()
        'otactl ostree summary --gpg-homedir' = @()
        'otactl ostree summary --sign' = @()
        'otactl ostree summary --sign-from-file' = @()
        'otactl ostree summary --sign-type' = @()
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
