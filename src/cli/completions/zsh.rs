//! zsh

use super::{Files, OptionWords, Row, Wants};

pub(super) fn script(rows: &[Row]) -> String {
    let names: Vec<&str> = rows.iter().skip(1).map(|row| row.name).collect();
    let list: String =
        rows.iter().skip(1).map(|row| format!("        '{}:{}'\n", row.name, quoted(row.meaning))).collect();
    let operands: String = rows.iter().skip(1).filter_map(operand).collect();
    let cases: String = rows.iter().map(case).collect();
    TEXT.replace("@VERBS@", &names.join(" "))
        .replace("@LIST@", &list)
        .replace("@OPERANDS@", &operands)
        .replace("@CASES@", &cases)
}

fn case(row: &Row) -> String {
    let specs: String = row.options.iter().map(spec).collect();
    format!(
        "        {})\n            _arguments -s \\\n{specs}                '*:operand:_dkms_operand' ;;\n",
        row.name
    )
}

fn spec(option: &OptionWords) -> String {
    let value = match &option.wants {
        Wants::Nothing => String::new(),
        // The blank keeps zsh from putting words of its own before ours.
        Wants::Words(what) => format!(":{what}: _dkms_words {what}"),
        Wants::Choice(choices) => format!(":word:({})", choices.join(" ")),
        Wants::File => ":file:_files".to_owned(),
        Wants::Folder => ":folder:_files -/".to_owned(),
        Wants::Text => ":value:".to_owned(),
    };
    let line = |name: &String| {
        let equals = if !value.is_empty() && name.starts_with("--") { "=" } else { "" };
        format!("                '*{name}{equals}[{}]{value}' \\\n", in_brackets(&option.help))
    };
    option.names.iter().map(line).collect()
}

fn operand(row: &Row) -> Option<String> {
    let mut calls: Vec<String> = row.words.iter().map(|what| format!("_dkms_words {what}")).collect();
    match row.files {
        Files::None => {}
        Files::Any => calls.push("_files".to_owned()),
        Files::Folders => calls.push("_files -/".to_owned()),
    }
    (!calls.is_empty()).then(|| format!("        {}) {} ;;\n", row.name, calls.join("; ")))
}

fn quoted(text: &str) -> String {
    text.replace('\'', "'\\''")
}

/// Text inside `'[…]'` of a specification of zsh's _arguments.
fn in_brackets(text: &str) -> String {
    quoted(&text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:"))
}

const TEXT: &str = r#"#compdef dkms
# zsh completion of dkms; generated.

# dkms is told the line, too, for it may name a module or a root.
_dkms_words() {
    local -a found
    found=(${(f)"$(command dkms complete $1 "${(@)words[2,CURRENT-1]}" 2>/dev/null)"})
    compadd -a found
}
_dkms_operand() {
    local -a list
    list=(
@LIST@    )
    case $verb in
        none) _describe action list ;;
@OPERANDS@    esac
}
_dkms() {
    local word verb=none
    local -a verbs
    verbs=(@VERBS@)
    for word in ${words[2,CURRENT-1]}; do
        if (( ${verbs[(Ie)$word]} )); then verb=$word; break; fi
    done
    case $verb in
@CASES@    esac
}
_dkms
"#;
