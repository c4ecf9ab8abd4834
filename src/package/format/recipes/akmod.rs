//! Fedora's akmods: a spec whose source RPM akmods builds for each kernel (RPM Fusion, "Packaging of kernel modules with the
//! kmod-Standard 2"; kmodtool(1) writes the packages for each kernel into it).

use super::{Ingredients, Texts, install, of_spec, tags};
use crate::package::format::marks::filled;
use crate::package::format::spec;

const SPEC: &str = include_str!("../../../../spec-templates/akmod.spec.in");

pub(super) fn texts(from: &Ingredients) -> Texts {
    let info = from.info;
    let into = "\"%{buildroot}%{kmodinstdir_prefix}/$kernelver/%{kmodinstdir_postfix}\"";
    // rpm strips and signs only what can be executed.
    let installs = install(&from.instructions.products, "-m 755", "\"_kmod_build_$kernelver\"/", into);
    let mut marks = of_spec(from);
    let licences = spec::licences(&spec::folder(info), from.payload);
    marks.iter_mut().filter(|(mark, _)| *mark == "@FILES@").for_each(|(_, text)| text.insert_str(0, &licences));
    // akmods builds for the release that it runs on.
    let release = format!("{}%{{?dist}}", spec::literal(&info.release));
    marks.extend([("@TAGS@", tags(info, &release)), ("@INSTALL@", installs)]);
    vec![(format!("{}.spec", info.name), filled(SPEC, &marks))]
}
