//! `mkmatrix --json`, and matrix.json beside the packages.

use std::path::PathBuf;

use serde::Serialize;

use super::table::{Mark, reason};
use super::{Cell, Matrix};
use crate::engine::preflight::verdict::Standing;
use crate::error::Result;

pub(crate) const MATRIX: &str = "dkms-matrix-1";

#[derive(Serialize)]
struct Document<'m> {
    schema: &'static str,
    code: u8,
    modules: Vec<Module<'m>>,
    kernels: Vec<&'m str>,
    cells: Vec<Entry<'m>>,
    /// Every package of the cells, and those that need them for the newest kernel.
    packages: &'m [PathBuf],
}

#[derive(Serialize)]
struct Module<'m> {
    module: &'m str,
    version: &'m str,
}

#[derive(Serialize)]
struct Entry<'m> {
    module: &'m str,
    version: &'m str,
    kernel: &'m str,
    arch: &'m str,
    /// By which it lies in the store.
    key: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'m str>,
    hints: &'m [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

/// The document. `log` names the log of a cell.
pub(crate) fn of(matrix: &Matrix, packages: &[PathBuf], log: &dyn Fn(&Cell) -> Option<String>) -> Result<String> {
    let document = Document {
        schema: MATRIX,
        code: matrix.error().map_or(0, |error| error.kind().code()),
        modules: matrix
            .modules
            .iter()
            .map(|id| Module { module: id.name.as_str(), version: id.version.as_str() })
            .collect(),
        kernels: matrix.kernels.iter().map(|column| column.target.kernel.as_str()).collect(),
        cells: matrix.cells.iter().map(|cell| entry(cell, log(cell))).collect(),
        packages,
    };
    crate::report::document(&document)
}

fn entry(cell: &Cell, log: Option<String>) -> Entry<'_> {
    let case = match cell.done().map(|done| &done.standing) {
        Some(Standing::Fails { case, .. }) => Some(case.as_str()),
        _ => None,
    };
    let reason = reason(cell);
    Entry {
        module: cell.wanted.module.name.as_str(),
        version: cell.wanted.module.version.as_str(),
        kernel: cell.wanted.target.kernel.as_str(),
        arch: cell.wanted.target.arch.as_str(),
        key: cell.key().to_string(),
        state: Mark::of(cell).name(),
        case,
        why: reason.map(|(why, _)| why),
        hints: reason.map_or(&[], |(_, hints)| hints),
        log,
    }
}
