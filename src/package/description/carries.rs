//! What a package carries (the source of a module, its modules built for one kernel, the settings of a repository), and what
//! it is called for that.

use crate::ids::{ModuleId, Target};
use crate::package::Format;
use crate::package::module::survey::one_line;
use crate::package::words::names;
use crate::package::words::names::NameError;
use crate::package::words::profile::{Family, Profile};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carries {
    /// The source, which DKMS builds on the machine.
    Source,
    /// The source, which something else than DKMS builds.
    Recipe,
    /// Modules that are built for this kernel.
    Modules(Target),
    /// No module, but the need of those for the newest kernel of a flavour, which this is.
    Follower(Target),
    /// No module at all, but where a repository is.
    Repository,
}

impl Carries {
    pub(crate) fn name(&self, format: Format, module: &ModuleId) -> Result<String, NameError> {
        match self {
            Carries::Source => names::package_name(format, &module.name),
            Carries::Modules(target) => names::modules_name(format, &module.name, &target.kernel),
            Carries::Follower(target) => {
                let (_, flavour) = names::flavoured(format, target.kernel.as_str());
                names::follower_name(format, &module.name, flavour)
            }
            Carries::Repository | Carries::Recipe => Ok(module.name.to_string()),
        }
    }

    /// The folder in which the payload lies once it is installed.
    pub(crate) fn place(&self, module: &ModuleId, format: Format, profile: Option<&Profile>) -> String {
        let target = match self {
            Carries::Source => return format!("/usr/src/{}", module.source_folder()),
            Carries::Recipe => return module.source_folder(),
            Carries::Modules(target) => target,
            Carries::Follower(_) => return "/usr/share/doc".to_owned(),
            Carries::Repository => return "/etc".to_owned(),
        };
        let modules = profile.map_or("/lib/modules", |profile| profile.modules);
        // Where depmod looks before the kernel's own modules, and where each distribution expects those of others.
        let folder = match (profile.map(|profile| profile.family), format) {
            (Some(Family::Debian | Family::Ubuntu | Family::Suse), _) | (None, Format::Deb) => "updates",
            (Some(Family::Enterprise | Family::Fedora), _) | (None, Format::Rpm) => "extra",
            (Some(Family::Arch), _) | (None, Format::Pac) => "updates",
        };
        format!("{modules}/{}/{folder}/{}", target.kernel, module.name)
    }

    pub(crate) fn remark(&self) -> String {
        match self {
            Carries::Source => "(DKMS)".to_owned(),
            Carries::Modules(target) => format!("(for {})", target.kernel),
            Carries::Follower(_) => "(for the newest kernel)".to_owned(),
            Carries::Repository | Carries::Recipe => String::new(),
        }
    }

    /// The last paragraph of the description.
    pub(crate) fn description(&self, module: &ModuleId) -> String {
        let (text, kernel) = match self {
            Carries::Repository => (include_str!("../../../spec-templates/repository-description.txt"), ""),
            Carries::Source => (include_str!("../../../spec-templates/description.txt"), ""),
            Carries::Recipe => ("Modules of @NAME@, built from source for each kernel.", ""),
            Carries::Follower(target) => {
                (include_str!("../../../spec-templates/follower-description.txt"), target.kernel.as_str())
            }
            Carries::Modules(target) => {
                (include_str!("../../../spec-templates/modules-description.txt"), target.kernel.as_str())
            }
        };
        one_line(text).replace("@NAME@", module.name.as_str()).replace("@KERNEL@", kernel)
    }

    /// The line of the changelog that no person wrote.
    pub(crate) fn change(&self, module: &ModuleId) -> String {
        match self {
            Carries::Source => format!("{} {} as a package for DKMS.", module.name, module.version),
            Carries::Recipe => format!("{} {} as a recipe.", module.name, module.version),
            Carries::Follower(target) => format!("{} {} for {}.", module.name, module.version, target.kernel),
            Carries::Modules(target) => format!("{} {}, built for {}.", module.name, module.version, target.kernel),
            Carries::Repository => "Where the repository is, and its key.".to_owned(),
        }
    }

    pub(crate) fn section(&self) -> &'static str {
        match self {
            Carries::Source | Carries::Recipe | Carries::Modules(_) | Carries::Follower(_) => "kernel",
            Carries::Repository => "misc",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Arch, KernelRelease};

    #[test]
    fn modules_lie_where_their_distribution_looks_for_them() {
        let target = Target::new(KernelRelease::new("6.1.0").unwrap(), Arch::new("x86_64").unwrap());
        let carries = Carries::Modules(target);
        let module = names::check("foo_x", "1").unwrap();
        for (profile, format, expected) in [
            ("", Format::Deb, "/lib/modules/6.1.0/updates/foo_x"),
            ("", Format::Rpm, "/lib/modules/6.1.0/extra/foo_x"),
            ("debian12", Format::Deb, "/lib/modules/6.1.0/updates/foo_x"),
            ("debian13", Format::Deb, "/usr/lib/modules/6.1.0/updates/foo_x"),
            ("ubuntu24.04", Format::Deb, "/lib/modules/6.1.0/updates/foo_x"),
            ("el9", Format::Rpm, "/lib/modules/6.1.0/extra/foo_x"),
            ("fedora", Format::Rpm, "/lib/modules/6.1.0/extra/foo_x"),
            ("sles15", Format::Rpm, "/lib/modules/6.1.0/updates/foo_x"),
            ("tumbleweed", Format::Rpm, "/usr/lib/modules/6.1.0/updates/foo_x"),
        ] {
            let profile = (!profile.is_empty()).then(|| Profile::named(profile).unwrap());
            assert_eq!(carries.place(&module, format, profile.as_ref()), expected);
        }
    }
}
