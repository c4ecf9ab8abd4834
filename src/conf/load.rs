//! Reading a dkms.conf: the file, the administrator's overrides, the command line's directives, in this order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exclusive::Asked;
use super::framework::Origin;
use super::gathered::Gathered;
use super::memo::Evaluated;
use super::module::Directives;
use super::seen::Walls;
use super::shell::{Evaluations, Reach, Shell, Text};
use super::{
    Commands, ConfError, Context, EvaluatedBy, Framework, Loaded, Memo, Partial, Problem, dialect, directive, rules,
    running,
};
use crate::ids::{ModuleName, ModuleVersion};
use crate::kernel::ConfigOnDemand;
use crate::sys::System;

/// Evaluates a dkms.conf and the overrides for its module and kernel, then checks and types it.
///
/// `file` lies in the system's root already. Overrides are looked for only when the context names the module.
pub(crate) fn load(
    system: &System,
    framework: &Framework,
    file: &Path,
    context: &Context<'_>,
    commands: Commands,
) -> Result<Loaded, ConfError> {
    let reach = match commands {
        Commands::Run => Reach::Bash,
        Commands::Refuse => Reach::Native,
    };
    let gathered = gather(system, framework, file, context, reach)?;
    let config = kernel_config(system, context);
    let asked = context.target.map(|target| Asked { target, config: &config });
    let checked = rules::check(&gathered.directives, asked);
    let notices = gathered.notices.iter().chain(&gathered.said).cloned().chain(checked.notices).collect();
    match checked.conf {
        Some(conf) => Ok(Loaded {
            conf,
            raw: Arc::clone(&gathered.directives),
            evaluated_by: gathered.evaluated_by,
            needs: gathered.needs.clone(),
            duplicates: checked.duplicates,
            notices,
            origins: Arc::clone(&gathered.origins),
            file: file.to_path_buf(),
        }),
        None if gathered.directives.is_empty() => {
            let problems = vec!["it sets no directive at all; is it empty, or no dkms.conf?".to_owned().into()];
            Err(ConfError::Invalid { file: file.to_path_buf(), problems })
        }
        None => {
            let located = |problem| Problem::locate(problem, &gathered.texts);
            // What a command complains about is often why a directive has no value.
            let said = gathered.said.iter().cloned().map(Problem::from);
            let problems = checked.problems.into_iter().map(located).chain(said).collect();
            Err(ConfError::Invalid { file: file.to_path_buf(), problems })
        }
    }
}

/// Evaluates what can be evaluated without running anything, and says what cannot. For packaging, where a source may
/// come from anywhere.
///
/// A sourced file that cannot be read here is taken not to change directives that are known already.
pub(crate) fn load_lenient(
    system: &System,
    framework: &Framework,
    file: &Path,
    context: &Context<'_>,
) -> Result<Partial, ConfError> {
    let gathered = gather(system, framework, file, context, Reach::Lenient)?;
    let config = kernel_config(system, context);
    let asked = context.target.map(|target| Asked { target, config: &config });
    let checked = rules::check(&gathered.directives, asked);
    let first = |name: &str| gathered.directives.get(name).and_then(|values| values.get(&0)).cloned();
    let notices = gathered.notices.iter().cloned().chain(checked.notices).collect();
    let mut problems = checked.problems;
    if !gathered.unknown.is_empty() {
        problems.retain(|problem| !problem.contains("is missing"));
    }
    Ok(Partial {
        name: first("PACKAGE_NAME").and_then(|name| ModuleName::new(name).ok()),
        version: first("PACKAGE_VERSION").and_then(|version| ModuleVersion::new(version).ok()),
        conf: checked.conf.filter(|_| gathered.unknown.is_empty()),
        raw: Directives::clone(&gathered.directives),
        unknown: gathered.unknown.clone(),
        problems,
        duplicates: checked.duplicates,
        notices,
    })
}

fn gather(
    system: &System,
    framework: &Framework,
    file: &Path,
    context: &Context<'_>,
    reach: Reach,
) -> Result<Arc<Gathered>, ConfError> {
    let own = Memo::default();
    let memo = context.memo.unwrap_or(&own);
    let overrides = overrides(system, context, memo);
    let what = Evaluated::of(file, &overrides, context);
    memo.evaluated(what, || evaluate((system, framework), file, &overrides, context, (reach, memo)))
}

fn evaluate(
    (system, framework): (&System, &Framework),
    file: &Path,
    overrides: &[PathBuf],
    context: &Context<'_>,
    (reach, memo): (Reach, &Memo),
) -> Result<Gathered, ConfError> {
    let mut gathered = Gathered {
        directives: Arc::default(),
        unknown: Vec::new(),
        evaluated_by: EvaluatedBy::Static,
        depends_on_kernel: false,
        needs: Vec::new(),
        notices: Vec::new(),
        said: Vec::new(),
        origins: Arc::default(),
        texts: Vec::new(),
    };
    let text = Text::read(file)?;
    let names = dialect::names_for(&text.clean);
    let shell = Shell {
        system,
        names: &names,
        variables: variables(framework, context).into_iter().chain(folder(&text.clean, framework, context)).collect(),
        destination: memo.destination(system),
        time_limit: framework.policies.conf_timeout,
        reach,
        evaluations: Evaluations::Two,
        walls: Some(Box::new(|| Walls::of(system, framework, file, context))),
    };
    let own = std::iter::once(Ok((file.to_path_buf(), text)));
    let added = overrides.iter().map(|file| Text::read(file).map(|text| (file.clone(), text)));
    for read in own.chain(added) {
        let (file, text) = read?;
        let reading = shell.evaluate(&file, &text, &gathered.directives)?;
        gathered.note_origins(&reading.directives, |name| {
            Origin::File(file.clone(), super::shell::line_of(&reading.text, name))
        });
        gathered.directives = Arc::new(reading.directives);
        gathered.unknown.retain(|unknown| !gathered.directives.contains_key(&unknown.name));
        gathered.unknown.extend(reading.unknown);
        gathered.notices.extend(reading.notices);
        gathered.said.extend(reading.said);
        if reading.evaluated_by == EvaluatedBy::Bash {
            gathered.evaluated_by = EvaluatedBy::Bash;
        }
        gathered.depends_on_kernel |= reading.depends_on_kernel;
        gathered.needs.extend(reading.needs.map(|what| (file.clone(), what)));
        gathered.texts.push((file, reading.text));
    }
    let text = gathered.texts.first().map(|(_, text)| text.clone()).unwrap_or_default();
    gathered.notices.extend(dialect::modernise(Arc::make_mut(&mut gathered.directives), file, &text, context));
    gathered.take_command_line(context.directives);
    Ok(gathered)
}

impl Gathered {
    fn note_origins(&mut self, after: &Directives, origin: impl Fn(&str) -> Origin) {
        for (name, values) in after {
            if self.directives.get(name) != Some(values) {
                Arc::make_mut(&mut self.origins).insert(name.clone(), origin(name));
            }
        }
    }

    /// `--directive NAME=VALUE` sets index 0, literally.
    fn take_command_line(&mut self, directives: &[String]) {
        for directive in directives {
            match directive.split_once('=') {
                Some((name, value)) if directive::is_known(name) => {
                    Arc::make_mut(&mut self.directives).entry(name.to_owned()).or_default().insert(0, value.to_owned());
                    self.unknown.retain(|unknown| unknown.name != name);
                    Arc::make_mut(&mut self.origins).insert(name.to_owned(), Origin::CommandLine);
                }
                // The command line was told already.
                Some(_) | None => {}
            }
        }
    }
}

/// The administrator's files for the module, when it is named.
fn overrides(system: &System, context: &Context<'_>, memo: &Memo) -> Vec<PathBuf> {
    let of = |name| memo.overrides(system).files(name, context.version, context.target, context.copies);
    context.module.map(of).unwrap_or_default()
}

/// What the file can read, besides the environment.
fn variables(framework: &Framework, context: &Context<'_>) -> Vec<(String, String)> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
    [
        ("kernelver", word(context.target.map(|target| target.kernel.as_str()))),
        ("arch", word(context.target.map(|target| target.arch.as_str()))),
        ("kernel_source_dir", path(&context.kernel_source_dir)),
        ("kernel_config", path(&context.kernel_config)),
        ("dkms_tree", path(&framework.dkms_tree)),
        ("source_tree", path(&framework.source_tree)),
        ("install_tree", path(&framework.install_tree)),
        ("parallel_jobs", context.parallel_jobs.to_string()),
        ("module", word(context.module.map(ModuleName::as_str))),
        ("module_version", word(context.version.map(ModuleVersion::as_str))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// `PWD`, where it is meant to be the folder in which make is run.
fn folder(text: &str, framework: &Framework, context: &Context<'_>) -> Option<(String, String)> {
    let (name, version) = context.module.zip(context.version)?;
    let build = framework.dkms_tree.join(name).join(version).join("build");
    running::names_its_folder(text).then(|| ("PWD".to_owned(), build.to_string_lossy().into_owned()))
}

/// The kernel's configuration. Without a readable file, the CONFIG test is not made.
fn kernel_config(system: &System, context: &Context<'_>) -> ConfigOnDemand {
    let file = &context.kernel_config;
    ConfigOnDemand::of(if file.starts_with(system.root()) { file.clone() } else { system.path(file) })
}

#[cfg(test)]
mod tests;
