# root: shells
# What each shell offers, asked through its own completion.
. /e2e/inside.sh
install_ours
module_source foo 1.0 && mv foo-1.0 /usr/src/ && dkms add foo/1.0
module_source later 2 && mv later-2 /usr/src/
module_source other 3.5 && mv other-3.5 /usr/src/ && dkms add other/3.5
touch /root/hello.tar
cd /root
kernels=$(ls /lib/modules)

# found SHELL LINE: what the shell offers at the end of the line.
found() {
    local shell=$1 line=$2 found
    case $shell in
        bash)
            # shellcheck disable=SC2016 # expanded inside
            found=$(bash --norc -c '. /usr/share/bash-completion/completions/dkms 2>/dev/null
                read -ra COMP_WORDS <<<"$0"
                [[ $0 != *" " ]] || COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _dkms
                printf "%s\n" "${COMPREPLY[@]}"' "$line") ;;
        fish) found=$(fish -c "complete -C '$line'" | cut -f 1) ;;
        zsh) found=$(zsh_offers "$line") ;;
    esac
    printf '%s\n' "$found"
}

# offers SHELL LINE WORD...: these words are among it. With -v none is: the words of other actions and modules.
offers() {
    local wanted=0 shell line found word
    if [ "$1" = -v ]; then wanted=1; shift; fi
    shell=$1 line=$2
    shift 2
    found=$(found "$shell" "$line")
    for word; do
        local rc=0
        grep -qxF -- "$word" <<<"$found" || rc=1
        [ "$rc" = "$wanted" ] || fail "$shell, '$word' for '$line' (0 offered, 1 not: $rc): $found"
    done
}

# zsh completes only where somebody types: in a terminal of its own, where a key completes and says when it has.
zsh_offers() {
    cat >/root/.zshrc <<'ZSH'
PROMPT=; setopt no_beep; LISTMAX=0
autoload -Uz compinit && compinit -u
zstyle ':completion:*' list-colors ''
precmd() { : >/tmp/ready; }
# Every match goes to a file, and nothing to the line.
compadd() {
    local -a matches
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    builtin compadd -O matches "$@"
    print -rl -- $matches >>/tmp/offered
    builtin compadd "$@"
}
offer() { zle complete-word; : >/tmp/completed; }
zle -N offer; bindkey '^T' offer
ZSH
    rm -f /tmp/ready /tmp/completed; : >/tmp/offered
    {
        await /tmp/ready
        printf '%s\024' "$1"
        await /tmp/completed
        printf '\003exit\n'
    } | timeout 40 script -qec 'zsh -i' /dev/null >/dev/null 2>&1 || :
    [ -e /tmp/completed ] || fail "zsh did not complete '$1'"
    sed 's/:.*//; s/ .*//' /tmp/offered
}

# await FILE: until it is there, for 15 seconds at most.
await() {
    for _ in {1..150}; do [ ! -e "$1" ] || return 0; sleep 0.1; done
}

for shell in bash fish zsh; do
    step "$shell"
    offers "$shell" 'dkms un' uninstall unbuild
    offers "$shell" 'dkms remove ' foo/1.0
    offers "$shell" 'dkms add ' later/2
    # shellcheck disable=SC2086 # one word each
    offers "$shell" 'dkms build foo/1.0 -k ' $kernels
    offers "$shell" 'dkms build -m ' foo other
    offers "$shell" 'dkms remove -m foo -v ' 1.0
    offers -v "$shell" 'dkms remove -m foo -v ' 3.5
    offers "$shell" 'dkms mkdeb fo' foo/1.0
    for verb in mkdeb mkpkg mkspec mkdsc; do offers "$shell" "dkms $verb he" hello.tar; done
    offers "$shell" 'dkms mkrpm --sig' --sign-key
    offers "$shell" 'dkms mkpkg --for ' debian12 el9
    offers "$shell" 'dkms mkrepo --' --repo-package
    offers "$shell" 'dkms lint --' --conf
    for verb in mkpkg mkrepo lint status; do offers -v "$shell" "dkms $verb --" --templatekernel --no-depmod; done
    offers "$shell" 'dkms help inst' install
done
