//! The matrix as lines for people: a grid, and below it what there is to say of single cells.

use super::{Cell, Matrix, State};
use crate::engine::preflight::verdict::Standing;

/// A sign for each way a cell can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Built,
    Kept,
    Excluded,
    Fails,
    Unknown,
    Open,
}

impl Mark {
    pub(crate) const ALL: [Mark; 6] = [Mark::Built, Mark::Kept, Mark::Excluded, Mark::Fails, Mark::Unknown, Mark::Open];

    pub(crate) fn of(cell: &Cell) -> Self {
        let is_fresh = matches!(cell.state, State::Fresh(_));
        match (&cell.state, cell.done().map(|done| &done.standing)) {
            (State::Open, _) => Mark::Open,
            (_, Some(Standing::Builds)) if is_fresh => Mark::Built,
            (_, Some(Standing::Builds)) => Mark::Kept,
            (_, Some(Standing::Excluded { .. })) => Mark::Excluded,
            (_, Some(Standing::Fails { .. })) => Mark::Fails,
            (_, Some(Standing::Unknown { .. }) | None) => Mark::Unknown,
        }
    }

    pub(crate) fn sign(self) -> char {
        match self {
            Mark::Built => '+',
            Mark::Kept => '=',
            Mark::Excluded => '-',
            Mark::Fails => 'F',
            Mark::Unknown => '?',
            Mark::Open => '.',
        }
    }

    /// As documents name it, and classes of the page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mark::Built => "built",
            Mark::Kept => "kept",
            Mark::Excluded => "excluded",
            Mark::Fails => "fails",
            Mark::Unknown => "unknown",
            Mark::Open => "open",
        }
    }

    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Mark::Built => "built now",
            Mark::Kept => "built before",
            Mark::Excluded => "not for this kernel",
            Mark::Fails => "does not build",
            Mark::Unknown => "cannot tell",
            Mark::Open => "not built yet",
        }
    }
}

/// Why a cell has no modules, and what to do.
pub(crate) fn reason(cell: &Cell) -> Option<(&str, &[String])> {
    match (&cell.state, cell.done().map(|done| &done.standing)) {
        (State::Unknown(why), _) => Some((why, &[])),
        (_, Some(Standing::Excluded { why } | Standing::Unknown { why })) => Some((without_subject(why), &[])),
        (_, Some(Standing::Fails { why, hints, .. })) => Some((without_subject(why), hints)),
        (_, Some(Standing::Builds) | None) => None,
    }
}

/// Which module it is, and for which kernel, stands beside it.
fn without_subject(why: &str) -> &str {
    let failed = why.strip_prefix("building ").and_then(|rest| rest.split_once(" failed: "));
    let excluded = || why.split_once(": ").filter(|(subject, _)| subject.contains(" is not for kernel "));
    failed.or_else(excluded).map_or(why, |(_, rest)| rest)
}

/// The lines. `log` names the log of a cell.
pub(crate) fn lines(matrix: &Matrix, log: &dyn Fn(&Cell) -> Option<String>) -> Vec<String> {
    let names: Vec<String> = matrix.modules.iter().map(ToString::to_string).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let digits = matrix.kernels.len().to_string().len();
    let row = |name: &str, signs: Vec<String>| {
        let signs: Vec<String> = signs.into_iter().map(|sign| format!("{sign:>digits$}")).collect();
        format!("{name:width$}  {}", signs.join(" "))
    };
    let mut lines = vec![row("", (1..=matrix.kernels.len()).map(|number| number.to_string()).collect())];
    for (module, name) in matrix.modules.iter().zip(&names) {
        let cells = matrix.cells.iter().filter(|cell| cell.wanted.module == *module);
        lines.push(row(name, cells.map(|cell| Mark::of(cell).sign().to_string()).collect()));
    }
    let kernels = matrix.kernels.iter().enumerate();
    lines.extend(kernels.map(|(at, column)| format!("{:>digits$}  {}", at + 1, column.target.kernel)));
    let used: Vec<Mark> = matrix.cells.iter().map(Mark::of).collect();
    let legend = Mark::ALL.into_iter().filter(|mark| used.contains(mark));
    let legend: Vec<String> = legend.map(|mark| format!("{} {}", mark.sign(), mark.meaning())).collect();
    lines.push(legend.join(", "));
    lines.extend(matrix.cells.iter().flat_map(|cell| told(cell, log)));
    lines
}

fn told(cell: &Cell, log: &dyn Fn(&Cell) -> Option<String>) -> Vec<String> {
    let Some((why, hints)) = reason(cell) else { return Vec::new() };
    let (module, kernel) = (&cell.wanted.module, &cell.wanted.target.kernel);
    let mut lines = vec![format!("{module} for {kernel}: {}: {why}", Mark::of(cell).meaning())];
    lines.extend(hints.iter().map(|hint| format!("    {hint}")));
    if Mark::of(cell) == Mark::Fails {
        lines.extend(log(cell).map(|log| format!("    the whole log is {log}")));
    }
    lines
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::matrix::Column;
    use crate::engine::matrix::cell::{Compiler, Done, Parts, Wanted};
    use crate::ids::{Arch, KernelRelease, ModuleId, ModuleName, ModuleVersion, Target};
    use crate::package::Format;

    /// Two modules for kernels, whose cells stand so.
    pub(crate) fn matrix(kernels: &[&str], states: &[Standing]) -> Matrix {
        let target = |kernel: &&str| Target::new(KernelRelease::new(*kernel).unwrap(), Arch::new("x86_64").unwrap());
        let modules: Vec<ModuleId> = ["alpha", "be"]
            .map(|name| ModuleId::new(ModuleName::new(name).unwrap(), ModuleVersion::new("1.0").unwrap()))
            .into();
        let mut states = states.iter();
        let mut cells = Vec::new();
        for target in kernels.iter().map(target) {
            for module in &modules {
                let mut parts = Parts::default();
                parts.set("module", module.to_string());
                parts.set("kernel", target.to_string());
                let wanted = Wanted {
                    module: module.clone(),
                    target: target.clone(),
                    sources: Vec::new(),
                    headers: Vec::new(),
                    compiler: Compiler::default(),
                    date: 0,
                    parts: parts.clone(),
                };
                let (module, target, digest) = (module.clone(), target.clone(), None);
                let state = match states.next() {
                    None => State::Open,
                    Some(Standing::Unknown { why }) => State::Unknown(why.clone()),
                    Some(standing) => State::Fresh(Box::new(Done {
                        module,
                        target,
                        standing: standing.clone(),
                        digest,
                        date: 0,
                        parts,
                        absent: std::collections::BTreeSet::new(),
                    })),
                };
                cells.push(Cell { wanted, format: Format::Deb, state });
            }
        }
        let kernels = kernels.iter().map(target).map(|target| Column { target, format: Format::Deb }).collect();
        Matrix { modules, kernels, cells }
    }

    pub(crate) fn fails(why: &str) -> Standing {
        Standing::Fails { case: "make-failed".into(), why: why.into(), hints: vec!["do this".into()], log: None }
    }

    #[test]
    fn a_grid_shows_every_cell_and_below_it_stands_why_some_are_not_built() {
        let states = [
            Standing::Builds,
            fails("building be/1.0 for kernel 6.1.0-1-amd64 (x86_64) failed: a.c:1: error"),
            Standing::Excluded { why: "alpha/1.0 is not for kernel 6.1.0-2-amd64: BUILD_EXCLUSIVE_KERNEL".into() },
            Standing::Unknown { why: "no disk".into() },
            Standing::Builds,
        ];
        let lines = lines(&matrix(&["6.1.0-1-amd64", "6.1.0-2-amd64", "6.12.1"], &states), &|_| Some("LOG".into()));
        assert_eq!(
            lines,
            [
                "           1 2 3",
                "alpha/1.0  + - +",
                "be/1.0     F ? .",
                "1  6.1.0-1-amd64",
                "2  6.1.0-2-amd64",
                "3  6.12.1",
                "+ built now, - not for this kernel, F does not build, ? cannot tell, . not built yet",
                "be/1.0 for 6.1.0-1-amd64: does not build: a.c:1: error",
                "    do this",
                "    the whole log is LOG",
                "alpha/1.0 for 6.1.0-2-amd64: not for this kernel: BUILD_EXCLUSIVE_KERNEL",
                "be/1.0 for 6.1.0-2-amd64: cannot tell: no disk",
            ]
        );
    }

    #[test]
    fn the_exit_code_tells_what_fails_from_what_is_not_built() {
        let code = |states: &[Standing]| matrix(&["6.1"], states).error().map_or(0, |error| error.kind().code());
        assert_eq!(code(&[Standing::Builds, Standing::Excluded { why: String::new() }]), 0);
        assert_eq!(code(&[Standing::Builds]), 1);
        assert_eq!(code(&[Standing::Builds, Standing::Unknown { why: String::new() }]), 1);
        assert_eq!(code(&[fails(""), Standing::Unknown { why: String::new() }]), 2);
    }
}
