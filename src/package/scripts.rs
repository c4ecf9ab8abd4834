//! The scripts of a package, from the texts in spec-templates/.

use super::info::PackageInfo;

/// RPM %post.
pub const RPM_POST: &str = include_str!("../../spec-templates/rpm-post.sh");
/// RPM %preun.
pub const RPM_PREUN: &str = include_str!("../../spec-templates/rpm-preun.sh");
/// RPM %posttrans.
pub const RPM_POSTTRANS: &str = include_str!("../../spec-templates/rpm-posttrans.sh");
/// Debian postinst.
pub const DEB_POSTINST: &str = include_str!("../../spec-templates/deb-postinst.sh");
/// Debian prerm.
pub const DEB_PRERM: &str = include_str!("../../spec-templates/deb-prerm.sh");

/// Tells on installation what Secure Boot asks for.
pub const ENROL: &str = include_str!("../../spec-templates/enrol.sh");

/// Puts the package's names into a text. They have passed the strict check: none can end the single quotes that the
/// texts have around them. A line that is `@ENROL@` alone becomes [`ENROL`], as far indented, or goes.
pub fn fill(template: &str, info: &PackageInfo) -> String {
    let mut text = String::new();
    for line in template.lines() {
        match (line.strip_suffix("@ENROL@"), &info.certificate) {
            (None, _) => text += &format!("{line}\n"),
            (Some(_), None) => {}
            (Some(indent), Some(file)) => {
                let lines = ENROL.lines().map(|line| format!("{indent}{line}\n").replace("@CERTIFICATE@", file));
                text.extend(lines);
            }
        }
    }
    text.replace("@NAME@", info.module.name.as_str())
        .replace("@VERSION@", info.module.version.as_str())
        .replace("@PACKAGE@", &info.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_single_quotes_wherever_a_shell_reads_them() {
        for template in [RPM_POST, RPM_PREUN, RPM_POSTTRANS, DEB_POSTINST, DEB_PRERM, ENROL] {
            for line in template.lines().filter(|line| !line.starts_with('#')) {
                for mark in ["@NAME@", "@VERSION@", "@PACKAGE@", "@CERTIFICATE@"] {
                    assert_eq!(line.matches(mark).count(), line.matches(&format!("'{mark}'")).count(), "{line}");
                }
            }
        }
    }

    #[test]
    fn no_program_reads_the_standard_input_of_the_package_manager() {
        for template in [RPM_POST, RPM_PREUN, RPM_POSTTRANS, DEB_POSTINST, DEB_PRERM, ENROL] {
            let calls = [
                "mokutil --sb",
                "mokutil --test",
                "dkms status ",
                "dkms remove ",
                "dkms \"$@\"",
                "/usr/lib/dkms/event ",
                "rpm -qf ",
            ];
            for line in template.lines().filter(|line| calls.iter().any(|call| line.contains(call))) {
                let called = !line.trim_start().starts_with('#') && !line.contains("[ -x ");
                assert!(!called || line.contains("</dev/null"), "{line}");
            }
        }
    }
}
