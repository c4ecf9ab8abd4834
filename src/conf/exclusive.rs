//! BUILD_EXCLUSIVE_*: whether a package, or one of its modules, is meant for a kernel at all.

use std::cmp::Ordering;

use super::ere;
use super::module::Directives;
use crate::ids::Target;
use crate::kernel::{ConfigOnDemand, KernelConfig};
use crate::version;

/// The kernel that is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) target: &'a Target,
    /// Its configuration. Without one, no BUILD_EXCLUSIVE_CONFIG excludes anything.
    pub(crate) config: &'a ConfigOnDemand,
}

/// Why the directives at this index exclude the kernel, in a sentence; None when they do not.
pub(crate) fn reason(directives: &Directives, index: usize, asked: Asked<'_>) -> Option<String> {
    let value = |name: &str| {
        directives.get(name).and_then(|values| values.get(&index)).map(String::as_str).filter(|value| !value.is_empty())
    };
    let label = |name: &str| if index == 0 { name.to_owned() } else { format!("{name}[{index}]") };
    let kernel = asked.target.kernel.as_str();
    let (min, max) = ("BUILD_EXCLUSIVE_KERNEL_MIN", "BUILD_EXCLUSIVE_KERNEL_MAX");
    let obsolete = || value("OBSOLETE_BY").map(|limit| ("OBSOLETE_BY".to_owned(), limit));
    let upper = value(max).map(|limit| (label(max), limit)).or_else(|| if index == 0 { obsolete() } else { None });

    let by_expression = value("BUILD_EXCLUSIVE_KERNEL")
        .filter(|wanted| !found(wanted, kernel))
        .map(|wanted| format!("{} wants `{wanted}`, the kernel is {kernel}", label("BUILD_EXCLUSIVE_KERNEL")));
    let by_min = value(min)
        .filter(|limit| version::compare(kernel, limit) == Ordering::Less)
        .map(|limit| format!("{} wants {limit} or later, the kernel is {kernel}", label(min)));
    let by_max = upper
        .filter(|(_, limit)| version::compare(kernel, limit) == Ordering::Greater)
        .map(|(name, limit)| format!("{name} wants {limit} or earlier, the kernel is {kernel}"));
    let arch = asked.target.arch.as_str();
    let by_arch = value("BUILD_EXCLUSIVE_ARCH")
        .filter(|wanted| !found(wanted, arch))
        .map(|wanted| format!("{} wants `{wanted}`, the architecture is {arch}", label("BUILD_EXCLUSIVE_ARCH")));
    let by_config = value("BUILD_EXCLUSIVE_CONFIG")
        .and_then(|wanted| Some((wanted, asked.config.get()?)))
        .and_then(|(wanted, config)| config_reason(wanted, config))
        .map(|reason| format!("{} {reason}", label("BUILD_EXCLUSIVE_CONFIG")));
    by_expression.or(by_min).or(by_max).or(by_arch).or(by_config)
}

/// An expression that cannot be compiled matches nothing, as in bash; a notice elsewhere says so.
fn found(expression: &str, text: &str) -> bool {
    ere::matches(expression, text).unwrap_or(false)
}

fn config_reason(wanted: &str, config: &KernelConfig) -> Option<String> {
    wanted.split_whitespace().find_map(|word| {
        let (name, refused) = word.strip_prefix('!').map_or((word, false), |name| (name, true));
        if config.is_enabled(name) != refused {
            return None;
        }
        let value = config.get(name).map_or_else(|| "not set".to_owned(), |value| format!("`{value}`"));
        Some(match refused {
            true => format!("wants {name} to be off, this kernel's configuration has it as {value}"),
            false => format!("wants {name}, in this kernel's configuration it is {value}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ids::{Arch, KernelRelease};

    fn excluded(index: usize, name: &str, value: &str, config: Option<&str>) -> Option<String> {
        let directives = Directives::from([(name.to_owned(), BTreeMap::from([(index, value.to_owned())]))]);
        let target = Target::new(KernelRelease::new("6.1.0-56-amd64").unwrap(), Arch::new("x86_64").unwrap());
        let config = config.map(KernelConfig::parse).into();
        reason(&directives, index, Asked { target: &target, config: &config })
    }

    #[test]
    fn each_directive_restricts_by_its_own_rule() {
        let config = Some("CONFIG_A=y\nCONFIG_B=m\nCONFIG_N=12\n");
        let cases = [
            ("KERNEL", "^6", config, false),
            ("KERNEL", "^5", config, true),
            ("KERNEL", "(", config, true),
            ("KERNEL", "", config, false),
            ("KERNEL_MIN", "6.1", config, false),
            ("KERNEL_MIN", "6.1.0-56-amd64", config, false),
            ("KERNEL_MIN", "6.10", config, true),
            ("KERNEL_MAX", "6.1", config, true),
            ("KERNEL_MAX", "6.1.0-56-amd64", config, false),
            ("KERNEL_MAX", "7", config, false),
            ("ARCH", "x86_64", config, false),
            ("ARCH", "i.86|x86", config, false),
            ("ARCH", "aarch64", config, true),
            ("CONFIG", "CONFIG_A CONFIG_B", config, false),
            ("CONFIG", "CONFIG_A CONFIG_C", config, true),
            ("CONFIG", "CONFIG_N", config, true),
            ("CONFIG", "!CONFIG_A", config, true),
            ("CONFIG", "!CONFIG_C", config, false),
            ("CONFIG", "CONFIG_C", None, false),
        ];
        for (name, value, config, expected) in cases {
            for index in [0, 3] {
                let found = excluded(index, &format!("BUILD_EXCLUSIVE_{name}"), value, config);
                assert_eq!(found.is_some(), expected, "{name}={value}: {found:?}");
            }
        }
    }

    #[test]
    fn the_sentence_names_directive_wanted_and_found_value() {
        assert_eq!(
            excluded(2, "BUILD_EXCLUSIVE_CONFIG", "CONFIG_I2C", Some("CONFIG_A=y")).unwrap(),
            "BUILD_EXCLUSIVE_CONFIG[2] wants CONFIG_I2C, in this kernel's configuration it is not set"
        );
        assert_eq!(
            excluded(0, "OBSOLETE_BY", "5.10", None).unwrap(),
            "OBSOLETE_BY wants 5.10 or earlier, the kernel is 6.1.0-56-amd64"
        );
    }
}
