//! Options that every command line with arguments of its own has: where, and how much is told.

use std::path::PathBuf;

use clap::Args;

use crate::conf::Framework;
use crate::report::Reporter;
use crate::report::human::{Human, Loudness, Notes};
use crate::sys::trace;

use super::place;

/// Which root, and which trees in it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PlaceArgs {
    /// Take modules, settings and templates of the system below this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// The DKMS tree, for MODULE/VERSION
    #[arg(long, value_name = "DIR")]
    pub(crate) dkmstree: Option<PathBuf>,
    /// The source tree, for MODULE/VERSION
    #[arg(long, value_name = "DIR")]
    pub(crate) sourcetree: Option<PathBuf>,
    /// The folder of the kernels that modules are built for
    #[arg(long, value_name = "DIR")]
    pub(crate) installtree: Option<PathBuf>,
}

impl PlaceArgs {
    /// The settings with these trees in them.
    #[cfg_attr(not(feature = "packages"), allow(dead_code))]
    pub(crate) fn settings(&self, framework: &Framework) -> Framework {
        let mut framework = framework.clone();
        let trees = place::Trees {
            dkms: self.dkmstree.as_deref(),
            source: self.sourcetree.as_deref(),
            install: self.installtree.as_deref(),
        };
        trees.replace_in(&mut framework);
        framework
    }
}

/// How the result is told.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TellArgs {
    /// Print the result as a JSON document; see JSON in dkms(8)
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing
    #[arg(long, short = 'q')]
    pub(crate) quiet: bool,
    /// Tell more
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Tell each decision, each command and each written file
    #[arg(long)]
    pub(crate) debug: bool,
}

// The verbs of the engine tell through `Typed`.
#[cfg_attr(not(feature = "packages"), allow(dead_code))]
impl TellArgs {
    pub(crate) fn loudness(&self) -> Loudness {
        match (self.quiet, self.verbose || self.debug) {
            (true, _) => Loudness::Nothing,
            (false, true) => Loudness::Details,
            (false, false) => Loudness::Normal,
        }
    }

    /// With --json, standard output is for the one document.
    pub(crate) fn reporter(&self) -> Human {
        if self.debug && !self.quiet {
            listen();
        }
        Human::new(self.loudness(), if self.json { Notes::Stderr } else { Notes::Stdout })
    }
}

/// Has every decision, command and written file told on standard error (`--debug`).
pub(crate) fn listen() {
    let listener = Human::new(Loudness::Normal, Notes::Stderr);
    trace::listen(move |text| text.lines().for_each(|line| listener.note(format!("dkms: debug: {line}"))));
}
