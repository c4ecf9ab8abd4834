//! `preflight --json`.

use serde::Serialize;

use crate::error::Result;

use super::Report;
use super::verdict::Standing;

const PREFLIGHT: &str = "dkms-preflight-1";

#[derive(Serialize)]
struct Document<'r> {
    schema: &'static str,
    code: u8,
    kernels: Vec<&'r str>,
    verdicts: Vec<Entry<'r>>,
    /// Builds that the real event will find finished.
    kept: usize,
    unread: Vec<Unread<'r>>,
}

#[derive(Serialize)]
struct Entry<'r> {
    module: &'r str,
    version: &'r str,
    kernel: &'r str,
    arch: &'r str,
    #[serde(flatten)]
    standing: &'r Standing,
}

#[derive(Serialize)]
struct Unread<'r> {
    file: String,
    why: &'r str,
}

pub(crate) fn of(report: &Report) -> Result<String> {
    let document = Document {
        schema: PREFLIGHT,
        code: report.error().map_or(0, |error| error.kind().code()),
        kernels: report.kernels.iter().map(|target| target.kernel.as_str()).collect(),
        verdicts: report
            .verdicts
            .iter()
            .map(|verdict| Entry {
                module: verdict.module.name.as_str(),
                version: verdict.module.version.as_str(),
                kernel: verdict.target.kernel.as_str(),
                arch: verdict.target.arch.as_str(),
                standing: &verdict.standing,
            })
            .collect(),
        kept: report.kept,
        unread: report.unread.iter().map(|(file, why)| Unread { file: file.display().to_string(), why }).collect(),
    };
    crate::report::document(&document)
}
