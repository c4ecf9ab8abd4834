//! Patterns of build logs, each with its cause and what to do. `{}` stands for what the pattern's first group matched.

pub(crate) struct Rule {
    /// A regular expression over one line.
    pub(crate) pattern: &'static str,
    /// Why a line like this appears, in a sentence.
    pub(crate) cause: &'static str,
    /// What to do, in a sentence.
    pub(crate) advice: &'static str,
}

/// What lies with the machine and not with the module; looked for in every line, the first rule of the table wins.
pub(crate) const MACHINE: &[Rule] = &[
    Rule {
        pattern: r"(?i)no space left on device|disk quota exceeded",
        cause: "the disk is full",
        advice: "free some space below /var/lib/dkms and in the folder for temporary files, then build again",
    },
    Rule {
        pattern: r"(?i)read-only file system",
        cause: "a file system is mounted read-only",
        advice: "look for errors of the disk in the kernel's log (dmesg), mount it writable, then build again",
    },
    Rule {
        pattern: r"(?i)virtual memory exhausted|out of memory|cannot allocate memory|Killed signal terminated program|^Killed$|: Killed$",
        cause: "there was not enough memory for the compiler",
        advice: "build with fewer jobs (`dkms build -j 1 …`) or add swap space",
    },
    Rule {
        pattern: r"(?:: |: line )([\w.+-]*(?:gcc|clang|g\+\+|cc|ld\.lld|\bld)(?:-[\d.]+)?): (?:command )?not found$",
        cause: "the compiler or linker `{}` is not installed",
        advice: "install the package that brings `{}`: modules have to be built by the compiler that built the kernel",
    },
    Rule {
        pattern: r"^make.*?: (?:\*\*\* )?(\S*(?:gcc|clang)(?:-[\d.]+)?): No such file or directory",
        cause: "the compiler `{}` is not installed",
        advice: "install the package that brings `{}`: modules have to be built by the compiler that built the kernel",
    },
    Rule {
        pattern: r"(?:: |: line )(flex|bison|bc|perl|python3?|rsync|cpio|awk|xz|gzip|zstd|openssl|git|patch|m4|autoconf|make|ld|objtool|strip|objcopy): (?:command )?not found$",
        cause: "the program `{}` is not installed",
        advice: "install the package that brings `{}`",
    },
    Rule {
        pattern: r"(?:: )((?:llvm-)?(?:nm|objcopy|objdump|readelf|strip|ar)) failed$",
        cause: "the program `{}` failed or is not installed",
        advice: "install the package that brings `{}` (binutils, or llvm for kernels built by clang)",
    },
    Rule {
        pattern: r"(?i)(pahole)[^ ]*( \([^)]*\))?( is not available|: (command )?not found|: No such file)",
        cause: "the program `{}` is not installed",
        advice: "install the package that brings `{}` (Debian and Arch: pahole; Fedora and SUSE: dwarves)",
    },
    Rule {
        pattern: r"(libelf-dev|libelf-devel|elfutils-libelf-devel|gelf\.h|libelf\.h)",
        cause: "the development files of libelf are not installed",
        advice: "install them (Debian: libelf-dev; Fedora: elfutils-libelf-devel; SUSE: libelf-devel; Arch: libelf)",
    },
    Rule {
        pattern: r"(openssl/\w+\.h): No such file",
        cause: "the development files of OpenSSL are not installed",
        advice: "install them (Debian: libssl-dev; Fedora and SUSE: openssl-devel; Arch: openssl)",
    },
    Rule {
        pattern: r"(?i)cannot load plugin|incompatible gcc/plugin versions|inaccessible plugin file",
        cause: "the kernel was built with compiler plugins of another compiler version",
        advice: "install the compiler version that built the kernel (CONFIG_CC_VERSION_TEXT in its configuration)",
    },
    Rule {
        pattern: r"(?:gcc|cc1|clang|cc)[-\w.]*: error: (?:unrecognized|unknown|unsupported)[^']*[‘'`]([^’']+)[’']",
        cause: "this compiler does not know the option `{}`, which the kernel was built with",
        advice: "install the compiler version that built the kernel (CONFIG_CC_VERSION_TEXT in its configuration)",
    },
    Rule {
        pattern: r"Kernel configuration is invalid|include/config/auto\.conf (?:or|are) missing|autoconf\.h or include/config/auto\.conf are missing",
        cause: "the kernel headers are incomplete: they hold no configuration",
        advice: "reinstall the headers of this kernel; for a kernel built by hand run `make modules_prepare` in its source",
    },
    Rule {
        pattern: r"(scripts/(?:basic/fixdep|mod/modpost|genksyms/genksyms)): (?:not found|No such file|cannot execute|Exec format error|Permission denied)",
        cause: "the program {} of the kernel headers is missing or made for another architecture",
        advice: "reinstall the headers of this kernel; for a kernel built by hand run `make modules_prepare` in its source",
    },
    Rule {
        pattern: r"(/tmp/\S+|/var/lib/dkms/\S+): Permission denied$",
        cause: "the file system of {} does not allow to execute programs (noexec), or a security policy forbids it",
        advice: "look at the mount options of that folder, and for denials of SELinux or AppArmor in the system log",
    },
];

/// What lies with the module; looked for in the first error of the log, the first rule of the table wins.
pub(crate) const FIRST_ERROR: &[Rule] = &[
    Rule {
        pattern: r"fatal error: ((?:linux|asm|asm-generic|net|drm|sound|uapi|media|scsi|crypto|video|acpi|generated)/\S+): No such file",
        cause: "the kernel's header {} does not exist in this kernel: its internal interface is another one than the module expects",
        advice: NEWER,
    },
    Rule {
        pattern: r"fatal error: (stdarg\.h|stddef\.h|stdbool\.h): No such file",
        cause: "kernels since 5.16 do not offer the compiler's own header {}",
        advice: NEWER,
    },
    Rule {
        pattern: r"fatal error: (\S+): No such file",
        cause: "the header {} was not found: a part of the module's source or a package that it builds on is missing",
        advice: "look whether the module's documentation names further packages, and whether its source is complete",
    },
    Rule {
        pattern: r"GPL-incompatible module .* uses GPL-only symbol '?([\w.]+)'?",
        cause: "this kernel gives its symbol {} to modules under the GPL only",
        advice: NEWER,
    },
    Rule {
        pattern: r#"(?:modpost: |WARNING: |ERROR: )?"([\w.]+)" \[.*\] undefined!"#,
        cause: "neither this kernel nor a module it was built with exports the symbol {}",
        advice: "if another module brings it, name that one in BUILD_DEPENDS and build it first; otherwise look for a newer version of the module",
    },
    Rule {
        pattern: r"implicit declaration of function [‘'`](\w+)[’']|call to undeclared function '(\w+)'",
        cause: "this kernel has no function {}: its internal interface is another one than the module expects",
        advice: NEWER,
    },
    Rule {
        pattern: r"has no member named [‘'`](\w+)[’']|no member named '(\w+)' in",
        cause: "a structure of this kernel has no member {}: its internal interface is another one than the module expects",
        advice: NEWER,
    },
    Rule {
        pattern: r"too (?:few|many) arguments to function(?: call| [‘'`](\w+)[’'])",
        cause: "a function of this kernel takes other arguments: its internal interface is another one than the module expects",
        advice: NEWER,
    },
    Rule {
        pattern: r"(?i)incompatible[- ]pointer[- ]type|incompatible function pointer|conflicting types for|unknown type name|undeclared|incomplete type|assignment of read-only member|redefinition of|macro .* (?:passed|requires)|makes (?:pointer|integer) from|redeclared|storage size of .* isn.t known|invalid use of undefined type",
        cause: "the kernel's internal interface is another one than the module expects",
        advice: NEWER,
    },
    Rule {
        pattern: r"modpost: missing MODULE_LICENSE\(\)",
        cause: "the module states no license, which this kernel requires",
        advice: "look for a newer version of the module",
    },
    Rule {
        pattern: r"\[-Werror|warnings? (?:being )?treated as errors",
        cause: "the compiler warns of something, and the build takes warnings for errors",
        advice: NEWER,
    },
    Rule {
        pattern: r"internal compiler error|Segmentation fault",
        cause: "the compiler itself failed",
        advice: "try again with fewer jobs; if it fails at the same place, the compiler has a fault, elsewhere each time: test the memory",
    },
    Rule {
        pattern: r"No rule to make target [‘'`]([^’'`]+)[’']",
        cause: "make does not know how to make {}: a file is missing, or the Makefile is not meant for this kernel",
        advice: "look whether the module's source is complete and whether a newer version exists",
    },
    Rule {
        pattern: r"No targets specified and no makefile found|/Makefile: No such file or directory",
        cause: "the source holds no Makefile where the command of dkms.conf expects one",
        advice: "look at the MAKE directive of dkms.conf",
    },
    Rule {
        pattern: r"missing separator|recipe commences before first target",
        cause: "the module's Makefile is not a valid makefile",
        advice: "look whether the source was unpacked unchanged (tabs, line ends)",
    },
    Rule {
        pattern: r"configure: error: (.*)",
        cause: "the module's own configure script gave up: {}",
        advice: "look for what it names; config.log in the build folder has the details",
    },
    Rule {
        pattern: r"(?:: |: line )(\S+): (?:command )?not found$",
        cause: "the program `{}` is not installed",
        advice: "install the package that brings `{}`",
    },
    Rule {
        pattern: r"multiple definition of [‘'`](\w+)[’']",
        cause: "two files of the module define {}",
        advice: NEWER,
    },
];

const NEWER: &str = "look for a version of the module that supports this kernel; until then keep booting a kernel for \
                     which it builds (BUILD_EXCLUSIVE_KERNEL_MAX in /etc/dkms/NAME.conf silences this for newer ones)";
