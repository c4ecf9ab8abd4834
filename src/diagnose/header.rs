//! A header that the compiler does not find.

use super::Case;
use super::about::Series;
use super::place::file_of;
use super::rule::OTHER;

/// Folders of the kernel's headers.
const KERNEL_FOLDERS: &[&str] = &[
    "acpi",
    "asm",
    "asm-generic",
    "crypto",
    "drm",
    "generated",
    "linux",
    "media",
    "net",
    "rdma",
    "scsi",
    "soc",
    "sound",
    "trace",
    "uapi",
    "video",
    "xen",
];

/// Kernels since this one ignore EXTRA_CFLAGS and its like (commit e966ad0edd00 in the kernel's tree, scripts/Makefile.build).
const WITHOUT_EXTRA_FLAGS: Series = Series(6, 15);

/// Whether the module's flags do not reach the compiler, for where its makefiles write them.
pub(super) fn lost_its_flags(case: &Case<'_>) -> bool {
    let is_old = |text: &str| {
        text.lines().any(|line| line.trim_start().trim_start_matches("export ").starts_with("EXTRA_CFLAGS"))
    };
    let is_new = |text: &str| text.contains("ccflags-y");
    let texts = ["Kbuild", "Makefile", "makefile"].into_iter().filter_map(|name| case.about.source.text(name));
    let text: String = texts.collect();
    Series::of(case.about.kernel).is_some_and(|kernel| kernel >= WITHOUT_EXTRA_FLAGS) && is_old(&text) && !is_new(&text)
}

pub(super) fn without_flags() -> (String, String) {
    (
        "the module's makefiles give their flags (-I, -D) in EXTRA_CFLAGS, which kernels ignore since Linux 6.15".to_owned(),
        "look for a release of {module} that supports Linux {series}, or write ccflags-y in place of EXTRA_CFLAGS in {source}"
            .to_owned(),
    )
}

pub(super) fn header(case: &Case<'_>, name: &str) -> (String, String) {
    if file_of(&case.fatal.line).ends_with("/define_trace.h") {
        return (
            format!("the kernel's trace/define_trace.h does not find the module's own {name}"),
            "add `ccflags-y += -I$(src)` to the Makefile in {source}, or look for a newer release of {module}"
                .to_owned(),
        );
    }
    let folder = name.split('/').next().unwrap_or_default();
    let is_of_kernel = name.contains('/') && KERNEL_FOLDERS.contains(&folder);
    if lost_its_flags(case) {
        return without_flags();
    }
    if let Some(place) = case.about.source.find(name) {
        return (
            format!("{name} is there ({place}), and the -I of the Makefile do not lead to it"),
            "let the Makefile in {source} say -I$(src)/FOLDER: $(PWD), $(CURDIR) and relative paths lead elsewhere in a \
             kernel build"
                .to_owned(),
        );
    }
    if is_of_kernel {
        return (
            format!("kernel {{kernel}} has no header {name}: it is one of older, newer or a vendor's own kernels"),
            OTHER.to_owned(),
        );
    }
    (
        format!("the header {name} is not there: it is a part of the module's source, is made before, or belongs to something that it builds on"),
        "look whether {source} is complete (generated files, git submodules), and which packages the module's documentation names".to_owned(),
    )
}
