//! `dkms conf FILE|FOLDER|NAME/VERSION`: what DKMS makes of a dkms.conf for a kernel, and where each value comes from.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::conf::framework::Origin;
use crate::conf::{self, Commands, EvaluatedBy, Loaded};
use crate::error::{Error, Result};
use crate::ids::{ModuleId, Target};
use crate::kernel::headers;
use crate::report::Reporter;
use crate::sys::shell_words::quoted;
use crate::tree::VersionState;

use super::known::Among;
use super::legacy::Typed;
use super::operand;
use super::request;
use super::targets;
use crate::engine::app::App;

/// Reads the dkms.conf, evaluates it as a build for that kernel would, and tells the result. Changes nothing.
pub(crate) fn run(app: &App, typed: &Typed) -> Result<()> {
    request::directives(app, &typed.directives)?;
    let target = target(app, typed)?;
    let (file, id) = subject(app, typed, typed.operand())?;
    let file = std::path::absolute(&file).unwrap_or(file);
    let id = match id {
        Some(id) => Some(id),
        // A file of its own says which module it is; that decides which overrides count.
        None => load(app, typed, &file, None, &target)
            .ok()
            .map(|loaded| ModuleId::new(loaded.conf.name, loaded.conf.version)),
    };
    let loaded = load(app, typed, &file, id.as_ref(), &target)?;
    if typed.json {
        let text = crate::report::document(&document(app, &loaded, &target))?;
        app.reporter.document(text);
        return Ok(());
    }
    app.reporter.answer(text(app, &loaded, &target));
    for warning in loaded.notices.iter().chain(&loaded.duplicates) {
        app.reporter.warn(warning.clone());
    }
    Ok(())
}

/// The one that is named, else the running one, be it this root's or not: a dkms.conf can be read for any kernel.
fn target(app: &App, typed: &Typed) -> Result<Target> {
    match app.system.running_kernel().filter(|_| typed.kernels.is_empty()) {
        Some(running) => targets::one(running.as_str(), typed.arches.first(), &app.system),
        None => targets::single(typed, app, "conf"),
    }
}

/// The file, and the module if the command line or the tree names it.
fn subject(app: &App, typed: &Typed, operand: Option<&str>) -> Result<(PathBuf, Option<ModuleId>)> {
    if let Some(path) = operand.map(Path::new) {
        if path.is_file() {
            return Ok((path.to_path_buf(), None));
        }
        if path.is_dir() && path.join("dkms.conf").exists() {
            return Ok((path.join("dkms.conf"), None));
        }
    }
    if let (Some(file), None, None) = (&typed.conf, operand, typed.module()) {
        return Ok((file.clone(), None));
    }
    let id = operand::named(app, typed, operand, Among::Sources)?;
    let layout = app.tree.layout();
    let entry = app.tree.module(&id).map_err(|error| Error::io("cannot read the DKMS tree", error))?;
    let source = match entry.map(|entry| entry.state) {
        Some(VersionState::Added { source }) => source,
        _ => layout.source(&id),
    };
    Ok((typed.conf.clone().unwrap_or_else(|| source.join("dkms.conf")), Some(id)))
}

fn load(app: &App, typed: &Typed, file: &Path, id: Option<&ModuleId>, target: &Target) -> Result<Loaded> {
    let (source_dir, config) = (typed.kernelsourcedir.as_deref(), typed.kernel_config.as_deref());
    let (kernel_source_dir, kernel_config) = headers::places(app.tree.layout(), target, source_dir, config);
    let context = conf::Context {
        target: Some(target),
        kernel_source_dir,
        kernel_config,
        module: id.map(|id| &id.name),
        version: id.map(|id| &id.version),
        parallel_jobs: typed.jobs.unwrap_or_else(crate::sys::processors),
        directives: &typed.directives,
        copies: None,
        memo: None,
    };
    Ok(conf::load(&app.system, &app.framework, file, &context, Commands::Run)?)
}

fn document(app: &App, loaded: &Loaded, target: &Target) -> Value {
    let directives: serde_json::Map<String, Value> = loaded
        .raw
        .iter()
        .map(|(name, values)| {
            let values = values.iter().map(|(index, value)| (index.to_string(), json!(value)));
            (name.clone(), Value::Object(values.collect()))
        })
        .collect();
    let origins: serde_json::Map<String, Value> =
        loaded.origins.iter().map(|(name, origin)| (name.clone(), origin_value(origin))).collect();
    let settings = app.framework.origins.iter().map(|(name, origin)| ((*name).to_owned(), origin_value(origin)));
    json!({
        "schema": "dkms-conf-1",
        "file": loaded.file,
        "module": loaded.conf.name,
        "version": loaded.conf.version,
        "kernel": target.kernel,
        "arch": target.arch,
        "directives": directives,
        "origins": origins,
        "settings": settings.collect::<serde_json::Map<String, Value>>(),
        "evaluated_by": loaded.evaluated_by,
        "needs_bash": loaded.needs.iter().map(|(file, what)| json!({ "file": file, "what": what })).collect::<Vec<_>>(),
        "excluded": loaded.conf.exclusion(),
        "warnings": loaded.notices.iter().chain(&loaded.duplicates).collect::<Vec<_>>(),
    })
}

fn origin_value(origin: &Origin) -> Value {
    match origin {
        Origin::File(file, Some(line)) => json!({ "file": file, "line": line }),
        Origin::File(file, None) => json!({ "file": file }),
        Origin::CommandLine => json!({ "option": "--directive" }),
        Origin::Environment => json!({ "environment": true }),
    }
}

fn text(app: &App, loaded: &Loaded, target: &Target) -> String {
    let how = match loaded.evaluated_by {
        EvaluatedBy::Static => "without running anything",
        EvaluatedBy::Bash => "by bash",
    };
    let mut lines = vec![format!("# {} for kernel {target}, evaluated {how}", loaded.file.display())];
    lines.extend(loaded.needs.iter().map(|need| format!("# only bash can tell: {}", needed(need, loaded))));
    for (name, values) in loaded.raw.iter() {
        for (index, value) in values {
            let name = if values.len() == 1 && *index == 0 { name.clone() } else { format!("{name}[{index}]") };
            lines.push(format!("{name}={}", quoted(value)));
        }
        if let Some(place) = loaded.origins.get(name).and_then(|origin| place(origin, loaded)) {
            lines.push(format!("    # {place}"));
        }
    }
    if let Some(why) = loaded.conf.exclusion() {
        lines.push(format!("# not for this kernel: {why}"));
    }
    // The settings that are not as they come also decide how a module is built and where it goes.
    let set = app.framework.origins.iter().filter_map(|(name, origin)| Some((name, place(origin, loaded)?)));
    lines.extend(set.map(|(name, place)| format!("# setting {name}: {place}")));
    lines.join("\n")
}

fn needed((file, what): &(PathBuf, String), loaded: &Loaded) -> String {
    if *file == loaded.file { what.clone() } else { format!("{}: {what}", file.display()) }
}

/// Where a value comes from, unless it is the file itself without a line.
fn place(origin: &Origin, loaded: &Loaded) -> Option<String> {
    match origin {
        Origin::File(file, Some(line)) if *file == loaded.file => Some(format!("line {line}")),
        Origin::File(file, line) if *file != loaded.file => {
            Some(line.map_or(file.display().to_string(), |line| format!("{}:{line}", file.display())))
        }
        Origin::CommandLine => Some("--directive".to_owned()),
        Origin::Environment => Some("the environment".to_owned()),
        Origin::File(..) => None,
    }
}
