//! The folder in which the commands of a dkms.conf are run. The shell original puts in place of `$PWD` and `$(pwd)` where it was
//! started itself, which is `/` in the script of a package: what MAKE and scripts mean by it is where they are run.

/// Directives whose values are run, by the beginnings of their names.
const RUN: [&str; 3] = ["MAKE", "PRE_BUILD", "POST_BUILD"];

/// The line, from 1, and the directive of each command that asks for the folder that it is in while the file is read.
#[cfg_attr(not(feature = "packages"), allow(dead_code))]
pub(crate) fn commands_that_ask(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| asks(line)).filter_map(|(at, line)| Some((at + 1, directive(line)?)))
}

/// Whether a text asks for the folder in such commands, and nowhere else.
pub(super) fn names_its_folder(text: &str) -> bool {
    let mut asking = text.lines().filter(|line| asks(line)).peekable();
    asking.peek().is_some() && asking.all(|line| directive(line).is_some())
}

fn directive(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let name = &line[..line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?];
    let is_set = line[name.len()..].starts_with(['=', '[']);
    (is_set && RUN.iter().any(|run| name.starts_with(run))).then_some(name)
}

/// Not what a backslash keeps for the shell that runs it.
fn asks(line: &str) -> bool {
    let is_asked = |at: usize| !line[..at].ends_with('\\');
    let named = ["$PWD", "${PWD", "$(pwd", "`pwd"].iter().flat_map(|words| line.match_indices(words));
    let is_whole =
        |at: usize, words: &str| !line[at + words.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    !line.trim_start().starts_with('#') && named.into_iter().any(|(at, words)| is_asked(at) && is_whole(at, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_asked_for_by_commands_or_by_others() {
        for (text, expected) in [
            ("MAKE[0]=\"make M=$PWD\"\n", true),
            ("MAKE='make M=${PWD}/src'\n", true),
            ("PRE_BUILD=\"x.sh $(pwd)\"\nMAKE=\"make M=`pwd`\"\n", true),
            ("MAKE=\"make M=\\$PWD\"\n", false),
            ("MAKE=\"make M=$PWDX\"\n", false),
            ("MAKE=\"make\" # not $PWD_OF\n", false),
            ("# MAKE=\"make M=$PWD\"\nMAKE=make\n", false),
            ("MAKE=\"make M=$PWD\"\n. $PWD/version\n", false),
            ("PACKAGE_VERSION=$(cat $PWD/VERSION)\n", false),
            ("MAKE=make\n", false),
        ] {
            assert_eq!(names_its_folder(text), expected, "{text}");
        }
        let found: Vec<_> = commands_that_ask("A=$PWD\nMAKE[1]=$PWD\n").collect();
        assert_eq!(found, [(2, "MAKE")]);
    }
}
