# bash completion for mailcli; made by `make completions`, do not edit.

_mailcli_accounts() {
    sed -n -e 's/^[[:space:]]*\["*accounts"*\."\([A-Za-z0-9._-]*\)".*/\1/p' -e 's/^[[:space:]]*\["*accounts"*\.\([A-Za-z0-9_-]*\)[].].*/\1/p' \
        "${MAILCLI_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/mailcli/config.toml}" \
        2>/dev/null | sort -u
}

_mailcli_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_mailcli_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_mailcli() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local command=${COMP_WORDS[1]} words
    COMPREPLY=()
    if (( COMP_CWORD == 1 )); then
        _mailcli_words "send outbox pop-fetch imap-sync folders import export list read search status attachments reply forward drafts flag move copy archive delete account completion demo --help --version" "$cur"
        return
    fi
    if [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}=
    elif [[ $cur == = ]]; then
        cur= prev+==
    fi
    case $command in
    outbox)
        if (( COMP_CWORD == 2 )); then
            _mailcli_words "drop flush list --help" "$cur"
            return
        fi
        command+=" ${COMP_WORDS[2]}" ;;
    attachments)
        if (( COMP_CWORD == 2 )); then
            _mailcli_words "list save --help" "$cur"
            return
        fi
        command+=" ${COMP_WORDS[2]}" ;;
    drafts)
        if (( COMP_CWORD == 2 )); then
            _mailcli_words "edit list save send --help" "$cur"
            return
        fi
        command+=" ${COMP_WORDS[2]}" ;;
    account)
        if (( COMP_CWORD == 2 )); then
            _mailcli_words "forget-password list set-password --help" "$cur"
            return
        fi
        command+=" ${COMP_WORDS[2]}" ;;
    demo)
        if (( COMP_CWORD == 2 )); then
            _mailcli_words "run serve shell --pause --help" "$cur"
            return
        fi
        command+=" ${COMP_WORDS[2]}" ;;
    esac
    case "$command $prev" in
    "send -s"|"send --subject"|"send --subject=") return ;;
    "send -t"|"send --to"|"send --to=") return ;;
    "send -c"|"send --cc"|"send --cc=") return ;;
    "send -b"|"send --bcc"|"send --bcc=") return ;;
    "send -r"|"send --from"|"send --from=") return ;;
    "send -f"|"send --envelope-from"|"send --envelope-from=") return ;;
    "send -a"|"send --attach"|"send --attach=") _mailcli_files "$cur"; return ;;
    "send -H"|"send --header"|"send --header=") return ;;
    "send --reply-to"|"send --reply-to=") return ;;
    "send --body"|"send --body=") return ;;
    "send --body-file"|"send --body-file=") _mailcli_files "$cur"; return ;;
    "send --inline"|"send --inline=") _mailcli_files "$cur"; return ;;
    "send --fcc"|"send --fcc=") return ;;
    "send --dsn-notify"|"send --dsn-notify=") return ;;
    "send --dsn-return"|"send --dsn-return=") _mailcli_words "hdrs full" "$cur"; return ;;
    "send -A"|"send --account"|"send --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "send --trace=") _mailcli_files "$cur"; return ;;
    "send --timeout"|"send --timeout=") return ;;
    "send -o"|"send --output"|"send --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "send --config"|"send --config=") _mailcli_files "$cur"; return ;;
    "send --color"|"send --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "outbox drop -o"|"outbox drop --output"|"outbox drop --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "outbox drop --config"|"outbox drop --config=") _mailcli_files "$cur"; return ;;
    "outbox drop --color"|"outbox drop --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "outbox flush --retry"|"outbox flush --retry=") return ;;
    "outbox flush -A"|"outbox flush --account"|"outbox flush --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "outbox flush --trace=") _mailcli_files "$cur"; return ;;
    "outbox flush --timeout"|"outbox flush --timeout=") return ;;
    "outbox flush -o"|"outbox flush --output"|"outbox flush --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "outbox flush --config"|"outbox flush --config=") _mailcli_files "$cur"; return ;;
    "outbox flush --color"|"outbox flush --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "outbox list -A"|"outbox list --account"|"outbox list --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "outbox list -o"|"outbox list --output"|"outbox list --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "outbox list --config"|"outbox list --config=") _mailcli_files "$cur"; return ;;
    "outbox list --color"|"outbox list --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "pop-fetch --keep=") return ;;
    "pop-fetch --delete-after"|"pop-fetch --delete-after=") return ;;
    "pop-fetch --max-size"|"pop-fetch --max-size=") return ;;
    "pop-fetch --max-messages"|"pop-fetch --max-messages=") return ;;
    "pop-fetch --max-bytes"|"pop-fetch --max-bytes=") return ;;
    "pop-fetch --deliver"|"pop-fetch --deliver=") return ;;
    "pop-fetch --notify-after"|"pop-fetch --notify-after=") return ;;
    "pop-fetch -A"|"pop-fetch --account"|"pop-fetch --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "pop-fetch --trace=") _mailcli_files "$cur"; return ;;
    "pop-fetch --timeout"|"pop-fetch --timeout=") return ;;
    "pop-fetch -o"|"pop-fetch --output"|"pop-fetch --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "pop-fetch --config"|"pop-fetch --config=") _mailcli_files "$cur"; return ;;
    "pop-fetch --color"|"pop-fetch --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "imap-sync --jobs"|"imap-sync --jobs=") return ;;
    "imap-sync -A"|"imap-sync --account"|"imap-sync --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "imap-sync --trace=") _mailcli_files "$cur"; return ;;
    "imap-sync --timeout"|"imap-sync --timeout=") return ;;
    "imap-sync -o"|"imap-sync --output"|"imap-sync --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "imap-sync --config"|"imap-sync --config=") _mailcli_files "$cur"; return ;;
    "imap-sync --color"|"imap-sync --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "folders --create"|"folders --create=") return ;;
    "folders --rename"|"folders --rename=") return ;;
    "folders --delete"|"folders --delete=") return ;;
    "folders --subscribe"|"folders --subscribe=") return ;;
    "folders --unsubscribe"|"folders --unsubscribe=") return ;;
    "folders -A"|"folders --account"|"folders --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "folders --trace=") _mailcli_files "$cur"; return ;;
    "folders --timeout"|"folders --timeout=") return ;;
    "folders -o"|"folders --output"|"folders --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "folders --config"|"folders --config=") _mailcli_files "$cur"; return ;;
    "folders --color"|"folders --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "import --folder"|"import --folder=") return ;;
    "import -A"|"import --account"|"import --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "import -o"|"import --output"|"import --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "import --config"|"import --config=") _mailcli_files "$cur"; return ;;
    "import --color"|"import --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "export --to"|"export --to=") return ;;
    "export --format"|"export --format=") _mailcli_words "mbox eml maildir" "$cur"; return ;;
    "export --folder"|"export --folder=") return ;;
    "export -A"|"export --account"|"export --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "export -o"|"export --output"|"export --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "export --config"|"export --config=") _mailcli_files "$cur"; return ;;
    "export --color"|"export --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "list --folder"|"list --folder=") return ;;
    "list --from"|"list --from=") return ;;
    "list --limit"|"list --limit=") return ;;
    "list --page"|"list --page=") return ;;
    "list -A"|"list --account"|"list --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "list -o"|"list --output"|"list --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "list --config"|"list --config=") _mailcli_files "$cur"; return ;;
    "list --color"|"list --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "read --part"|"read --part=") return ;;
    "read -A"|"read --account"|"read --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "read -o"|"read --output"|"read --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "read --config"|"read --config=") _mailcli_files "$cur"; return ;;
    "read --color"|"read --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "search --path"|"search --path=") _mailcli_files "$cur"; return ;;
    "search --folder"|"search --folder=") return ;;
    "search --limit"|"search --limit=") return ;;
    "search --page"|"search --page=") return ;;
    "search -A"|"search --account"|"search --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "search --trace=") _mailcli_files "$cur"; return ;;
    "search --timeout"|"search --timeout=") return ;;
    "search -o"|"search --output"|"search --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "search --config"|"search --config=") _mailcli_files "$cur"; return ;;
    "search --color"|"search --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "status -A"|"status --account"|"status --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "status -o"|"status --output"|"status --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "status --config"|"status --config=") _mailcli_files "$cur"; return ;;
    "status --color"|"status --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "attachments list --match"|"attachments list --match=") return ;;
    "attachments list --part"|"attachments list --part=") return ;;
    "attachments list -A"|"attachments list --account"|"attachments list --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "attachments list -o"|"attachments list --output"|"attachments list --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "attachments list --config"|"attachments list --config=") _mailcli_files "$cur"; return ;;
    "attachments list --color"|"attachments list --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "attachments save --dir"|"attachments save --dir=") _mailcli_files "$cur"; return ;;
    "attachments save --match"|"attachments save --match=") return ;;
    "attachments save --part"|"attachments save --part=") return ;;
    "attachments save -A"|"attachments save --account"|"attachments save --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "attachments save -o"|"attachments save --output"|"attachments save --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "attachments save --config"|"attachments save --config=") _mailcli_files "$cur"; return ;;
    "attachments save --color"|"attachments save --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "reply --body"|"reply --body=") return ;;
    "reply --body-file"|"reply --body-file=") _mailcli_files "$cur"; return ;;
    "reply -s"|"reply --subject"|"reply --subject=") return ;;
    "reply -c"|"reply --cc"|"reply --cc=") return ;;
    "reply -b"|"reply --bcc"|"reply --bcc=") return ;;
    "reply -r"|"reply --from"|"reply --from=") return ;;
    "reply --reply-to"|"reply --reply-to=") return ;;
    "reply -a"|"reply --attach"|"reply --attach=") _mailcli_files "$cur"; return ;;
    "reply --inline"|"reply --inline=") _mailcli_files "$cur"; return ;;
    "reply -H"|"reply --header"|"reply --header=") return ;;
    "reply --fcc"|"reply --fcc=") return ;;
    "reply -A"|"reply --account"|"reply --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "reply --trace=") _mailcli_files "$cur"; return ;;
    "reply --timeout"|"reply --timeout=") return ;;
    "reply -o"|"reply --output"|"reply --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "reply --config"|"reply --config=") _mailcli_files "$cur"; return ;;
    "reply --color"|"reply --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "forward -t"|"forward --to"|"forward --to=") return ;;
    "forward -c"|"forward --cc"|"forward --cc=") return ;;
    "forward -b"|"forward --bcc"|"forward --bcc=") return ;;
    "forward --body"|"forward --body=") return ;;
    "forward --body-file"|"forward --body-file=") _mailcli_files "$cur"; return ;;
    "forward -s"|"forward --subject"|"forward --subject=") return ;;
    "forward -r"|"forward --from"|"forward --from=") return ;;
    "forward --reply-to"|"forward --reply-to=") return ;;
    "forward -a"|"forward --attach"|"forward --attach=") _mailcli_files "$cur"; return ;;
    "forward --inline"|"forward --inline=") _mailcli_files "$cur"; return ;;
    "forward -H"|"forward --header"|"forward --header=") return ;;
    "forward --fcc"|"forward --fcc=") return ;;
    "forward -A"|"forward --account"|"forward --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "forward --trace=") _mailcli_files "$cur"; return ;;
    "forward --timeout"|"forward --timeout=") return ;;
    "forward -o"|"forward --output"|"forward --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "forward --config"|"forward --config=") _mailcli_files "$cur"; return ;;
    "forward --color"|"forward --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "drafts edit -A"|"drafts edit --account"|"drafts edit --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "drafts edit -o"|"drafts edit --output"|"drafts edit --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "drafts edit --config"|"drafts edit --config=") _mailcli_files "$cur"; return ;;
    "drafts edit --color"|"drafts edit --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "drafts list -A"|"drafts list --account"|"drafts list --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "drafts list -o"|"drafts list --output"|"drafts list --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "drafts list --config"|"drafts list --config=") _mailcli_files "$cur"; return ;;
    "drafts list --color"|"drafts list --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "drafts save -s"|"drafts save --subject"|"drafts save --subject=") return ;;
    "drafts save -t"|"drafts save --to"|"drafts save --to=") return ;;
    "drafts save -c"|"drafts save --cc"|"drafts save --cc=") return ;;
    "drafts save -b"|"drafts save --bcc"|"drafts save --bcc=") return ;;
    "drafts save -r"|"drafts save --from"|"drafts save --from=") return ;;
    "drafts save -a"|"drafts save --attach"|"drafts save --attach=") _mailcli_files "$cur"; return ;;
    "drafts save -H"|"drafts save --header"|"drafts save --header=") return ;;
    "drafts save --reply-to"|"drafts save --reply-to=") return ;;
    "drafts save --body"|"drafts save --body=") return ;;
    "drafts save --body-file"|"drafts save --body-file=") _mailcli_files "$cur"; return ;;
    "drafts save --inline"|"drafts save --inline=") _mailcli_files "$cur"; return ;;
    "drafts save -A"|"drafts save --account"|"drafts save --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "drafts save -o"|"drafts save --output"|"drafts save --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "drafts save --config"|"drafts save --config=") _mailcli_files "$cur"; return ;;
    "drafts save --color"|"drafts save --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "drafts send --fcc"|"drafts send --fcc=") return ;;
    "drafts send -A"|"drafts send --account"|"drafts send --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "drafts send --trace=") _mailcli_files "$cur"; return ;;
    "drafts send --timeout"|"drafts send --timeout=") return ;;
    "drafts send -o"|"drafts send --output"|"drafts send --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "drafts send --config"|"drafts send --config=") _mailcli_files "$cur"; return ;;
    "drafts send --color"|"drafts send --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "flag -A"|"flag --account"|"flag --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "flag -o"|"flag --output"|"flag --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "flag --config"|"flag --config=") _mailcli_files "$cur"; return ;;
    "flag --color"|"flag --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "move -A"|"move --account"|"move --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "move -o"|"move --output"|"move --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "move --config"|"move --config=") _mailcli_files "$cur"; return ;;
    "move --color"|"move --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "copy -A"|"copy --account"|"copy --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "copy -o"|"copy --output"|"copy --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "copy --config"|"copy --config=") _mailcli_files "$cur"; return ;;
    "copy --color"|"copy --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "archive -A"|"archive --account"|"archive --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "archive -o"|"archive --output"|"archive --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "archive --config"|"archive --config=") _mailcli_files "$cur"; return ;;
    "archive --color"|"archive --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "delete -A"|"delete --account"|"delete --account=") _mailcli_words "$(_mailcli_accounts)" "$cur"; return ;;
    "delete -o"|"delete --output"|"delete --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "delete --config"|"delete --config=") _mailcli_files "$cur"; return ;;
    "delete --color"|"delete --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "account forget-password --protocol"|"account forget-password --protocol=") _mailcli_words "smtp pop imap" "$cur"; return ;;
    "account forget-password -o"|"account forget-password --output"|"account forget-password --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "account forget-password --config"|"account forget-password --config=") _mailcli_files "$cur"; return ;;
    "account forget-password --color"|"account forget-password --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "account list -o"|"account list --output"|"account list --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "account list --config"|"account list --config=") _mailcli_files "$cur"; return ;;
    "account list --color"|"account list --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "account set-password --protocol"|"account set-password --protocol=") _mailcli_words "smtp pop imap" "$cur"; return ;;
    "account set-password -o"|"account set-password --output"|"account set-password --output=") _mailcli_words "table tsv json jsonl" "$cur"; return ;;
    "account set-password --config"|"account set-password --config=") _mailcli_files "$cur"; return ;;
    "account set-password --color"|"account set-password --color=") _mailcli_words "auto always never" "$cur"; return ;;
    "demo serve --port-base"|"demo serve --port-base=") return ;;
    esac
    if [[ $cur == -* ]]; then
        case $command in
        "send") words="--subject --to --cc --bcc --from --envelope-from --attach --header --reply-to --body --body-file --html --markdown --inline --raw --read-recipients --fcc --no-save --queue --queue-on-tempfail --dsn-notify --dsn-return --draft --account --dry-run --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "outbox") words="--help" ;;
        "outbox drop") words="--output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "outbox flush") words="--now --retry --retry-unknown --account --all-accounts --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "outbox list") words="--account --all-accounts --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "pop-fetch") words="--keep --delete --delete-after --max-size --max-messages --max-bytes --mark-seen-only --status --deliver --notify-after --skip-if-running --account --all-accounts --dry-run --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "imap-sync") words="--pull --push --allow-mass-delete --full --jobs --verify --account --all-accounts --dry-run --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "folders") words="--create --rename --delete --subscribe --unsubscribe --offline --account --all-accounts --dry-run --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "import") words="--folder --tree --create --again --account --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "export") words="--to --format --folder --all-folders --append --force --account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "list") words="--folder --all-folders --unread --flagged --from --threads --limit --page --account --all-accounts --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "read") words="--peek --thread --headers --no-fold --html --raw --part --no-pager --account --all-accounts --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "search") words="--path --folder --all-folders --server --threads --limit --page --fail-empty --account --all-accounts --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "status") words="--short --rebuild-index --account --all-accounts --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "attachments") words="--help" ;;
        "attachments list") words="--match --part --all --account --all-accounts --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "attachments save") words="--dir --match --part --all --force --account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "reply") words="--all --list --quote --top --body --body-file --html --markdown --subject --cc --bcc --from --reply-to --attach --inline --header --fcc --no-save --queue --queue-on-tempfail --draft --account --dry-run --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "forward") words="--as-attachment --no-attachments --to --cc --bcc --body --body-file --html --markdown --subject --from --reply-to --attach --inline --header --fcc --no-save --queue --queue-on-tempfail --draft --account --dry-run --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "drafts") words="--help" ;;
        "drafts edit") words="--account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "drafts list") words="--account --all-accounts --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "drafts save") words="--subject --to --cc --bcc --from --attach --header --reply-to --body --body-file --html --markdown --inline --account --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "drafts send") words="--fcc --no-save --queue --queue-on-tempfail --account --all-accounts --dry-run --trace --timeout --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "flag") words="--account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "move") words="--create --account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "copy") words="--create --account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "archive") words="--account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "delete") words="--permanent --account --all-accounts --dry-run --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "account") words="--help" ;;
        "account forget-password") words="--protocol --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "account list") words="--output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "account set-password") words="--protocol --password-stdin --allow-plaintext --output --json --quiet --verbose --yes --no-input --config --color --help" ;;
        "completion") words="--help" ;;
        "demo") words="--pause --help" ;;
        "demo run") words="--empty --help" ;;
        "demo serve") words="--port-base --help" ;;
        "demo shell") words="--help" ;;
        esac
        _mailcli_words "$words" "$cur"
        return
    fi
    case $command in
    "list") _mailcli_files "$cur" ;;
    "account forget-password") _mailcli_words "$(_mailcli_accounts)" "$cur" ;;
    "account set-password") _mailcli_words "$(_mailcli_accounts)" "$cur" ;;
    "completion") _mailcli_words "bash zsh fish" "$cur" ;;
    esac
}

complete -F _mailcli mailcli
