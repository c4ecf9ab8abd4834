//! The compiler of a kernel: modules have to be built by the one that built the kernel, where it is at hand.

use std::path::Path;

use object::{Object, ObjectSection};

use crate::action::compile::cross::Cross;
use crate::ids::Arch;
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
    /// Where the kernel is for another kind of machine.
    pub(crate) cross: Option<Cross>,
}

impl Toolchain {
    /// Reads the headers (an opened path): their configuration, `.kernelvariables`, and a vmlinux if there is one.
    pub(crate) fn detect(system: &System, config: &KernelConfig, headers: &Path, arch: &Arch) -> Self {
        let is_llvm = config.is_clang() || is_built_by_clang(&headers.join("vmlinux"));
        let exists = |program: &str| system.has_program(program);
        let cross = Cross::of(arch, system.machine());
        let chosen = kernel_variables(system, headers, cross);
        let compiler = match cross.filter(|_| !is_llvm) {
            Some(cross) => for_another(chosen.as_deref(), config, cross, &exists),
            None if system.toolchain().is_some() && !is_llvm => {
                let own = chosen.clone().or_else(|| of_release(config));
                choose(own.as_deref(), config, is_llvm, &exists)
            }
            None => choose(chosen.as_deref(), config, is_llvm, &exists),
        };
        Self { compiler, is_llvm, is_lld: config.is_lld(), cross }
    }

    /// The variables that tell the module's build.
    pub(crate) fn variables(&self) -> Vec<(&'static str, &str)> {
        let compiler = self.compiler.as_deref();
        let linker = self.is_lld.then_some("ld.lld");
        let (arch, prefix) = (self.cross.map(|cross| cross.arch), self.cross.map(|cross| cross.prefix));
        let own = [("CC", compiler), ("KERNEL_CC", compiler), ("LD", linker), ("KERNEL_LD", linker)];
        own.into_iter()
            .chain([("ARCH", arch), ("CROSS_COMPILE", prefix)])
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// The program that strips this kernel's modules.
    pub(crate) fn strip(&self, system: &System) -> String {
        match self.cross {
            _ if self.is_llvm && system.has_program("llvm-strip") => "llvm-strip".to_owned(),
            Some(cross) => cross.tool("strip"),
            None => "strip".to_owned(),
        }
    }

    /// The compiler that is wanted, where there is none for the kernel's kind of machine.
    pub(crate) fn lacks(&self) -> Option<String> {
        self.cross.filter(|_| !self.is_llvm && self.compiler.is_none()).map(|cross| cross.tool("gcc"))
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

/// `gcc-12`, as distributions name compilers beside their usual one.
fn of_release(config: &KernelConfig) -> Option<String> {
    config.compiler_release().map(|release| release.to_string())
}

/// The first that exists of those for another kind of machine: what the headers choose, of the kernel's own release, of any.
fn for_another(
    chosen: Option<&str>,
    config: &KernelConfig,
    cross: Cross,
    exists: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let candidates = [chosen, config.compiler(), Some("gcc")].into_iter().flatten().map(|name| cross.tool(name));
    candidates.into_iter().find(|name| exists(name))
}

/// `clang-18` of `Ubuntu clang version 18.1.3 (1ubuntu1)`, as distributions name their second compilers.
fn clang_with_version(text: &str) -> Option<String> {
    let (_, version) = text.split_once("clang version ")?;
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    (!major.is_empty()).then(|| format!("clang-{major}"))
}

/// The CC of `.kernelvariables`, a makefile in Debian's headers, as make understands it.
fn kernel_variables(system: &System, headers: &Path, cross: Option<Cross>) -> Option<String> {
    const FILE: &str = ".kernelvariables";
    if !headers.join(FILE).is_file() {
        return None;
    }
    let show = "dkms_show_cc: ; @$(if $(filter default undefined,$(origin CC)),,$(info $(strip $(CC)))):";
    let environment = made(system.environment(), Whom::Build, &[]);
    let command =
        system.command_in(&environment, headers, "make").args(["-s", "-f", FILE, "--eval", show, "dkms_show_cc"]);
    let command = cross.iter().fold(command, |command, cross| command.env("CROSS_COMPILE", cross.prefix));
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
        let own = |headers: &Path| kernel_variables(&System::host(), headers, None);
        assert_eq!(own(headers.path()).as_deref(), Some("gcc-12"));
        let cross = Some(Cross { arch: "arm64", prefix: "aarch64-linux-gnu-" });
        let other = kernel_variables(&System::host(), headers.path(), cross);
        assert_eq!(other.as_deref(), Some("aarch64-linux-gnu-gcc-12"));
        fs_err::write(headers.path().join(".kernelvariables"), "override ARCH = x86\n").unwrap();
        assert_eq!(own(headers.path()), None, "make's own default is no choice");
        assert_eq!(own(Path::new("/nonexistent")), None);
    }

    #[test]
    fn the_linker_and_the_compiler_are_told_under_both_names() {
        let toolchain = Toolchain { compiler: Some("clang".into()), is_llvm: true, is_lld: true, cross: None };
        let expected = [("CC", "clang"), ("KERNEL_CC", "clang"), ("LD", "ld.lld"), ("KERNEL_LD", "ld.lld")];
        assert_eq!(toolchain.variables(), expected);
        assert_eq!(Toolchain::default().variables(), []);
    }

    #[test]
    fn a_kernel_of_another_machine_gets_a_compiler_for_it_or_is_told_which_is_missing() {
        let cross = Cross { arch: "arm64", prefix: "aarch64-linux-gnu-" };
        let config = KernelConfig::parse("CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\n");
        for (chosen, programs, expected) in [
            (None, &["gcc-12", "aarch64-linux-gnu-gcc-12"][..], Some("aarch64-linux-gnu-gcc-12")),
            (Some("aarch64-linux-gnu-gcc-11"), &["aarch64-linux-gnu-gcc-11"], Some("aarch64-linux-gnu-gcc-11")),
            (None, &["aarch64-linux-gnu-gcc"], Some("aarch64-linux-gnu-gcc")),
            (None, &["gcc-12", "gcc"], None),
        ] {
            let compiler = for_another(chosen, &config, cross, &|name| programs.contains(&name));
            assert_eq!(compiler.as_deref(), expected);
            let toolchain = Toolchain { compiler, cross: Some(cross), ..Toolchain::default() };
            assert_eq!(toolchain.lacks().is_some(), expected.is_none());
            let tail = [("ARCH", "arm64"), ("CROSS_COMPILE", "aarch64-linux-gnu-")];
            assert!(toolchain.variables().ends_with(&tail), "{toolchain:?}");
        }
    }
}
