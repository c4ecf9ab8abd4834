//! Whose file or folder a line names: the kernel's, or the module's own.

use super::Case;

/// Where the headers of kernels lie: those of Debian, Ubuntu, SUSE and Arch, those of Fedora, and the links to either.
const FOLDERS: &[&str] = &["/usr/src/linux", "/usr/src/kernels/", "/lib/modules/", "/usr/lib/modules/"];

/// Whether it lies in the folder of this build.
fn is_own(case: &Case<'_>, path: &str) -> bool {
    let id = case.about.id;
    path.contains(&format!("/{}/{}/build", id.name, id.version))
}

/// Whether this folder holds a kernel's headers.
pub(super) fn is_folder_of_kernel(case: &Case<'_>, folder: &str) -> bool {
    !is_own(case, folder) && FOLDERS.iter().any(|known| folder.starts_with(known))
}

/// Whether the compiler names with this one of the kernel's headers. Kernels before 6.13 are built in their own folder, and name them
/// by `./`; since then that is the module's.
pub(super) fn is_header_of_kernel(case: &Case<'_>, file: &str) -> bool {
    let is_below = file.contains("/include/") || file.contains("/arch/");
    let is_system =
        file.starts_with("/usr/include/") || file.starts_with("/usr/lib/gcc") || file.starts_with("/usr/local/");
    let is_near = file.starts_with("./include/") || file.starts_with("././include/") || file.starts_with("./arch/");
    is_near || (file.starts_with('/') && is_below && !is_system && !is_own(case, file))
}

/// The file that a diagnostic of the compiler is about.
pub(super) fn file_of(line: &str) -> &str {
    line.split(':').next().unwrap_or_default()
}
