//! The compiler of a kernel: modules have to be built by the one that built the kernel, where it is at hand.

use std::path::Path;

use object::{Object, ObjectSection};

use crate::kernel::KernelConfig;
use crate::sys::environment::{Whom, made};
use crate::sys::{Finished, System};

/// What a kernel was built with, as far as the module's build has to follow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// The compiler for CC and KERNEL_CC, with its words as make would use them. None: the module's own choice.
    pub(crate) compiler: Option<String>,
    /// Whether clang built it: makes get LLVM=1, and llvm-strip strips.
    pub(crate) is_llvm: bool,
    /// Whether LLVM's linker linked it: LD and KERNEL_LD name it.
    pub(crate) is_lld: bool,
}

impl Toolchain {
    /// Reads the headers (an opened path): their configuration, `.kernelvariables`, and a vmlinux if there is one.
    pub(crate) fn detect(system: &System, config: &KernelConfig, headers: &Path) -> Self {
        let is_llvm = config.is_clang() || is_built_by_clang(&headers.join("vmlinux"));
        let exists = |program: &str| system.has_program(program);
        let chosen = kernel_variables(system, headers);
        Self { compiler: choose(chosen.as_deref(), config, is_llvm, &exists), is_llvm, is_lld: config.is_lld() }
    }

    /// The variables that tell the module's build.
    pub(crate) fn variables(&self) -> Vec<(&'static str, &str)> {
        let compiler = self.compiler.as_deref();
        let linker = self.is_lld.then_some("ld.lld");
        [("CC", compiler), ("KERNEL_CC", compiler), ("LD", linker), ("KERNEL_LD", linker)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// The program that strips this kernel's modules.
    pub(crate) fn strip(&self, system: &System) -> &'static str {
        if self.is_llvm && system.has_program("llvm-strip") { "llvm-strip" } else { "strip" }
    }
}

/// The first candidate whose programs exist: what the headers choose, what the kernel's configuration names, clang.
fn choose(chosen: Option<&str>, config: &KernelConfig, is_llvm: bool, exists: &dyn Fn(&str) -> bool) -> Option<String> {
    let text = config.get("CONFIG_CC_VERSION_TEXT").unwrap_or_default();
    let mut candidates: Vec<String> = Vec::new();
    candidates.extend(chosen.map(str::to_owned));
    candidates.extend(config.compiler().map(str::to_owned));
    if is_llvm {
        candidates.push("clang".to_owned());
        candidates.extend(clang_with_version(text));
    }
    candidates.into_iter().find(|command| {
        let mut words = command.split_whitespace().filter(|word| !word.starts_with('-')).peekable();
        words.peek().is_some() && words.all(exists)
    })
}

/// `clang-18` of `Ubuntu clang version 18.1.3 (1ubuntu1)`, as distributions name their second compilers.
fn clang_with_version(text: &str) -> Option<String> {
    let (_, version) = text.split_once("clang version ")?;
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    (!major.is_empty()).then(|| format!("clang-{major}"))
}

/// The CC of `.kernelvariables`, a makefile in Debian's headers, as make understands it.
fn kernel_variables(system: &System, headers: &Path) -> Option<String> {
    const FILE: &str = ".kernelvariables";
    if !headers.join(FILE).is_file() {
        return None;
    }
    let show = "dkms_show_cc: ; @$(if $(filter default undefined,$(origin CC)),,$(info $(strip $(CC)))):";
    let environment = made(system.environment(), Whom::Build, &[]);
    let command =
        system.command_in(&environment, headers, "make").args(["-s", "-f", FILE, "--eval", show, "dkms_show_cc"]);
    let finished = system.run(&command).ok().filter(Finished::success)?;
    Some(finished.text().trim().to_owned()).filter(|compiler| !compiler.is_empty())
}

/// Whether the `.comment` of a kernel image names clang.
fn is_built_by_clang(vmlinux: &Path) -> bool {
    let Ok(file) = fs_err::File::open(vmlinux) else { return false };
    // A vmlinux with debug information is larger than most machines would like to hold in memory.
    let cache = object::ReadCache::new(file.into_parts().0);
    let Ok(elf) = object::File::parse(&cache) else { return false };
    let comment = elf.section_by_name(".comment").and_then(|section| section.data().ok());
    comment.is_some_and(|text| text.windows(5).any(|word| word == b"clang"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_is_the_kernels_where_it_exists() {
        let gcc = "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\n";
        let clang = "CONFIG_CC_VERSION_TEXT=\"Ubuntu clang version 18.1.3 (1ubuntu1)\"\n";
        // .kernelvariables, configuration, clang?, programs, compiler
        let cases = [
            (None, gcc, false, &["gcc-12", "gcc"][..], Some("gcc-12")),
            (None, gcc, false, &["gcc"], None),
            (Some("gcc-11"), gcc, false, &["gcc-12", "gcc-11"], Some("gcc-11")),
            (Some("gcc-11"), gcc, false, &["gcc-12"], Some("gcc-12")),
            (Some("ccache gcc-12"), gcc, false, &["gcc-12"], Some("gcc-12")),
            (Some("ccache gcc-11 -m64"), gcc, false, &["gcc-11", "ccache"], Some("ccache gcc-11 -m64")),
            (None, clang, true, &["clang", "clang-18"], Some("clang")),
            (None, clang, true, &["clang-18"], Some("clang-18")),
            (None, clang, true, &["gcc"], None),
            (None, "CONFIG_CC_VERSION_TEXT=\"clang-15 x\"\n", true, &["clang", "clang-15"], Some("clang-15")),
            (None, "", false, &["gcc"], None),
        ];
        for (chosen, config, is_llvm, programs, expected) in cases {
            let compiler = choose(chosen, &KernelConfig::parse(config), is_llvm, &|name| programs.contains(&name));
            assert_eq!(compiler.as_deref(), expected, "{chosen:?} {config} {programs:?}");
        }
    }

    #[test]
    fn debians_makefile_fragment_is_asked_through_make() {
        let headers = tempfile::tempdir().unwrap();
        let text = "override ARCH = x86\nCC = $(if $(NOPE),ccache) $(CROSS_COMPILE)gcc-12\n";
        fs_err::write(headers.path().join(".kernelvariables"), text).unwrap();
        assert_eq!(kernel_variables(&System::host(), headers.path()).as_deref(), Some("gcc-12"));
        fs_err::write(headers.path().join(".kernelvariables"), "override ARCH = x86\n").unwrap();
        assert_eq!(kernel_variables(&System::host(), headers.path()), None, "make's own default is no choice");
        assert_eq!(kernel_variables(&System::host(), Path::new("/nonexistent")), None);
    }

    #[test]
    fn the_linker_and_the_compiler_are_told_under_both_names() {
        let toolchain = Toolchain { compiler: Some("clang".into()), is_llvm: true, is_lld: true };
        let expected = [("CC", "clang"), ("KERNEL_CC", "clang"), ("LD", "ld.lld"), ("KERNEL_LD", "ld.lld")];
        assert_eq!(toolchain.variables(), expected);
        assert_eq!(Toolchain::default().variables(), []);
    }
}
