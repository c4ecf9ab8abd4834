//! The scripts of a package, from the texts in spec-templates/.

use crate::package::description::identity::Identity;
use crate::package::description::settle::Settle;

pub(crate) const RPM_POST: &str = include_str!("../../../spec-templates/rpm-post.sh");
pub(crate) const RPM_PREUN: &str = include_str!("../../../spec-templates/rpm-preun.sh");
pub(crate) const RPM_POSTTRANS: &str = include_str!("../../../spec-templates/rpm-posttrans.sh");
pub(crate) const DEB_PREINST: &str = include_str!("../../../spec-templates/deb-preinst.sh");
pub(crate) const DEB_POSTINST: &str = include_str!("../../../spec-templates/deb-postinst.sh");
pub(crate) const DEB_PRERM: &str = include_str!("../../../spec-templates/deb-prerm.sh");
pub(crate) const DEB_POSTRM: &str = include_str!("../../../spec-templates/deb-postrm.sh");

/// Debian postinst around what debhelper writes.
pub(crate) const DSC_POSTINST: &str = include_str!("../../../spec-templates/dsc-postinst.sh");

/// Debian postinst of a package of built modules.
pub(crate) const DEB_MODULES_POSTINST: &str = include_str!("../../../spec-templates/deb-modules-postinst.sh");
/// Debian postrm of a package of built modules.
pub(crate) const DEB_MODULES_POSTRM: &str = include_str!("../../../spec-templates/deb-modules-postrm.sh");
/// RPM %posttrans of a package of built modules.
pub(crate) const RPM_MODULES_POSTTRANS: &str = include_str!("../../../spec-templates/rpm-modules-posttrans.sh");
/// RPM %postun of a package of built modules.
pub(crate) const RPM_MODULES_POSTUN: &str = include_str!("../../../spec-templates/rpm-modules-postun.sh");

/// The function of those four that tells the kernel's tools.
pub(crate) const REFRESH: &str = include_str!("../../../spec-templates/modules-refresh.sh");

/// What the postinst of a source's package does about settings of versions that have gone.
const DEB_TIDY: &str = include_str!("../../../spec-templates/deb-tidy.sh");

/// Tells on installation what Secure Boot asks for.
pub(crate) const ENROL: &str = include_str!("../../../spec-templates/enrol.sh");

/// Puts the package's names into a text. They have passed the strict check: none can end the single quotes that the
/// texts have around them. A line that is `@ENROL@` alone becomes [`ENROL`], `@TIDY@` [`DEB_TIDY`], one that is `@ARRIVE@` or
/// `@LEAVE@` what its files ask for, each as far indented, or it goes.
pub(crate) fn fill(template: &str, info: &Identity, settle: &Settle) -> String {
    let enrol: Vec<String> = match &info.certificate {
        Some(file) => ENROL.lines().map(|line| line.replace("@CERTIFICATE@", file)).collect(),
        None => Vec::new(),
    };
    let tidy: Vec<String> = DEB_TIDY.lines().map(str::to_owned).collect();
    let blocks = [("@ENROL@", &enrol), ("@TIDY@", &tidy), ("@ARRIVE@", &settle.arrive), ("@LEAVE@", &settle.leave)];
    let mut text = String::new();
    for line in template.lines() {
        match blocks.iter().find_map(|(mark, lines)| Some((line.strip_suffix(mark)?, lines))) {
            None => text += &format!("{line}\n"),
            Some((indent, lines)) => text.extend(lines.iter().map(|line| format!("{indent}{line}\n"))),
        }
    }
    text.replace("@NAME@", info.module.name.as_str())
        .replace("@VERSION@", info.module.version.as_str())
        .replace("@PACKAGE@", &info.name)
}

/// What the scripts of a package of built modules speak of. All have passed the strict check of names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModuleWords<'a> {
    pub(crate) kernel: &'a str,
    /// The folder of the kernel's modules.
    pub(crate) folder: &'a str,
    /// Paths of the package's modules.
    pub(crate) modules: &'a [String],
    /// Whether other kernels may use them.
    pub(crate) is_stream: bool,
}

/// [`fill`] for a package of built modules. `@REFRESH@` alone on a line becomes [`REFRESH`].
pub(crate) fn fill_modules(template: &str, info: &Identity, words: &ModuleWords) -> String {
    let modules: Vec<String> = words.modules.iter().map(|module| format!("'{module}'")).collect();
    let text = template
        .replace("@REFRESH@\n", REFRESH)
        .replace("@KERNEL@", words.kernel)
        .replace("@FOLDER@", words.folder)
        .replace("@STREAM@", if words.is_stream { "yes" } else { "no" })
        .replace("@MODULES@", &modules.join(" "));
    fill(&text, info, &Settle::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 15] = [
        RPM_POST,
        RPM_PREUN,
        RPM_POSTTRANS,
        DEB_PREINST,
        DEB_POSTINST,
        DEB_PRERM,
        DEB_POSTRM,
        DSC_POSTINST,
        DEB_TIDY,
        ENROL,
        REFRESH,
        DEB_MODULES_POSTINST,
        DEB_MODULES_POSTRM,
        RPM_MODULES_POSTTRANS,
        RPM_MODULES_POSTUN,
    ];

    #[test]
    fn names_stand_in_single_quotes_wherever_a_shell_reads_them() {
        for template in ALL {
            for line in template.lines().filter(|line| !line.starts_with('#')) {
                for mark in ["@NAME@", "@VERSION@", "@PACKAGE@", "@CERTIFICATE@", "@KERNEL@", "@FOLDER@", "@STREAM@"] {
                    assert_eq!(line.matches(mark).count(), line.matches(&format!("'{mark}'")).count(), "{line}");
                }
            }
        }
    }

    #[test]
    fn no_program_reads_the_standard_input_of_the_package_manager() {
        for template in ALL {
            let calls = [
                "mokutil --sb",
                "mokutil --test",
                "dkms status ",
                "dkms remove ",
                "dkms \"$@\"",
                "/usr/lib/dkms/event ",
                "rpm -qf ",
                "dpkg-query ",
                "md5sum ",
                "depmod \"",
                "\"$list\" ",
                "$make ",
            ];
            for line in template.lines().filter(|line| calls.iter().any(|call| line.contains(call))) {
                let called = !line.trim_start().starts_with('#') && !line.contains("[ -x ");
                assert!(!called || line.contains("</dev/null"), "{line}");
            }
        }
    }
}
