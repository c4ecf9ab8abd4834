//! Rules about the machine that builds: its disk, its memory, its programs, its kernel headers; and about what compilers,
//! linkers and modpost say of the module.

use super::line::Teller::{Compiler, Configure, Kbuild, Make, Modpost, Program, Recipe, Rust, Start, Tool};
use super::rule::Rule;

/// What lies with the machine and not with the module.
pub(super) const MACHINE: &[Rule] = &[
    Rule::new(
        &[Compiler, Tool, Program, Start],
        r"(?:No space left on device|Disk quota exceeded)\)?\.?$",
        "the disk is full",
        "free some space below /var/lib/dkms and in the folder for temporary files (`df -h /var/lib/dkms /tmp`), then build again",
    ),
    Rule::new(
        &[Compiler, Tool, Program, Start],
        r"Read-only file system\)?\.?$",
        "a file system is mounted read-only",
        "see `dmesg` for errors of the disk, mount it writable, then build again",
    ),
    Rule::new(
        &[Tool, Compiler, Program, Start, Recipe],
        r"Killed signal terminated program|(?:^|\s)virtual memory exhausted|out of memory allocating|(?:[Ff]ork|posix_spawn).*: Cannot allocate memory|memory exhausted$|^Killed$|\] Killed$|line \d+: +\d+ Killed",
        "there was not enough memory",
        "build with one job (`dkms build -j 1 {module}/{version} -k {kernel}`) or add swap space",
    ),
    Rule::new(
        &[Compiler, Tool],
        r"internal compiler error|Segmentation fault signal terminated program",
        "the compiler itself broke",
        "build again with one job (`dkms build -j 1 {module}/{version} -k {kernel}`); if it breaks at another place each time, test the memory, else update the compiler",
    ),
    Rule::new(
        &[Start],
        r"(?:^|[\s:'/])([\w+-]*(?:gcc|clang|g\+\+|cc|ld\.lld|ld|nm|objcopy|ar|readelf|strip)(?:-[\d.]+)?)'?: (?:(?:command )?not found|No such file or directory)$",
        "the program `{}`, with which this kernel's modules are to be built, is not installed",
        "{install}",
    ),
    Rule::new(
        &[Tool, Program, Start],
        r"(?:^|[\s/:])((?:llvm-)?(?:nm|objcopy|objdump|readelf|strip|ar)) failed$",
        "the program `{}` failed or is not installed",
        "install the package that brings `{}` (binutils, or llvm for kernels built by clang)",
    ),
    Rule::new(
        &[Start, Program, Tool, Make, Kbuild],
        r"(?:^|[\s:/])(pahole)(?: \([^)]*\))?(?: is not available|: (?:command )?not found|: No such file)",
        "the program `{}`, which writes the module's type information (BTF), is not installed",
        "{install}",
    ),
    Rule::new(
        &[Kbuild, Make, Tool, Compiler, Program],
        r"please install (libelf)-dev|fatal error: (gelf|libelf)\.h: No such file",
        "the development files of libelf are not installed",
        "{install}",
    ),
    Rule::new(
        &[Compiler],
        r"fatal error: (openssl/\w+\.h): No such file",
        "the development files of OpenSSL are not installed",
        "{install}",
    ),
    Rule::new(
        &[Tool, Compiler],
        r"[Cc]annot load plugin|incompatible gcc/plugin versions|inaccessible plugin file",
        "this kernel was built with compiler plugins of another version of the compiler",
        "install the compiler that built the kernel: `grep CONFIG_CC_VERSION_TEXT /boot/config-{kernel}` names it",
    ),
    Rule::new(
        &[Tool],
        r"(?:unrecognized|unknown|unsupported) (?:command[- ]line )?(?:option|argument)[^']*'(-m[^']+|-f(?:strict-flex|trivial-auto|zero-call|sanitize|min-function|patchable|cf-protection)[^']*)'",
        "this compiler does not know the option `{}`, with which the kernel was built",
        "install the compiler that built the kernel: `grep CONFIG_CC_VERSION_TEXT /boot/config-{kernel}` names it",
    ),
    Rule::new(
        &[Tool],
        r"unrecognized command[- ]line option '([^']+)'",
        "the compiler does not know the option `{}`; the kernel's or the module's makefiles give it",
        "if {source} holds `{}`, the module was written for another compiler: look for a release that supports Linux {series}; else install the compiler that built the kernel (`grep CONFIG_CC_VERSION_TEXT /boot/config-{kernel}`)",
    ),
    Rule::new(
        &[Kbuild, Make, Program],
        r"Kernel configuration is invalid|include/config/auto\.conf (?:or|are) missing|autoconf\.h or include/config/auto\.conf are missing",
        "the headers of kernel {kernel} are incomplete: they hold no configuration",
        "install the headers of this kernel again; for a kernel built by hand run `make modules_prepare` in its source",
    ),
    Rule::new(
        &[Start, Make, Program, Recipe],
        r"((?:scripts|tools)/(?:basic/fixdep|mod/modpost|genksyms/genksyms|objtool/objtool|bpf/resolve_btfids/resolve_btfids|sign-file))'?(?:: (?:not found|No such file|cannot execute|Exec format error|Permission denied)|, needed by)",
        "the program {} of the kernel headers is missing or made for another processor",
        "install the headers of {kernel} again; for a kernel built by hand run `make modules_prepare` in its source",
    ),
    Rule::new(
        &[Start],
        r"(?:/bin/bash|/bin/sh|bash|sh|env|/usr/bin/env|make(?:\[\d+\])?)?.*?(?:^|[\s:'])'?([\w.+-]+)'?: (?:command )?not found$",
        "the program `{}` is not installed",
        "{install}",
    ),
    Rule::new(
        &[Start],
        r"^(?:(?:/usr)?(?:/bin/)?env: |\S*make(?:\[\d+\])?: (?:execvp: )?)'?([\w.+-]+)'?: No such file or directory$",
        "the program `{}` is not installed",
        "{install}",
    ),
];

/// What compilers, linkers and modpost say of the module.
pub(super) const TOOLS: &[Rule] = &[
    Rule::new(
        &[Start],
        r"(?:^|[\s:])'?([\w./+#@-]+)'?: cannot execute: required file not found$|([\w./+#@-]+): bad interpreter: ",
        "the program that the first line of {} names (`#!`) is not installed",
        "see that line with `head -1`, and install the package that brings the program",
    ),
    Rule::new(
        &[Start],
        r"configure: line \d+: syntax error near unexpected token '(\w+)",
        "the configure script was made without the macros of a library's or pkg-config's package ({} is one of them)",
        "install pkg-config and what the module's documentation names, then run `autoreconf -fi` in {source}; or take the archive that its author releases",
    ),
    Rule::new(
        &[Compiler],
        r#"error: #error (?:"([^"]+)"|(.+))$"#,
        "the module's source refuses to be built: {}",
        "do what it asks for, or look for a release of {module} that supports Linux {series}",
    ),
    Rule::new(
        &[Tool, Compiler, Program, Start, Make],
        r"(@[A-Za-z_][\w-]*@)",
        "{} is a placeholder, for which the module's own configure step should have put something in",
        "run what makes these files (`./configure` or `autogen.sh` in {source}, or PRE_BUILD in its dkms.conf), or take the sources that the module's author releases",
    ),
    Rule::new(
        &[Compiler],
        r"(#(?:else|elif|endif) without #if|unterminated (?:conditional directive|#\w+)|version control conflict marker)",
        "the source itself is broken at this place, for whatever kernel: {}",
        "take the source from its author again, an archive or a clean checkout",
    ),
    Rule::new(
        &[Modpost],
        r"GPL-incompatible module .* uses GPL-only symbol '?([\w.]+)'?",
        "this kernel gives its symbol {} only to modules that are under the GPL, and {module} says it is not",
        "look for a release of {module} that supports Linux {series}",
    ),
    Rule::new(
        &[Modpost],
        r"missing MODULE_LICENSE\(\)",
        "the module's source has no MODULE_LICENSE(), which kernels since 5.11 ask for",
        "look for a newer release of {module}, or ask its author for a MODULE_LICENSE()",
    ),
    Rule::new(
        &[Modpost],
        r"uses symbol \S+ from namespace '?(\w+)'?, but does not import it",
        "the module uses a symbol of the namespace {} without MODULE_IMPORT_NS({}), which this kernel asks for",
        "look for a release of {module} that supports Linux {series}",
    ),
    Rule::new(
        &[Compiler],
        r"fatal error: (stdarg\.h|stddef\.h|stdbool\.h|float\.h|limits\.h): No such file",
        "kernels since 5.16 do not offer the compiler's own header {} to modules",
        "look for a release of {module} that supports Linux {series}",
    ),
    Rule::new(
        &[Rust],
        r".*",
        "the Rust part of the module does not compile with this kernel",
        "modules in Rust need a kernel with CONFIG_RUST (`grep CONFIG_RUST= /boot/config-{kernel}`) and the compiler that built it",
    ),
    Rule::new(
        &[Tool],
        r"multiple definition of '(\w+)'",
        "two files of the module define {}",
        "look for a newer release of {module}: compilers since GCC 10 take this for an error",
    ),
    Rule::new(
        &[Configure],
        r"configure: error: .*(C compiler cannot create executables)",
        "the configure script found no way to make even a small program: as a rule the development files of the C library are missing",
        "{install}",
    ),
    Rule::new(
        &[Configure],
        r"configure: error: .*(no acceptable C compiler) found",
        "no C compiler is installed",
        "{install}",
    ),
    Rule::new(
        &[Configure],
        r"configure: error: .*Unable to build an empty module",
        "the configure script could not build even an empty module with the headers of kernel {kernel}",
        "config.log in the build's folder has what the compiler said: as a rule the headers are incomplete, or a program or library that they need is missing",
    ),
    Rule::new(
        &[Configure],
        r"configure: error: (.*)",
        "the module's own configure script gave up: {}",
        "install or set what it names; config.log in the build's folder has the details",
    ),
];
