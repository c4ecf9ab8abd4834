//! Whether a kernel gets to see what is in a compressed module: it has its own compressed that way, or kmod unpacks such
//! files before it hands them over.
//!
//! Since 6.1 (CONFIG_MODULE_DECOMPRESS) kernels unpack the kinds that they were configured for themselves; `kmod --version`
//! names those that its libraries know (`+ZSTD +XZ -ZLIB`).

use crate::action::Context;
use crate::kernel::{Kernel, KernelConfig, Suffix};
use crate::sys::Finished;

/// Why nobody unpacks a file of this suffix; None: somebody does, or it cannot be told.
pub(super) fn refusal(context: &Context<'_>, suffix: Suffix, kernel: &Kernel, config: &KernelConfig) -> Option<String> {
    let feature = feature(suffix)?;
    if suffix.is_used_by(&kernel.folder, config) || !lacks(&features(context)?, feature) {
        return None;
    }
    let (has, own) = (suffix.as_str(), kernel.suffix().as_str());
    Some(format!("it is a {has} file, the kernel has {own} files, and kmod here was built without {feature}"))
}

/// As kmod names what unpacks such files.
fn feature(suffix: Suffix) -> Option<&'static str> {
    match suffix {
        Suffix::Plain => None,
        Suffix::Gz => Some("ZLIB"),
        Suffix::Xz => Some("XZ"),
        Suffix::Zst => Some("ZSTD"),
    }
}

/// What kmod says of itself. That of another root is not asked: its programs may be for another machine.
fn features(context: &Context<'_>) -> Option<String> {
    if !context.system.is_live() {
        return None;
    }
    let command = context.system.here(super::program(context.system, "kmod")).arg("--version");
    Some(context.system.run(&command).ok().filter(Finished::success)?.text())
}

/// Whether it says that it was built without; kmod before 17 does not say.
fn lacks(features: &str, feature: &str) -> bool {
    features.split_whitespace().any(|word| word.strip_prefix('-') == Some(feature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kmod_says_what_it_was_built_without() {
        let debian = "kmod version 30\n+ZSTD +XZ -ZLIB +LIBCRYPTO -EXPERIMENTAL\n";
        for (text, suffix, expected) in [
            (debian, Suffix::Plain, false),
            (debian, Suffix::Xz, false),
            (debian, Suffix::Gz, true),
            ("kmod version 16\n", Suffix::Gz, false),
        ] {
            assert_eq!(feature(suffix).is_some_and(|feature| lacks(text, feature)), expected, "{suffix:?}");
        }
    }
}
