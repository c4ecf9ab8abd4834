//! The package's own word that its driver is wanted, where the dkms.conf of the source says nothing of that: a file that every
//! DKMS since 2.0 reads besides (dkms(8), `/etc/dkms/MODULE-VERSION.conf`).

use crate::ids::ModuleId;
use crate::package::description::extra::{Extra, Role};

/// The file for a module.
pub(crate) fn of(module: &ModuleId) -> Extra {
    let text = format!(
        "# {module} came as a package: its driver is wanted for every kernel, the next ones, too. Its own dkms.conf does not\n\
         # say so. With no here, it is built and installed by hand.\nAUTOINSTALL=\"yes\"\n"
    );
    let path = format!("/etc/dkms/{}.conf", module.source_folder());
    Extra::file(path, Role::Config, text.into_bytes())
}
