//! SUSE's kernel module packages (Kernel Module Packages Manual; `%kernel_module_package` makes a package for each flavour).

use super::{Ingredients, Texts, install, of_spec, tags};
use crate::package::format::marks::filled;
use crate::package::format::spec;

const SPEC: &str = include_str!("../../../../spec-templates/kmp.spec.in");

pub(super) fn texts(from: &Ingredients) -> Texts {
    let info = from.info;
    let name = &info.module.name;
    let into = "\"%{buildroot}%{modules_folder}/$kernelver/updates\"";
    let installs = install(&from.instructions.products, "-m 644", "\"obj/$flavor\"/", into);
    let mut marks = of_spec(from);
    let mut requires = String::new();
    // Without files of its own there is no package but those for the flavours.
    if let Some((_, files)) = marks.iter_mut().find(|(mark, files)| *mark == "@FILES@" && !files.is_empty()) {
        files.insert_str(0, "\n%files\n%defattr(-,root,root,-)\n");
        requires = format!("Requires: {name}-kmp");
    }
    marks.extend([
        ("@TAGS@", tags(info, &spec::literal(&info.release))),
        ("@REQUIRES@", requires),
        ("@KMPSUMMARY@", spec::literal(&format!("Kernel modules of {name}"))),
        ("@INSTALL@", installs),
    ]);
    vec![(format!("{name}.spec"), filled(SPEC, &marks))]
}
