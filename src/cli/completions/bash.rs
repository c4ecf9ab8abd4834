//! bash

use super::{Files, Row, SUBJECTS, Wants};

pub(super) fn script(rows: &[Row]) -> String {
    let verbs: Vec<&str> = rows.iter().skip(1).map(|row| row.name).collect();
    let cases: String = rows.iter().map(case).collect();
    TEXT.replace("@VERBS@", &verbs.join(" ")).replace("@CASES@", &cases)
}

/// `install) options=(...) kernels=' -k ...' ...;;`
fn case(row: &Row) -> String {
    let every: Vec<&str> = row.options.iter().flat_map(|option| &option.names).map(String::as_str).collect();
    let mut text = format!("        {})\n            options=({})\n", row.name, every.join(" "));
    let set = |variable: &str, names: &[&str]| match names {
        [] => String::new(),
        names => format!("            {variable}=' {} '\n", names.join(" ")),
    };
    for subject in SUBJECTS {
        text += &set(subject, &row.names(&Wants::Words(subject)));
    }
    text += &set("files", &row.names(&Wants::File));
    text += &set("folders", &row.names(&Wants::Folder));
    text += &set("text", &row.names(&Wants::Text));
    for option in &row.options {
        if let Wants::Choice(choices) = &option.wants {
            let patterns = option.names.join("|");
            text.push_str(&format!(
                "            case $prev in {patterns}) _dkms_offer {}; return ;; esac\n",
                choices.join(" ")
            ));
        }
    }
    text += &set("operands", row.words);
    text += &match row.files {
        Files::None => String::new(),
        Files::Any => set("kind", &["-f"]),
        Files::Folders => set("kind", &["-d"]),
    };
    text + "            ;;\n"
}

const TEXT: &str = r#"# bash completion of dkms; generated.

# _dkms_offer WORD...: those that begin with what is typed. Names may hold what a shell would expand: they are quoted.
_dkms_offer() {
    local word
    for word; do
        if [[ $word == "$cur"* ]]; then COMPREPLY+=("$(printf '%q' "$word")"); fi
    done
}
# _dkms_words SUBJECT: dkms is told the line, too, for it may name a module or a root.
_dkms_words() {
    local words
    mapfile -t words < <("${COMP_WORDS[0]}" complete "$1" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
    _dkms_offer "${words[@]}"
}
_dkms_files() {
    compopt -o filenames 2>/dev/null
    local file
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen "$1" -- "$cur")
}
_dkms() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev= verb=none word at
    local names= versions= kernels= profiles= files= folders= text= operands= kind=
    local -a verbs=(@VERBS@) options=()
    COMPREPLY=()
    [ "$COMP_CWORD" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD - 1]}
    # readline takes --option=value for three words.
    if [ "$cur" = = ]; then cur=; elif [ "$prev" = = ]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        for word in "${verbs[@]}"; do
            if [ "$word" = "${COMP_WORDS[at]}" ]; then verb=$word; break 2; fi
        done
    done
    case $verb in
@CASES@    esac
    if [[ $prev == -* ]]; then
        for word in names versions kernels profiles; do
            if [[ ${!word} == *" $prev "* ]]; then _dkms_words "$word"; return; fi
        done
        if [[ $files == *" $prev "* ]]; then _dkms_files -f; return; fi
        if [[ $folders == *" $prev "* ]]; then _dkms_files -d; return; fi
        if [[ $text == *" $prev "* ]]; then return; fi
    fi
    if [[ $cur == -* ]]; then
        _dkms_offer "${options[@]}"
        return
    fi
    for word in $operands; do _dkms_words "$word"; done
    for word in $kind; do _dkms_files "$word"; done
}
complete -F _dkms dkms
"#;
