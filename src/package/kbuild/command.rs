//! A line of a recipe as a shell would run it: simple commands with their words, loops over known words unrolled. Nothing is run.
//!
//! Source of the forms: POSIX, "Shell Command Language".

/// Commands that one line may come to.
const MAX_COMMANDS: usize = 200;

/// A simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The words without their quotes; a redirection stands as a word of its own, `>` or `<`.
    pub(super) words: Vec<String>,
    /// The folder that a `cd` before it names, as written.
    pub(super) folder: Option<String>,
}

enum Token {
    Word(String),
    /// `;`, `&&`, `|` and their kin
    End,
    Open,
    Close,
}

/// The commands of a line.
pub(super) fn commands(line: &str) -> Vec<Command> {
    let mut shell = Shell::default();
    for token in tokens(line) {
        match token {
            Token::Word(word) => shell.words.push(word),
            Token::End => shell.end(),
            Token::Open => {
                shell.end();
                shell.folders.push(shell.folder.clone());
            }
            Token::Close => {
                shell.end();
                shell.folder = shell.folders.pop().flatten();
            }
        }
    }
    shell.end();
    shell.commands.truncate(MAX_COMMANDS);
    shell.commands
}

#[derive(Default)]
struct Shell {
    words: Vec<String>,
    folder: Option<String>,
    /// Those of the subshells around.
    folders: Vec<Option<String>>,
    /// Open loops: the variable and its words.
    loops: Vec<(String, Vec<String>)>,
    commands: Vec<Command>,
}

impl Shell {
    fn end(&mut self) {
        let mut words = std::mem::take(&mut self.words);
        // What belongs to make (`@`, `-`, `+`) and to the shell's grammar stands before the command itself.
        while let Some(first) = words.first_mut() {
            *first = first.trim_start_matches(['@', '-', '+']).to_owned();
            if !["", "do", "then", "else", "elif", "if", "while", "until", "!", "{", "env"].contains(&first.as_str()) {
                break;
            }
            words.remove(0);
        }
        match words.first().map(String::as_str) {
            None | Some("fi" | "}" | "esac") => {}
            Some("done") => drop(self.loops.pop()),
            Some("for") if words.get(2).is_some_and(|word| word == "in") => {
                self.loops.push((words[1].clone(), words[3..].to_vec()));
            }
            Some("cd" | "pushd") => {
                let into = words.get(1).cloned().unwrap_or_default();
                self.folder = Some(match &self.folder {
                    Some(folder) if !into.starts_with('/') => format!("{folder}/{into}"),
                    _ => into,
                });
            }
            Some(_) => self.unroll(&words),
        }
    }

    /// The command once for each word of the loops whose variable it names.
    fn unroll(&mut self, words: &[String]) {
        let mut all = vec![(words.to_vec(), self.folder.clone())];
        for (name, values) in &self.loops {
            let forms = [format!("${{{name}}}"), format!("${name}")];
            let names = |text: &String| forms.iter().any(|form| text.contains(form));
            if !words.iter().chain(&self.folder).any(names) {
                continue;
            }
            let put =
                |text: &String, value: &str| forms.iter().fold(text.clone(), |text, form| text.replace(form, value));
            let with = |value: &String, (words, folder): &(Vec<String>, Option<String>)| {
                let words = words.iter().map(|word| put(word, value)).collect();
                (words, folder.as_ref().map(|folder| put(folder, value)))
            };
            all = all
                .iter()
                .flat_map(|one| values.iter().map(move |value| with(value, one)))
                .take(MAX_COMMANDS)
                .collect();
        }
        self.commands.extend(all.into_iter().map(|(words, folder)| Command { words, folder }));
    }
}

fn tokens(line: &str) -> Vec<Token> {
    let mut reader = Reader { tokens: Vec::new(), word: None };
    let mut chars = line.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                reader.push("");
            }
            (Some('"'), '\\') if chars.peek().is_some_and(|next| ['"', '\\', '$', '`'].contains(next)) => {
                chars.next().into_iter().for_each(|next| reader.push(next.encode_utf8(&mut [0; 4])));
            }
            (None, '\\') => chars.next().into_iter().for_each(|next| reader.push(next.encode_utf8(&mut [0; 4]))),
            (Some(_), c) => reader.push(c.encode_utf8(&mut [0; 4])),
            // A command within a word: `$(pwd)`, `` `uname -r` ``.
            (None, '$') if chars.peek() == Some(&'(') => reader.within("$", &mut chars, ')'),
            (None, '`') => reader.within("`", &mut chars, '`'),
            (None, ';' | '|' | '&' | '\n') => reader.mark(Token::End),
            (None, '(') if reader.word.is_none() => reader.mark(Token::Open),
            (None, ')') => reader.mark(Token::Close),
            (None, '>' | '<') => {
                reader.finish();
                // `2>&1` and its kin say nothing about files.
                if chars.peek() == Some(&'&') {
                    chars.by_ref().take(2).for_each(drop);
                } else {
                    reader.tokens.push(Token::Word(c.to_string()));
                }
            }
            (None, c) if c.is_whitespace() => reader.finish(),
            (None, c) => reader.push(c.encode_utf8(&mut [0; 4])),
        }
    }
    reader.finish();
    reader.tokens
}

struct Reader {
    tokens: Vec<Token>,
    word: Option<String>,
}

impl Reader {
    fn push(&mut self, text: &str) {
        self.word.get_or_insert_default().push_str(text);
    }

    fn finish(&mut self) {
        self.tokens.extend(self.word.take().map(Token::Word));
    }

    fn mark(&mut self, token: Token) {
        self.finish();
        self.tokens.push(token);
    }

    fn within(&mut self, start: &str, chars: &mut impl Iterator<Item = char>, end: char) {
        self.push(start);
        for c in chars.by_ref() {
            self.push(c.encode_utf8(&mut [0; 4]));
            if c == end {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `folder: words` of each command, with a bar between words.
    fn shown(line: &str) -> String {
        let one = |command: &Command| {
            let folder = command.folder.as_ref().map_or(String::new(), |folder| format!("{folder}: "));
            format!("{folder}{}", command.words.join("|"))
        };
        commands(line).iter().map(one).collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn a_line_becomes_the_commands_that_a_shell_would_run() {
        let cases = [
            ("@make -C a", "make|-C|a"),
            ("-@ make X='a b' Y=\"c\\\"d\\\"\"", "make|X=a b|Y=c\"d\""),
            ("make -C `pwd`/a M=$(pwd) b", "make|-C|`pwd`/a|M=$(pwd)|b"),
            (
                "for d in a b; do make -C $d x || exit 1; done; make -C $d",
                "make|-C|a|x / make|-C|b|x / exit|1 / make|-C|$d",
            ),
            (
                "for d in a b; do for e in x y; do make -C ${d}/$e; done; done",
                "make|-C|a/x / make|-C|a/y / make|-C|b/x / make|-C|b/y",
            ),
            ("for d in a b; do (cd $d && make); done", "a: make / b: make"),
            ("(cd a; make); cd b && cd c && make", "a: make / b/c: make"),
            ("if [ -d x ]; then make -C x; else echo no; fi", "[|-d|x|] / make|-C|x / echo|no"),
            ("echo \"#define V 1\" > version.h 2>&1", "echo|#define V 1|>|version.h|2"),
            ("", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(shown(line), expected, "{line}");
        }
        let loops = "for a in 1 2 3 4 5 6 7 8 9 0; do ".repeat(20);
        assert!(commands(&format!("{loops} make $a")).len() <= MAX_COMMANDS);
        assert!(commands(&"(".repeat(10_000)).is_empty());
    }
}
