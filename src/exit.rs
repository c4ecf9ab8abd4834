//! Exit codes: one table, each line with the case that raises it.

use std::fmt;

macro_rules! exit_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $when:literal;)*) => {
        /// Why the program ends with a code other than 0. Many cases share a code; the codes are those that callers of
        /// the shell original test for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Kind {
            $($(#[$doc])* #[doc = $when] $variant,)*
            /// A hook script of the module ended the action with this code of its own.
            Script(u8),
        }

        impl Kind {
            pub(crate) fn code(self) -> u8 {
                match self { $(Kind::$variant => $code,)* Kind::Script(code) => code }
            }

            /// When this case arises, in one phrase.
            pub(crate) fn when(self) -> &'static str {
                match self { $(Kind::$variant => $when,)* Kind::Script(_) => "a hook script of the module failed; its own code" }
            }

            /// The name of this case in documents for programs: `already-added`. It never changes.
            pub(crate) fn name(self) -> String {
                let name = match self { $(Kind::$variant => stringify!($variant),)* Kind::Script(_) => "Script" };
                kebab(name)
            }

            /// The case that [`Kind::name`] gives this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }

            /// Whether it is about a module's source, the same for each of its kernels.
            pub(crate) fn is_of_source(self) -> bool {
                use Kind::{AlreadyAdded, BadConf, Broken, ConfMissing, EmptySource, NotInTree, SourceMissing};
                matches!(
                    self,
                    AlreadyAdded | BadConf | Broken | ConfMissing | EmptySource | NotInTree | SourceMissing
                )
            }

            /// Every case with a code of its own, in the order of the table.
            pub(crate) const ALL: &'static [Kind] = &[$(Kind::$variant),*];
        }
    };
}

exit_codes! {
    NotRoot = 1, "not root, or no write access to the tree";
    NameMissing = 1, "module or version missing from the command line";
    StartFailed = 1, "dkms_autoinstaller start, and the service at boot: at least one module failed or lacked a dependency";
    ArchCount = 1, "the number of -a differs from the number of -k";
    TemplateMissing = 1, "match without --templatekernel";
    BinariesOnly = 1, "ldtarball: loaded, but there is no source tree for it";
    CheckPending = 1, "check: something waits for a package, or is to be done";
    MokRefused = 1, "mok enroll, mok rotate: there is no key, or nobody to take it";
    PreflightOpen = 1, "preflight: of some module it cannot be told whether it would build";
    LintFailed = 1, "lint: something would fail";
    MatrixOpen = 1, "mkmatrix: of some module and kernel it cannot be told, or it is not built yet; with --cell: there is no result";
    MatrixFailed = 2, "mkmatrix: some module does not build for some kernel; the packages of the others are made";
    CheckFailed = 2, "check: something failed and was not done since";
    PreflightFailed = 2, "preflight: some module would not build";
    FsckFound = 1, "fsck: something is wrong, or is left for you to repair";
    FsckFailed = 2, "fsck --repair: something could not be repaired";
    BadOption = 2, "unknown option, unknown action or a value that is not allowed";
    KernelWithAll = 2, "-k together with --all";
    SourceMissing = 2, "the source directory does not exist";
    ArchiveMissing = 2, "the archive does not exist";
    ArchiveNotLoaded = 2, "common.postinst: the archive that the package brings cannot be loaded";
    TemplateIsKernel = 2, "the template kernel is the kernel itself";
    ArchWithAll = 3, "-a together with --all";
    AlreadyAdded = 3, "add: the module is already added";
    NotInTree = 3, "the module is not in the DKMS tree";
    NotAnArchive = 3, "not an archive that DKMS can read, or one that is refused";
    TwoActions = 4, "two actions on one command line";
    NoOsRelease = 4, "no os-release file";
    ConfMissing = 4, "no dkms.conf file";
    KernelCount = 4, "more or fewer than one kernel where exactly one is needed";
    Broken = 4, "the module is broken: its source is gone";
    AllRefused = 5, "--all where it is refused";
    PatchMissing = 5, "a patch is missing, or its path holds ..";
    PatchFailed = 6, "a patch does not apply";
    KernelMissing = 6, "install: the kernel's module directory does not exist";
    BuiltMissing = 6, "install: a built module file is missing";
    NothingInstalled = 6, "install: the version check left nothing to install";
    NotSigned = 6, "install: the kernel takes signed modules only, and what is built is not signed";
    BuiltChanged = 6, "install: what is built is not what the build left, or is no module that the kernel loads";
    DepmodFailed = 6, "depmod failed; the install was taken back";
    NotBuilt = 6, "--binaries: the module is not built for the kernel, or what is built cannot be used";
    TarballFailed = 6, "mktarball failed, or the module is not built";
    ModuleNotProduced = 7, "make succeeded but a module of dkms.conf was not produced";
    ArchiveWithoutConf = 7, "archive without a valid dkms.conf";
    BadConf = 8, "bad dkms.conf";
    EmptySource = 8, "the source tree holds nothing but dkms.conf";
    OnlyBuilds = 8, "the module came as builds for other kernels, without source";
    OnlyAndOnly = 8, "--binaries-only together with --source-only";
    ArchiveAlreadyAdded = 8, "the archive's module is already added";
    OperandWithoutConf = 9, "the operand directory lacks dkms.conf";
    NoWritePermission = 9, "no write permission for the place of an output file";
    OutputExists = 9, "an output file exists already, and --force was not given";
    RpmFailed = 9, "rpm could not install the .rpm operand";
    MakeFailed = 10, "the make command failed";
    OtherKernel = 10, "make ended well, but what it made is for another kernel or processor";
    NotMadeNow = 10, "make ended well, but a module is the one that came with the source";
    StaysUnsigned = 10, "a module that is built could not be signed, and stays as it is";
    NoModule = 10, "make ended well, but what it made is no kernel module";
    PreflightStops = 10, "event: a package manager's transaction would leave a kernel without a module that it must have";
    CompilerMissing = 10, "build: the kernel is for another kind of machine, and no compiler for it is here";
    ToolchainUnfit = 10, "build: --toolchain has no make, or not the compiler that the kernel was built with";
    NoRoom = 10, "build: a room is demanded (room=full or room=user) that this machine does not allow";
    AutoinstallFailed = 11, "autoinstall: at least one module failed or lacked a dependency";
    ArchUnknown = 12, "the architecture is unknown";
    DependencyMissing = 13, "a BUILD_DEPENDS module is not installed for the kernel";
    KernelEventFailed = 14, "kernel_preinst or kernel_prerm failed for some module";
    KernelEmpty = 16, "empty kernel version or architecture";
    HeadersMissing = 21, "the kernel headers were not found";
    Usage = 64, "a command line of our own subcommands that makes no sense";
    Internal = 70, "internal error: a fault in dkms itself";
    InputOutput = 74, "input/output error";
    ReadOnly = 74, "install: the modules of the kernel are on a read-only file system; nothing was compiled";
    DevicesMissing = 74, "build: the root has no /dev/null, without which no program can work; nothing was compiled";
    LockTimeout = 75, "another dkms held the lock for too long";
    EventFailed = 76, "event: a module failed and the failure policy is strict, or a kernel that lacks an essential one is held";
    Excluded = 77, "excluded by a BUILD_EXCLUSIVE_ directive";
    DiskFull = 78, "the disk is full";
    InitramfsFailed = 79, "reconcile: the modules are up to date, but an initramfs could not be made anew";
    PreInstallFailed = 101, "the PRE_INSTALL script failed";
    Interrupted = 130, "a signal (INT, TERM, HUP or QUIT) ended the work before all of it was done";
}

impl Kind {
    /// Whether a step that ends so has not failed: nothing is to be done for this kernel, or nothing better can be.
    pub(crate) fn is_no_failure(self) -> bool {
        self.is_fact() || self == Kind::StaysUnsigned
    }

    /// Whether a build that ends so would do it again from the same source, headers and compiler.
    pub(crate) fn is_of_the_source(self) -> bool {
        use Kind::{MakeFailed, ModuleNotProduced, NoModule, NotMadeNow, OtherKernel, PatchFailed};
        matches!(self, MakeFailed | NoModule | NotMadeNow | ModuleNotProduced | OtherKernel | PatchFailed)
    }

    /// Whether it says that a module cannot be for a kernel, which no retry changes.
    pub(crate) fn is_fact(self) -> bool {
        matches!(self, Kind::Excluded | Kind::NothingInstalled | Kind::OnlyBuilds)
    }
}

/// `AlreadyAdded` → `already-added`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.when())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_never_shares_the_code_of_a_failed_pre_install() {
        assert_eq!(Kind::PreInstallFailed.code(), 101);
        assert_ne!(Kind::Internal.code(), 101);
    }

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(names.contains("already-added") && Kind::Script(3).name() == "script");
    }

    #[test]
    fn no_case_ends_with_success() {
        assert!(Kind::ALL.iter().all(|kind| kind.code() != 0));
    }
}
