//! fish

use std::collections::BTreeMap;

use super::{Files, NO_VERB, OptionWords, Row, Wants};

pub(super) fn script(rows: &[Row]) -> String {
    let names: Vec<&str> = rows.iter().skip(1).map(|row| row.name).collect();
    let mut text = TEXT.replace("@VERBS@", &names.join(" "));
    for row in rows.iter().skip(1) {
        let about = quoted(row.meaning);
        text.push_str(&format!("complete -c dkms -n '__dkms_verb {NO_VERB}' -a {} -d {about}\n", row.name));
        let seen = format!("complete -c dkms -n '__dkms_verb {}'", row.name);
        for what in row.words {
            text.push_str(&format!("{seen} -a '(__dkms_words {what})'\n"));
        }
        text.push_str(&match row.files {
            Files::None => String::new(),
            Files::Any => format!("{seen} -F\n"),
            Files::Folders => format!("{seen} -a '(__fish_complete_directories)'\n"),
        });
    }
    // An option that is the same behind several verbs is told once.
    let mut options: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for row in rows {
        for option in &row.options {
            options.entry((flags(option), quoted(&option.help))).or_default().push(row.name);
        }
    }
    for ((flags, help), verbs) in options {
        text.push_str(&format!("complete -c dkms -n '__dkms_verb {}'{flags} -d {help}\n", verbs.join(" ")));
    }
    text
}

fn flags(option: &OptionWords) -> String {
    let name = |name: &String| match name.strip_prefix("--") {
        Some(long) => format!(" -l {long}"),
        None => format!(" -s {}", name.trim_start_matches('-')),
    };
    let names: String = option.names.iter().map(name).collect();
    let value = match &option.wants {
        Wants::Nothing => String::new(),
        Wants::Words(what) => format!(" -x -a '(__dkms_words {what})'"),
        Wants::Choice(choices) => format!(" -x -a '{}'", choices.join(" ")),
        Wants::File => " -r -F".to_owned(),
        Wants::Folder => " -x -a '(__fish_complete_directories)'".to_owned(),
        Wants::Text => " -x".to_owned(),
    };
    names + &value
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

const TEXT: &str = "# fish completion of dkms; generated.
# Whether the verb of the line is one of these.
function __dkms_verb
    for word in (commandline -opc)[2..-1]
        if contains -- $word @VERBS@
            contains -- $word $argv
            return
        end
    end
    contains -- none $argv
end
# dkms is told the line, too, for it may name a module or a root.
function __dkms_words
    dkms complete $argv (commandline -opc)[2..-1] 2>/dev/null
end
complete -c dkms -f
";
