//! The environment that the commands of a build find.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::action::compile::toolchain::Toolchain;
use crate::conf::Framework;
use crate::conf::framework::Origin;
use crate::sys::System;
pub(crate) use crate::sys::environment::Environment;
use crate::sys::environment::{Whom, made};

/// What a shell keeps for itself.
const OF_THE_SHELL: [&str; 4] = ["_", "PWD", "OLDPWD", "SHLVL"];

/// What may pass of the caller's, the folder for temporary files if the settings name one, and the kernel's compiler.
pub(crate) fn of_build(caller: &Environment, framework: &Framework, toolchain: &Toolchain) -> Environment {
    let mut environment = made(caller, Whom::Build, &framework.pass_environment);
    if let Some(Origin::File(..)) = framework.origins.get("tmp_location") {
        environment.insert("TMPDIR".into(), framework.tmp_location.clone().into());
    }
    for (name, value) in toolchain.variables() {
        environment.insert(name.into(), value.into());
    }
    environment
}

/// Why the file of `build_environment` could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("build_environment names {0}, which does not exist")]
    Missing(String),
    /// The shell failed in it.
    #[error("{file} (build_environment) cannot be read by bash: {reason}")]
    Failed { file: String, reason: String },
}

/// Adds what a shell file exports. It is read by a bash that has this environment; only data comes back.
pub(crate) fn source(system: &System, environment: &mut Environment, file: &Path) -> Result<(), SourceError> {
    let name = file.display().to_string();
    if !system.path(file).is_file() {
        return Err(SourceError::Missing(name));
    }
    let failed = |reason: String| SourceError::Failed { file: name.clone(), reason };
    let script = r#". "$1" >/dev/null && exec env -0"#;
    let command = system
        .command_in(environment, &system.path("/"), "bash")
        .args(["--noprofile", "--norc", "-c", script, "dkms"])
        .arg(file)
        .env_remove("BASH_ENV");
    let finished = system.run(&command).map_err(|error| failed(error.source.to_string()))?;
    if !finished.success() {
        return Err(failed(format!("{} {}", finished.how(), finished.error_text())));
    }
    environment.extend(parse(&finished.stdout));
    Ok(())
}

/// `NAME=VALUE` entries that end in a zero byte.
fn parse(bytes: &[u8]) -> Environment {
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            let at = entry.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (OsStr::from_bytes(&entry[..at]), OsStr::from_bytes(&entry[at + 1..]));
            Some((name.to_owned(), value.to_owned()))
        })
        .filter(|(name, _)| !OF_THE_SHELL.iter().any(|own| name == *own))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn a_build_finds_the_kernels_compiler_and_the_folder_that_the_settings_name() {
        let caller = environment(&[("CC", "tcc"), ("PATH", "/bin"), ("TMPDIR", "/mine"), ("V", "1")]);
        let toolchain = Toolchain { compiler: Some("gcc-12".into()), ..Toolchain::default() };
        let mut framework = Framework::defaults(&System::host().with_environment(caller.clone()));
        let mut expected = environment(&[("CC", "gcc-12"), ("KERNEL_CC", "gcc-12"), ("LANG", "C"), ("PATH", "/bin")]);
        assert_eq!(of_build(&caller, &framework, &toolchain), expected);
        framework.tmp_location = "/large".into();
        framework.origins.insert("tmp_location", Origin::File("/etc/dkms/framework.conf".into(), None));
        framework.pass_environment = vec!["V".to_owned()];
        expected.extend(environment(&[("TMPDIR", "/large"), ("V", "1")]));
        assert_eq!(of_build(&caller, &framework, &toolchain), expected);
    }

    #[test]
    fn a_shell_file_adds_what_it_exports_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("env");
        fs_err::write(&file, "echo noise\nexport CC=\"my cc\"\nlocal_one=x\nexport TWO=$'a\\nb'\n").unwrap();
        let mut found = environment(&[("PATH", "/usr/bin:/bin"), ("CC", "gcc")]);
        source(&System::host(), &mut found, &file).unwrap();
        assert_eq!(found, environment(&[("CC", "my cc"), ("PATH", "/usr/bin:/bin"), ("TWO", "a\nb")]));
    }

    #[test]
    fn a_missing_or_failing_file_leaves_the_environment_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("env");
        let mut found = environment(&[("PATH", "/usr/bin:/bin")]);
        assert!(matches!(source(&System::host(), &mut found, &file), Err(SourceError::Missing(_))));
        fs_err::write(&file, "export X=1\nexit 3\n").unwrap();
        assert!(matches!(source(&System::host(), &mut found, &file), Err(SourceError::Failed { .. })));
        assert_eq!(found, environment(&[("PATH", "/usr/bin:/bin")]));
    }
}
