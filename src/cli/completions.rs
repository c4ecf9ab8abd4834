//! Completions of bash, zsh and fish: actions and options come from the command line's own definition, modules and kernels
//! from `dkms complete` at the time of asking. Those words are never evaluated by the shell.

use std::path::Path;

use clap::Arg;

/// The files of this folder: `dkms.bash`, `_dkms` (zsh), `dkms.fish`.
pub(super) fn write(folder: &Path, command: &clap::Command, actions: &[(&str, &str)]) -> std::io::Result<()> {
    let options = options(command);
    fs_err::write(folder.join("dkms.bash"), bash(&options, actions))?;
    fs_err::write(folder.join("_dkms"), zsh(&options, actions))?;
    fs_err::write(folder.join("dkms.fish"), fish(&options, actions))
}

/// What stands behind an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// Nothing.
    Nothing,
    /// Words of `dkms complete`.
    Words(&'static str),
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Something that nobody can guess.
    Text,
}

struct OptionWords {
    /// `-k`, `--kernelver`, …
    names: Vec<String>,
    help: String,
    wants: Wants,
}

fn options(command: &clap::Command) -> Vec<OptionWords> {
    let shown = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    shown
        .map(|arg| {
            let short = arg.get_short().map(|short| format!("-{short}"));
            let long = arg.get_long().into_iter().chain(arg.get_visible_aliases().into_iter().flatten());
            let names = short.into_iter().chain(long.map(|long| format!("--{long}"))).collect();
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            OptionWords { names, help, wants: wants(arg) }
        })
        .collect()
}

fn wants(arg: &Arg) -> Wants {
    if !arg.get_action().takes_values() {
        return Wants::Nothing;
    }
    let value = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    match value {
        "NAME[/VERSION]" => Wants::Words("names"),
        "VERSION" => Wants::Words("versions"),
        "KERNEL" | "KERNEL[/ARCH]" => Wants::Words("kernels"),
        "FILE" => Wants::File,
        "DIR" => Wants::Folder,
        _ => Wants::Text,
    }
}

/// What the operand of an action may be: words of `dkms complete`, and whether files serve as well.
fn operands(action: &str) -> (&'static [&'static str], bool) {
    match action {
        "add" => (&["sources"], true),
        "build" | "install" => (&["modules", "sources"], true),
        "conf" => (&["modules"], true),
        "uninstall" | "unbuild" | "remove" | "match" | "mktarball" | "status" => (&["modules"], false),
        "ldtarball" | "mkdeb" | "mkrpm" | "mkrepo" | "mkconf" | "lint" => (&[], true),
        _ => (&[], false),
    }
}

fn bash(options: &[OptionWords], actions: &[(&str, &str)]) -> String {
    let named = |wanted: Wants| {
        let names = options.iter().filter(|option| option.wants == wanted).flat_map(|option| &option.names);
        names.map(String::as_str).collect::<Vec<_>>().join("|")
    };
    let mut values = String::new();
    for what in ["names", "versions", "kernels"] {
        values.push_str(&format!("        {}) _dkms_words {what}; return ;;\n", named(Wants::Words(what))));
    }
    values.push_str(&format!("        {}) _dkms_files -f; return ;;\n", named(Wants::File)));
    values.push_str(&format!("        {}) _dkms_files -d; return ;;\n", named(Wants::Folder)));
    values.push_str(&format!("        {}) return ;;\n", named(Wants::Text)));
    let mut cases = String::new();
    for (action, _) in actions {
        let (words, files) = operands(action);
        let words = words.iter().map(|what| format!("_dkms_words {what}; ")).collect::<String>();
        let files = if files { "_dkms_files -f; " } else { "" };
        if !words.is_empty() || !files.is_empty() {
            cases.push_str(&format!("        {action}) {words}{files};;\n"));
        }
    }
    let all: Vec<&str> = options.iter().flat_map(|option| &option.names).map(String::as_str).collect();
    let actions: Vec<&str> = actions.iter().map(|(name, _)| *name).collect();
    BASH.replace("@OPTIONS@", &all.join(" "))
        .replace("@ACTIONS@", &actions.join(" "))
        .replace("@VALUES@", &values)
        .replace("@CASES@", &cases)
}

const BASH: &str = r#"# bash completion of dkms; generated.

# _dkms_offer WORD...: those that begin with what is typed. Names may hold what a shell would expand: they are quoted.
_dkms_offer() {
    local word
    for word; do
        if [[ $word == "$cur"* ]]; then COMPREPLY+=("$(printf '%q' "$word")"); fi
    done
}
_dkms_words() {
    local words
    mapfile -t words < <("${COMP_WORDS[0]}" complete "$1" 2>/dev/null)
    _dkms_offer "${words[@]}"
}
_dkms_files() {
    compopt -o filenames 2>/dev/null
    local file
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen "$1" -- "$cur")
}
_dkms() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev= action= word at
    local -a actions=(@ACTIONS@) options=(@OPTIONS@)
    COMPREPLY=()
    [ "$COMP_CWORD" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD - 1]}
    # readline takes --option=value for three words.
    if [ "$cur" = = ]; then cur=; elif [ "$prev" = = ]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
    case $prev in
@VALUES@    esac
    if [[ $cur == -* ]]; then
        _dkms_offer "${options[@]}"
        return
    fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        for word in "${actions[@]}"; do
            if [ "$word" = "${COMP_WORDS[at]}" ]; then action=$word; break 2; fi
        done
    done
    case $action in
        '') _dkms_offer "${actions[@]}" ;;
@CASES@    esac
}
complete -F _dkms dkms
"#;

fn zsh(options: &[OptionWords], actions: &[(&str, &str)]) -> String {
    let mut specs = String::new();
    for option in options {
        let help = zsh_text(&option.help);
        let value = match option.wants {
            Wants::Nothing => String::new(),
            // The blank keeps zsh from putting words of its own before ours.
            Wants::Words(what) => format!(":{what}: _dkms_words {what}"),
            Wants::File => ":file:_files".to_owned(),
            Wants::Folder => ":folder:_files -/".to_owned(),
            Wants::Text => ":value:".to_owned(),
        };
        for name in &option.names {
            let equals = if !value.is_empty() && name.starts_with("--") { "=" } else { "" };
            specs.push_str(&format!("        '*{name}{equals}[{help}]{value}' \\\n"));
        }
    }
    let list: String =
        actions.iter().map(|(name, help)| format!("        '{name}:{}'\n", help.replace('\'', "'\\''"))).collect();
    let mut cases = String::new();
    for (action, _) in actions {
        let (words, files) = operands(action);
        let mut calls: Vec<String> = words.iter().map(|what| format!("_dkms_words {what}")).collect();
        calls.extend(files.then(|| "_files".to_owned()));
        if !calls.is_empty() {
            cases.push_str(&format!("        {action}) {} ;;\n", calls.join("; ")));
        }
    }
    ZSH.replace("@SPECS@", &specs).replace("@ACTIONS@", &list).replace("@CASES@", &cases)
}

/// Text inside `'[…]'` of a specification of zsh's _arguments.
fn zsh_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:").replace('\'', "'\\''")
}

const ZSH: &str = r#"#compdef dkms
# zsh completion of dkms; generated.

_dkms_words() {
    local -a found
    found=(${(f)"$(_call_program words dkms complete $1 2>/dev/null)"})
    compadd -a found
}
_dkms_operand() {
    local word
    local -a actions
    actions=(
@ACTIONS@    )
    for word in ${words[2,CURRENT-1]}; do
        if (( ${actions[(I)$word:*]} )); then
            case $word in
@CASES@            esac
            return
        fi
    done
    _describe action actions
}
_dkms() {
    _arguments -s \
@SPECS@        '*:operand:_dkms_operand'
}
_dkms
"#;

fn fish(options: &[OptionWords], actions: &[(&str, &str)]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let names: Vec<&str> = actions.iter().map(|(name, _)| *name).collect();
    let mut text = FISH.replace("@ACTIONS@", &names.join(" "));
    for (name, help) in actions {
        text.push_str(&format!("complete -c dkms -n __dkms_no_action -a {name} -d {}\n", quoted(help)));
        let (words, files) = operands(name);
        let seen = quoted(&format!("__fish_seen_subcommand_from {name}"));
        for what in words {
            text.push_str(&format!("complete -c dkms -n {seen} -a '(dkms complete {what} 2>/dev/null)'\n"));
        }
        if files {
            text.push_str(&format!("complete -c dkms -n {seen} -F\n"));
        }
    }
    for option in options {
        let names: String = option
            .names
            .iter()
            .map(|name| match name.strip_prefix("--") {
                Some(long) => format!(" -l {long}"),
                None => format!(" -s {}", name.trim_start_matches('-')),
            })
            .collect();
        let value = match option.wants {
            Wants::Nothing => String::new(),
            Wants::Words(what) => format!(" -x -a '(dkms complete {what} 2>/dev/null)'"),
            Wants::File => " -r -F".to_owned(),
            Wants::Folder => " -x -a '(__fish_complete_directories)'".to_owned(),
            Wants::Text => " -x".to_owned(),
        };
        text.push_str(&format!("complete -c dkms{names}{value} -d {}\n", quoted(&option.help)));
    }
    text
}

const FISH: &str = "# fish completion of dkms; generated.
function __dkms_no_action
    not __fish_seen_subcommand_from @ACTIONS@
end
complete -c dkms -f
";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::legacy::Typed;

    #[test]
    fn every_option_with_a_value_says_what_stands_behind_it() {
        let options = options(&Typed::command());
        let wants = |name: &str| {
            let found = options.iter().find(|option| option.names.iter().any(|known| known == name));
            found.map(|option| option.wants)
        };
        for (name, expected) in [
            ("-k", Wants::Words("kernels")),
            ("--kernelver", Wants::Words("kernels")),
            ("--templatekernel", Wants::Words("kernels")),
            ("-m", Wants::Words("names")),
            ("--mod", Wants::Words("names")),
            ("-v", Wants::Words("versions")),
            ("-c", Wants::File),
            ("--archive", Wants::File),
            ("--dkmstree", Wants::Folder),
            ("--directive", Wants::Text),
            ("--force", Wants::Nothing),
        ] {
            assert_eq!(wants(name), Some(expected), "{name}");
        }
        assert_eq!(wants("--no-initrd"), None, "what does nothing is not offered");
    }
}
