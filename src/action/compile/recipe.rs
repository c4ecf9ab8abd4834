//! What a build depends on besides its files, and the key that a finished build is known by.

use std::path::PathBuf;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::action::Context;
use crate::action::compile::keys::without_pins;
use crate::action::compile::prepared::{Prepared, Recipe};
use crate::conf::ModuleConf;
use crate::conf::signing::{self, Pairs};
use crate::kernel::headers;
use crate::snapshot::inputs::{self, Digests};
use crate::sys::environment::deciding;
use crate::sys::fingerprint::hex;

/// What makefiles of kernels run besides the compiler.
const TOOLS: [&str; 6] = ["make", "ld", "objcopy", "bash", "perl", "pahole"];

/// What this build depends on besides its files. None for a module with PRE_BUILD or POST_BUILD, whose scripts may do anything.
pub(crate) fn of(context: &Context<'_>, module: &Prepared<'_>, conf: &ModuleConf) -> Option<Recipe> {
    if conf.scripts.pre_build.is_some() || conf.scripts.post_build.is_some() {
        return None;
    }
    let framework = context.framework;
    let signs = signing::unwanted(context.system, framework).is_none();
    let pairs = Pairs::locate(context.system, framework, context.tree.layout(), Some(&module.target.kernel));
    let signs = signs.then(|| without_pins(&format!("{pairs:?}")));
    let sourced = framework.build_environment.as_ref().map(|file| fs_err::read(context.system.path(file)).ok());
    let making = digest(&[
        env!("CARGO_PKG_VERSION").to_owned(),
        format!("{conf:?}"),
        format!("{:?} {:?} {:?}", module.toolchain, module.suffix, module.dependencies),
        format!("{:?}", compiler(context, module)),
        format!("{:?} {:?}", module.headers, module.config_file),
        format!("{sourced:?}"),
        format!("{:?}", deciding(context.system.environment(), &framework.pass_environment)),
    ]);
    let finishing = format!("{signs:?} {:?} {:?}", framework.sign_file, framework.compress_options);
    Some(Recipe { whole: digest(&[making.clone(), finishing]), making })
}

/// The program that compiles, told apart from its next release: its file, size and time.
fn compiler(context: &Context<'_>, module: &Prepared<'_>) -> Option<(PathBuf, u64, SystemTime)> {
    let usual = if module.toolchain.is_llvm { "clang" } else { "gcc" };
    let named = module.toolchain.compiler.as_deref().unwrap_or(usual);
    let program = named.split_whitespace().rfind(|word| !word.starts_with('-'))?;
    file_of(context, program)
}

fn file_of(context: &Context<'_>, program: &str) -> Option<(PathBuf, u64, SystemTime)> {
    let file = context.system.tools().program_inside(program)?;
    let meta = fs_err::metadata(&file).ok()?;
    Some((file, meta.len(), meta.modified().ok()?))
}

/// The key of a finished build: its recipe with the digests of its files.
pub(crate) fn key(module: &Prepared<'_>, inputs: &Digests) -> Option<String> {
    let recipe = &module.recipe.as_ref()?.whole;
    Some(digest(&[recipe.clone(), module.id.to_string(), module.target.to_string(), format!("{inputs:?}")]))
}

/// The key of a build that fails: nothing that comes after make matters, but more of what make reads and runs, for a build that
/// would end well must not be taken for one that fails.
pub(crate) fn key_of_failure(context: &Context<'_>, module: &Prepared<'_>) -> Option<String> {
    let making = module.recipe.as_ref()?.making.clone();
    let inputs: Vec<_> = module.inputs.iter().filter(|(name, _)| !inputs::is_signing(name)).collect();
    let tools = TOOLS.map(|program| file_of(context, program));
    let headers = headers::shape(context.system, &context.system.path(&module.headers)).ok()?;
    let of = [module.id.to_string(), module.target.to_string(), format!("{inputs:?} {tools:?}"), headers];
    Some(digest(&[&[making][..], &of].concat()))
}

fn digest(parts: &[String]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(hash.finalize())
}
