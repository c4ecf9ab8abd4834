# root: shells
# What each shell offers, asked through its own completion.
. /e2e/inside.sh
install_ours
module_source foo 1.0 && mv foo-1.0 /usr/src/ && dkms add foo/1.0
module_source later 2 && mv later-2 /usr/src/
kernels=$(ls /lib/modules)

# offers SHELL LINE WORD...: these words are among what the shell offers at the end of the line.
offers() {
    local shell=$1 line=$2 found word
    shift 2
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
    for word; do
        grep -qxF -- "$word" <<<"$found" || fail "$shell does not offer '$word' for '$line', but: $found"
    done
}

# zsh completes only where somebody types: in a terminal of its own, whose tab lists what there is.
zsh_offers() {
    cat >/root/.zshrc <<'ZSH'
PROMPT=; setopt no_beep; LISTMAX=0
autoload -Uz compinit && compinit -u
zstyle ':completion:*' list-colors ''
# Every match goes to a file, and nothing to the line.
compadd() {
    local -a matches
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    builtin compadd -O matches "$@"
    print -rl -- $matches >>/tmp/offered
    builtin compadd "$@"
}
ZSH
    : >/tmp/offered
    { sleep 1; printf '%s\t' "$1"; sleep 2; printf '\003exit\n'; } | timeout 20 script -qec 'zsh -i' /dev/null >/dev/null 2>&1 || :
    sed 's/:.*//; s/ .*//' /tmp/offered
}

for shell in bash fish zsh; do
    step "$shell"
    offers "$shell" 'dkms un' uninstall unbuild
    offers "$shell" 'dkms remove ' foo/1.0
    offers "$shell" 'dkms add ' later/2
    # shellcheck disable=SC2086 # one word each
    offers "$shell" 'dkms build foo/1.0 -k ' $kernels
    offers "$shell" 'dkms build -m ' foo
done
