//! Rules about the way from dkms.conf to the module's files: the command, the Makefile, what of the source is there.

use super::Case;
use super::line::Teller::{Compiler, Kbuild, Make, Program, Recipe, Start};
use super::rule::Rule;

/// make found a Makefile, and nothing in it to do.
const NOTHING_TO_MAKE: &str = r"\*\*\* No (?:targets|rule to make target '(?:all|modules|default|module)')\.";

pub(super) const MAKE: &[Rule] = &[
    Rule {
        when: |case, _| case.about.id.to_string().contains('#'),
        ..Rule::new(
            &[],
            "",
            "{version} in the dkms.conf of {module} is a placeholder, for which packaging should have put in a version",
            "set PACKAGE_VERSION in {source}/dkms.conf to the real version, remove this one (`dkms remove {module}/{version} --all`) and add it again",
        )
    },
    Rule {
        when: |case, word| case.about.id.to_string().contains(word),
        ..Rule::new(
            &[Make, Program, Start, Recipe],
            r"([@%]\w*(?:VERSION|NAME|version|name)\w*[@%])",
            "{} in the dkms.conf of {module} is a placeholder, for which packaging should have put something in",
            "set PACKAGE_NAME and PACKAGE_VERSION in {source}/dkms.conf, remove this one (`dkms remove {module}/{version} --all`) and add it again",
        )
    },
    Rule {
        when: |case, release| release != case.about.kernel.as_str(),
        ..Rule::new(
            &[Make, Program, Start, Recipe],
            r"/lib/modules/([^/\s']+)/(?:build|source)[^:]*: No such file or directory",
            "the module's Makefile goes for kernel {} whatever kernel it is asked for",
            "{tell_makefile}",
        )
    },
    Rule::new(
        &[Make, Program, Start],
        r"/lib/modules/([^/\s']+)/(?:build|source): No such file or directory",
        "/lib/modules/{}/build leads to no folder: the headers of this kernel are gone",
        "install the headers of {kernel} again (`dkms check` names their package)",
    ),
    Rule {
        when: |case, _| {
            let command = case.heard.commands.last().map_or("", String::as_str);
            command.contains("KERNELRELEASE=") && case.about.makefile().contains("KERNELRELEASE")
        },
        ..Rule::new(
            &[Make],
            NOTHING_TO_MAKE,
            "the Makefile is in two parts by KERNELRELEASE, and takes this build for the kernel's own: dkms hands KERNELRELEASE to a plain `make`",
            "quote it in {source}/dkms.conf, so that it is handed nothing: MAKE[0]=\"'make' …\"",
        )
    },
    Rule {
        when: |case, _| is_for_kbuild_only(&case.about.makefile()),
        ..Rule::new(
            &[Make],
            NOTHING_TO_MAKE,
            "the Makefile only lists what the kernel's own makefiles shall build: it has no target for a plain `make`",
            "take MAKE out of {source}/dkms.conf: dkms then runs `make -C $kernel_source_dir M=…` itself",
        )
    },
    Rule {
        when: |case, _| is_by_subdirs(case),
        ..Rule::new(
            &[Make, Start, Recipe, Kbuild],
            "",
            "the module is named to the kernel's makefiles by SUBDIRS=, which they take no more since Linux 5.3",
            "write M= instead of SUBDIRS= in the Makefile or dkms.conf in {source}",
        )
    },
    Rule {
        when: |case, program| program == "make" && is_word_of_conf(case, program),
        ..Rule::new(
            &[Start],
            r"(?:^|[\s:'])'?([\w.+/-]+)'?: (?:(?:command )?not found|No such file or directory)$",
            "the program `{}` is not installed",
            "{install}",
        )
    },
    Rule {
        when: |case, program| is_word_of_conf(case, program),
        ..Rule::new(
            &[Start],
            r"(?:^|[\s:'])'?([\w.+/-]+)'?: (?:(?:command )?not found|No such file or directory)$",
            "the MAKE line of dkms.conf runs `{}`, and there is no such program",
            "correct MAKE in {source}/dkms.conf, if it should be `make`; else install what brings it",
        )
    },
    Rule::new(
        &[Start],
        r"\\r'|\r|\^M",
        "a script or makefile of the module has the line ends of Windows",
        "unpack the source again so that line ends stay, or run `sed -i 's/\\r$//'` on its files in {source}",
    ),
    Rule {
        when: |case, script| case.about.source.is_not_executable(script),
        ..Rule::new(
            &[Start, Program],
            r"(?:^|[\s:])'?((?:\.{1,2}/|/)?[\w./+#@-]+)'?: Permission denied$",
            "the script {} may not be executed: it lost its x bit, as archives and web interfaces lose it",
            "{chmod}",
        )
    },
    Rule {
        when: |case, script| {
            (script.starts_with("/tmp/") || script.starts_with("/var/lib/dkms/")) && case.about.source.has(script)
        },
        ..Rule::new(
            &[Start],
            r"(?:^|[\s:])'?(/[\w./+#@-]+)'?: Permission denied$",
            "{} may not be executed although it has the x bit: its file system is mounted noexec, or a security policy forbids it",
            "see `findmnt -T /var/lib/dkms`, and denials of SELinux or AppArmor in the system's log",
        )
    },
    Rule {
        when: |case, path| submodule(case, path).is_some(),
        ..Rule::new(
            &[Make, Compiler, Program, Start, Recipe],
            r"(?:No rule to make target '|fatal error: |cannot stat '|\*\*\* |: )([\w./+@-]+)'?(?::|,| No such|\. )",
            "the source lacks its git submodule {submodule}: the folder is empty",
            "run `git submodule update --init --recursive` in the checkout, and take the source from there: archives that GitHub makes hold no submodules",
        )
    },
    Rule {
        when: |case, _| !case.about.empty_submodules().is_empty(),
        ..Rule::new(
            &[Make],
            r"No targets specified and no makefile found",
            "the source lacks its git submodule {submodule}: the folder is empty",
            "run `git submodule update --init --recursive` in the checkout, and take the source from there: archives that GitHub makes hold no submodules",
        )
    },
    Rule {
        when: |case, file| is_configured(case, file),
        ..Rule::new(
            &[Make, Compiler],
            r"No targets specified and no makefile found|No rule to make target '[^']*?([\w.-]+)'|fatal error: ([\w./-]+): No such file",
            "the source has to be configured first: {configure} makes what is missing here",
            "run it in {source}, or let PRE_BUILD=\"{configure}\" in its dkms.conf run it",
        )
    },
    Rule::new(
        &[Make],
        r"No targets specified and no makefile found",
        "there is no Makefile where the MAKE line of dkms.conf runs make",
        "correct MAKE in {source}/dkms.conf (`make -C FOLDER`), or look whether the source is complete",
    ),
    Rule {
        when: |_, target| ["all", "modules", "module", "default", "install"].contains(&target),
        ..Rule::new(
            &[Make],
            r"No rule to make target '([^']+)'\.",
            "the Makefile has no target `{}`, which the MAKE line of dkms.conf asks for",
            "see which targets the Makefile in {source} has, and correct MAKE in its dkms.conf",
        )
    },
    Rule {
        when: |case, file| {
            has_ending(file, &[".c", ".o", ".S", ".h", ".mod"]) || case.fatal.line.contains(", needed by '")
        },
        ..Rule::new(
            &[Make],
            r"No rule to make target '(?:/var/lib/dkms/[^/']+/[^/']+/build/)?([^'/][^']*)'",
            "the source lacks a file from which {} is made, or a Makefile names the wrong one",
            "look whether {source} is complete (generated files, links, git submodules), else look for a newer release of {module}",
        )
    },
    Rule {
        when: |case, folder| folder.starts_with('/') && case.about.source.has(folder),
        ..Rule::new(
            &[Make],
            r"\*\*\* (/[\w./+@-]+): No such file or directory\.",
            "make is sent into the folder {}, which is there, but which no build sees: its room shows the system's own folders",
            "move it below /usr/src or /opt, or let this module be built without walls: room=none in /etc/dkms/{module}.conf",
        )
    },
    Rule::new(
        &[Make],
        r"\*\*\* (/?[\w./+@-]+): No such file or directory\.",
        "make is sent into the folder {}, which does not exist",
        "correct MAKE in {source}/dkms.conf or the path in the Makefile there, or look whether the source is complete",
    ),
    Rule::new(
        &[Make],
        r"missing separator|recipe commences before first target|multiple target patterns|missing 'endif'",
        "the module's Makefile is not a valid makefile",
        "look at the line that is named, and whether the source was unpacked unchanged (tabs, line ends)",
    ),
];

/// Whether the kernel's makefiles are told the module's folder in the old way only.
pub(super) fn is_by_subdirs(case: &Case<'_>) -> bool {
    let command = case.heard.commands.last().map_or("", String::as_str);
    let is_old = |text: &str| text.contains("SUBDIRS=") && !text.contains(" M=") && !text.contains("KBUILD_EXTMOD=");
    is_old(command) || (!command.contains(" M=") && is_old(&case.about.makefile()))
}

/// Whether this is a word with which the command of dkms.conf begins, as opposed to something that it runs.
fn is_word_of_conf(case: &Case<'_>, program: &str) -> bool {
    let command = case.heard.commands.last().map_or("", String::as_str);
    let line = &case.fatal.line;
    ["bash: ", "/bin/bash: ", "sh: ", "dkms: line "].iter().any(|shell| line.starts_with(shell))
        && command.split(&[';', '&', '|'][..]).any(|part| part.split_whitespace().next() == Some(program))
}

/// The empty submodule that a missing file belongs to.
fn submodule(case: &Case<'_>, path: &str) -> Option<String> {
    let empty = case.about.empty_submodules();
    let within = |folder: &&String| {
        let folder = folder.trim_end_matches('/');
        path == folder || path.contains(&format!("{folder}/")) || path.ends_with(&format!("/{folder}"))
    };
    let last = |folder: &&String| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        path.split('/').any(|part| part == name)
    };
    empty.iter().find(within).or_else(|| empty.iter().find(last)).cloned()
}

/// Whether what is missing is made by a configure script that lies there.
fn is_configured(case: &Case<'_>, file: &str) -> bool {
    let source = case.about.source;
    let is_made = file.is_empty() || source.has(&format!("{file}.in")) || file == "config.h" || file == "Makefile";
    configure(case).is_some() && is_made && !(file.is_empty() && source.has("Makefile"))
}

fn configure(case: &Case<'_>) -> Option<&'static str> {
    ["configure", "autogen.sh", "bootstrap", "bootstrap.sh"].into_iter().find(|name| case.about.source.has(name))
}

fn has_ending(file: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| file.ends_with(ending))
}

/// What only these rules put into their sentences.
pub(super) fn own_words(sentence: &str, case: &Case<'_>, word: &str) -> String {
    let mut text = sentence.to_owned();
    if text.contains("{submodule}") {
        let any = || case.about.empty_submodules().into_iter().next();
        text = text.replace("{submodule}", &submodule(case, word).or_else(any).unwrap_or_default());
    }
    if text.contains("{configure}") {
        let script = configure(case).map(|script| format!("./{script}")).unwrap_or_default();
        text = text.replace("{configure}", &script);
    }
    if text.contains("{chmod}") {
        let build = format!("/var/lib/dkms/{}/{}/build/", case.about.id.name, case.about.id.version);
        let file = word.strip_prefix(&build).or_else(|| word.strip_prefix("./")).unwrap_or(word);
        text = text.replace("{chmod}", &format!("`chmod +x {{source}}/{file}`, then build again"));
    }
    if text.contains("{tell_makefile}") {
        text = text.replace("{tell_makefile}", &tell_makefile(&case.about.makefile()));
    }
    text
}

/// Whether a makefile names modules and has no rule (GNU make manual, "Rule Syntax").
fn is_for_kbuild_only(makefile: &str) -> bool {
    let names_modules = |line: &str| line.starts_with("obj-m") || line.starts_with("obj-$(");
    let is_rule = |line: &str| {
        let head = line
            .split_once(':')
            .filter(|(before, after)| !before.contains(['=', '#']) && !after.starts_with(['=', ':']));
        !line.starts_with('\t') && head.is_some()
    };
    makefile.lines().any(names_modules) && !makefile.lines().any(is_rule)
}

/// How the command line can tell the Makefile its kernel: by the variable that holds `uname -r`, or the folder made of it.
fn tell_makefile(makefile: &str) -> String {
    let assigned = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim().trim_end_matches(['?', ':', '+']).trim_start_matches("export ").trim();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name.then(|| (name.to_owned(), value.trim().to_owned()))
    };
    let lines: Vec<_> = makefile.lines().filter_map(assigned).collect();
    let release = lines.iter().find(|(_, value)| value.contains("uname -r") && !value.contains('/'));
    let folder = lines.iter().find(|(_, value)| value.contains("/lib/modules/"));
    let word = match (release, folder) {
        (Some((name, _)), _) => format!("{name}=$kernelver"),
        (None, Some((name, _))) => format!("{name}=$kernel_source_dir"),
        (None, None) => {
            return "take MAKE out of {source}/dkms.conf (dkms then runs `make -C $kernel_source_dir M=…` itself), or let \
                    the Makefile take the kernel's folder from a variable"
                .to_owned();
        }
    };
    format!("hand it the kernel in {{source}}/dkms.conf: MAKE[0]=\"'make' {word}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_that_holds_the_kernel_is_found_in_the_makefile() {
        for (makefile, expected) in [
            ("KVER ?= $(shell uname -r)\nKDIR := /lib/modules/$(KVER)/build\n", "'make' KVER=$kernelver"),
            ("KDIR := /lib/modules/$(shell uname -r)/build\n", "'make' KDIR=$kernel_source_dir"),
            ("all:\n\tmake -C /lib/modules/$(shell uname -r)/build M=$(PWD) modules\n", "take MAKE out"),
        ] {
            let told = tell_makefile(makefile);
            assert!(told.contains(expected), "{told}");
        }
    }
}
