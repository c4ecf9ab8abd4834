//! Rules about the kernel's headers: whether they are whole, whether their programs run here, which compiler they want, and what
//! their makefiles do after compiling.

use super::about::Series;
use super::line::Teller::{Compiler, Make, Modpost, Recipe, Tool};
use super::place::{file_of, is_folder_of_kernel, is_header_of_kernel};
use super::rule::Rule;
use super::rules_of_make::is_by_subdirs;
use super::{Case, compiled};

/// What to do about headers that lack something.
const AGAIN: &str =
    "install the headers of {kernel} again; for a kernel built by hand run `make modules_prepare` in its source";
/// How the compiler of a kernel is found out.
const COMPILER: &str =
    "install the compiler that built the kernel: `grep CONFIG_CC_VERSION_TEXT /boot/config-{kernel}` names it";

pub(super) const HEADERS: &[Rule] = &[
    Rule {
        when: |case, _| is_in_headers(case) && !is_by_subdirs(case),
        ..Rule::new(
            &[Make],
            r"\*\*\* (?:No targets specified and no makefile found|No rule to make target '(?:modules|Makefile)')\.",
            "the headers of kernel {kernel} are incomplete: {folder} holds no Makefile of the kernel's",
            AGAIN,
        )
    },
    Rule {
        when: |case, folder| !is_folder_of_kernel(case, folder),
        ..Rule::new(
            &[Make],
            r"No rule to make target '(/[^']+)/(?:Makefile|Kbuild)'",
            "the kernel's makefiles are sent into the folder {} (M=), which holds no Makefile",
            "correct MAKE in {source}/dkms.conf: the source is copied to $dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build, and M= has to name the folder there in which the Makefile lies",
        )
    },
    Rule {
        when: |case, _| is_in_headers(case) && !is_by_subdirs(case),
        ..Rule::new(
            &[Make],
            r"No rule to make target '((?:/usr/src/[^']*/)?(?:vmlinux|arch/|tools/|scripts/|kernel/|init/)[^']*)'",
            "the kernel's makefiles set out to make a part of the kernel itself ({}), for which headers lack the source",
            "as a rule the module's Makefile calls them in a way that kernel {series} does not know (it should be `make -C KERNELDIR M=FOLDER modules`): look for a newer release of {module}",
        )
    },
    Rule::new(
        &[],
        r"^([^\s:]+): \S+: version '(GLIBC\w*_[\d.]+)' not found \(required by",
        "the program {} of the kernel headers was made for a newer system: the C library here is too old for it",
        "kernel {kernel} is made for a later release of the distribution: use kernel and headers of this one, or upgrade the system",
    ),
    Rule::new(
        &[],
        r"error while loading shared libraries: (libelf\.so\.1): cannot open shared object file",
        "a program of the kernel headers needs the library {}, which is not installed",
        "{install}",
    ),
    Rule::new(
        &[],
        r"error while loading shared libraries: (lib[\w.+-]+): cannot open shared object file",
        "a program that the build runs needs the library {}, which is not installed",
        "install the package that brings {}",
    ),
    Rule {
        when: |case, _| is_header_of_kernel(case, file_of(&case.fatal.line)) && !is_own_header(case),
        ..Rule::new(
            &[Compiler],
            r"fatal error: ([^:]+): No such file|fatal error: '([^']+)' file not found",
            "the headers of kernel {kernel} are incomplete: {}, which they use themselves, is not there",
            AGAIN,
        )
    },
    Rule {
        when: |case, _| is_header_of_kernel(case, file_of(&case.fatal.line)) && is_header_of_compiler(case),
        ..Rule::new(
            &[Compiler],
            r"fatal error: ([^:]+): No such file|fatal error: '([^']+)' file not found",
            "the compiler does not find its own header {}",
            "install the compiler again (`gcc -print-file-name=include` names the folder where its headers should lie)",
        )
    },
    Rule {
        when: |case, _| file_of(&case.fatal.line).starts_with("/usr/include/"),
        ..Rule::new(
            &[Compiler],
            r": (?:fatal )?error: ",
            "the build takes headers of the C library (/usr/include), which are not for kernels, where it should take the kernel's",
            "look for a release of {module} that supports Linux {series}: its makefiles do not find this kernel's headers where they look",
        )
    },
    Rule {
        when: |case, _| case.heard.lacks_symvers,
        ..Rule::new(
            &[Modpost],
            r#""([\w.]+)" \[.*\] undefined!"#,
            "the headers of kernel {kernel} are incomplete: Module.symvers, the list of what the kernel gives to modules, is missing",
            "install the headers of {kernel} again; for a kernel built by hand copy Module.symvers of its build beside its Makefile",
        )
    },
    Rule::new(
        &[Modpost],
        r#""(__x86_(?:return|indirect)_thunk\w*|__fentry__|_?mcount|__stack_chk_\w+|__sanitizer_cov_\w+|__(?:hw)?asan_\w+|__ubsan_\w+|__gcov_\w+)" \[.*\] undefined!"#,
        "the compiler makes calls of {}, which kernel {kernel} does not have: it was built by another compiler or with other settings than its headers say",
        COMPILER,
    ),
    Rule::new(
        &[Modpost],
        r#""(__aeabi_u?ldivmod|__u?divdi3|__u?moddi3|__divmoddi4|__udivmoddi4)" \[.*\] undefined!"#,
        "the module divides 64-bit numbers with `/`, for which kernels of 32-bit processors have no {}",
        "look for a newer release of {module}, or ask its author: do_div() and div64_u64() serve there",
    ),
    Rule::new(
        &[Make],
        r"\*\*\* (Compiler lacks [\w-]+ support|You are building kernel with non-retpoline compiler)",
        "the compiler is too old for this kernel, as its makefiles say: {}",
        COMPILER,
    ),
    Rule {
        when: |case, _| case.heard.is_by_clang,
        ..Rule::new(
            &[Tool],
            r"(?:unrecognized|unknown|unsupported) (?:command[- ]line )?(?:option|argument)[^']*'([^']+)'",
            "the kernel was built by clang, and this build takes gcc, which does not know its option {}",
            "let LLVM=1 reach the kernel's makefiles: write `make LLVM=1 …` for each make of the MAKE line in {source}/dkms.conf, and install clang, lld and llvm",
        )
    },
    Rule::new(
        &[],
        r"\.o: (?:warning|error): objtool: (.+)$",
        "objtool, the kernel's own check of machine code, refuses the module: {}",
        "look for a release of {module} that supports Linux {series}: its assembler code, or a part that comes compiled, was made for other kernels",
    ),
    Rule::new(
        &[],
        r"^(FAILED:? .*BTF.*|FAILED: btf .*|Failed to (?:parse|load|encode|generate) .*BTF.*|Encountered error while encoding BTF.*|btf_encoder__\w+: .*|libbpf: .*BTF.*|pahole: unrecognized option .*)$",
        "the module's type information (BTF), which only tracers read, could not be made: {}",
        "update the package that brings `pahole`, or leave this out: put CONFIG_DEBUG_INFO_BTF_MODULES= behind make in MAKE of {source}/dkms.conf",
    ),
    Rule {
        when: |case, _| Series::of(case.about.kernel).is_some_and(|series| series >= Series(6, 13)),
        ..Rule::new(
            &[Tool],
            r"opening dependency file (\S+): No such file or directory",
            "the Makefile names files outside of its own folder, beside which kernels since 6.13 make no folders: {} cannot be written",
            "look for a release of {module} that supports Linux {series}",
        )
    },
    Rule::new(
        &[],
        r"(?:/bin/sh|bash|execvp|posix_spawn).*: Argument list too long$",
        "the command lines that the kernel's makefiles make of the names of all files are longer than the system takes",
        "give the module a shorter PACKAGE_NAME and PACKAGE_VERSION, which stand in each of these names, or look for a newer release of {module}",
    ),
    Rule::new(
        &[Make],
        r"mixed implicit and (?:normal|static pattern) rules",
        "this version of make takes no more how a makefile writes its rules",
        "look for a newer release of {module}; if it is a makefile of the kernel headers, use a newer kernel",
    ),
    Rule::new(
        &[Recipe],
        r"Makefile\.modfinal:\d+: ([^\]]+\.ko)\] Error",
        "the kernel's makefiles compiled the module and could not finish {} (linking, or its type information, BTF)",
        "see the lines above in the log; if they speak of BTF or pahole, put CONFIG_DEBUG_INFO_BTF_MODULES= behind make in MAKE of {source}/dkms.conf",
    ),
];

/// Whether make ran where the kernel's headers lie.
fn is_in_headers(case: &Case<'_>) -> bool {
    case.fatal.folder.as_deref().is_some_and(|folder| is_folder_of_kernel(case, folder))
}

/// What the kernel's headers include on behalf of others: those of trace events by their TRACE_INCLUDE_PATH, and the compiler's own.
fn is_own_header(case: &Case<'_>) -> bool {
    file_of(&case.fatal.line).ends_with("/define_trace.h") || is_header_of_compiler(case)
}

fn is_header_of_compiler(case: &Case<'_>) -> bool {
    compiled(r"fatal error: '?(?:stdarg|stddef|stdbool|float|limits|stdint)\.h[:']").is_match(&case.fatal.line)
}
