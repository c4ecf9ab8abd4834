//! What the files of one module say together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::EvaluatedBy;
use super::framework::Origin;
use super::module::Directives;
use super::shell::Unknown;

/// Directives of all files, before the rules.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) directives: Arc<Directives>,
    pub(super) unknown: Vec<Unknown>,
    pub(super) evaluated_by: EvaluatedBy,
    /// Whether they may be others for another kernel.
    pub(super) depends_on_kernel: bool,
    pub(super) needs: Vec<(PathBuf, String)>,
    pub(super) notices: Vec<String>,
    /// What bash said while it was asked, on top of its answer.
    pub(super) said: Vec<String>,
    pub(super) origins: Arc<BTreeMap<String, Origin>>,
    /// Each file with its text, in order.
    pub(super) texts: Vec<(PathBuf, String)>,
}
