//! Whether the toolchain of another root (`--toolchain`) can build for a kernel. A root's own is taken as it is: what does not fit
//! there is told by what the build says.

use std::path::Path;

use crate::action::Context;
use crate::action::compile::toolchain::Toolchain;
use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::Target;
use crate::kernel::KernelConfig;
use crate::sys::System;

/// Refuses a toolchain without make, or with another compiler than the kernel's: modules that it makes may not load, and which of
/// the kernel's own flags it does not know is no fault of the module.
pub(super) fn refuse_unfit(
    context: &Context<'_>,
    toolchain: &Toolchain,
    config: &KernelConfig,
    target: &Target,
) -> Result<()> {
    let Some(root) = context.system.toolchain() else { return Ok(()) };
    let (tools, whose) = (context.system.tools(), whose(root));
    let unfit = |what: String| Err(Error::new(Kind::ToolchainUnfit, what));
    if !tools.has_program("make") {
        return unfit(format!("{whose} has no make")).map_err(|error| {
            error.hint(format!("install make there{}, or name another root", by_apt(&tools, "make")))
        });
    }
    let wanted = config.compiler_release();
    let usual = wanted.map_or("gcc", |release| release.family);
    let compiler = toolchain.compiler.as_deref().unwrap_or(usual);
    let package = wanted.map_or_else(|| usual.to_owned(), |release| release.to_string());
    let hint =
        format!("install {package} there{}, or name a root that has it: `--toolchain DIR`", by_apt(&tools, &package));
    let built = wanted.map_or_else(String::new, |release| format!(", and {release} built kernel {}", target.kernel));
    let program = compiler.split_whitespace().rfind(|word| !word.starts_with('-')).unwrap_or(usual);
    if !tools.has_program(program) {
        return unfit(format!("{whose} has no {program}{built}")).map_err(|error| error.hint(hint));
    }
    let found = match release_of(&tools, program) {
        Ok(found) => found,
        Err(why) => {
            return unfit(format!("{program} of {whose} cannot be run: {why}")).map_err(|error| error.hint(hint));
        }
    };
    if wanted.is_some_and(|wanted| found != Some(wanted.major)) {
        let found = found.map_or_else(|| "of an unknown release".to_owned(), |major| format!("of release {major}"));
        return unfit(format!("{program} of {whose} is {found}{built}")).map_err(|error| error.hint(hint));
    }
    let line = format!("make and compilers are those of {whose}");
    if context.memo.is_news(&line) {
        context.reporter.detail(line);
    }
    Ok(())
}

/// What to type where a root that is not running cannot build by itself.
pub(super) fn advice(system: &System) -> Option<String> {
    let lacks = |programs: &[&str]| !programs.iter().any(|program| system.has_program(program));
    let is_without = lacks(&["make"]) || lacks(&["gcc", "cc", "clang"]);
    let may_take = !system.is_live() && system.toolchain().is_none() && is_without;
    may_take.then(|| {
        "a root may be built for without make and compiler in it: `--toolchain host` takes this host's".to_owned()
    })
}

fn whose(root: &Path) -> String {
    if root == Path::new("/") { "this host".to_owned() } else { root.display().to_string() }
}

fn by_apt(tools: &System, package: &str) -> String {
    if tools.has_program("apt-get") { format!(" (`apt-get install {package}`)") } else { String::new() }
}

/// The first number of what a compiler says of its release.
fn release_of(tools: &System, program: &str) -> std::result::Result<Option<u32>, String> {
    let command = tools.command(tools.root(), program).arg("-dumpversion");
    match tools.run(&command) {
        Ok(finished) if finished.success() => Ok(major(&finished.text())),
        Ok(finished) => Err(format!("{} {}", finished.how(), finished.error_text())),
        Err(error) => Err(error.source.to_string()),
    }
}

fn major(text: &str) -> Option<u32> {
    text.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_say_their_release_in_one_number_or_three() {
        for (text, expected) in
            [("12\n", Some(12)), ("12.2.0\n", Some(12)), ("18.1.3", Some(18)), ("", None), ("x", None)]
        {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
