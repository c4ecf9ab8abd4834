//! `--jobs-for`: open cells as jobs of an engine that exists. Each job is one command, `dkms mkmatrix --cell KEY --store DIR`: it
//! can be run anywhere that sees the store, twice, or again after a host died.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::Cell;
use crate::sys::fingerprint::hex;
use crate::sys::shell_words::quoted;

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Slurm,
    Parallel,
    Make,
    Github,
    Gitlab,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobFile {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) is_script: bool,
}

/// What the jobs have in common.
#[derive(Debug, Clone)]
pub(crate) struct Setting<'a> {
    /// This program, as hosts call it.
    pub(crate) program: &'a str,
    pub(crate) store: &'a Path,
    /// Options that each job has as the command that writes them.
    pub(crate) options: &'a [String],
    /// The command that collects what is done.
    pub(crate) collect: &'a [String],
}

/// The lists of CI systems are no longer than this (GitHub: jobs of a matrix; GitLab: parallel:matrix).
const LONGEST: [(Engine, usize); 2] = [(Engine::Github, 256), (Engine::Gitlab, 200)];

impl Engine {
    /// How many cells it takes at most.
    pub(crate) fn most(self) -> Option<usize> {
        LONGEST.iter().find(|(engine, _)| *engine == self).map(|(_, most)| *most)
    }

    /// The files, the first of which is to be started, and how.
    pub(crate) fn files(self, cells: &[&Cell], setting: &Setting<'_>) -> (Vec<JobFile>, String) {
        let text = lines(cells, |cell| cell.key().to_string());
        // Jobs that wait look into it later, and others may write jobs meanwhile.
        let name = format!("cells-{}", &hex(Sha256::digest(&text))[..16]);
        let list = JobFile { name, text, is_script: false };
        let file = |name: &str, text, is_script| JobFile { name: name.to_owned(), text, is_script };
        let (one, start) = match self {
            Engine::Slurm => {
                (file("matrix.sbatch", slurm(cells, &list.name, setting), true), "sbatch DIR/matrix.sbatch")
            }
            Engine::Parallel => (
                file("matrix.parallel", parallel(&list.name, setting), true),
                "DIR/matrix.parallel --sshlogin HOST,HOST",
            ),
            Engine::Make => (file("matrix.mk", make(cells, setting), false), "make -f DIR/matrix.mk -k -j 4"),
            Engine::Github => {
                (file("matrix-github.yml", github(cells, setting), false), "git add, as .github/workflows/matrix.yml")
            }
            Engine::Gitlab => (file("matrix-gitlab.yml", gitlab(cells, setting), false), "git add, as .gitlab-ci.yml"),
        };
        let needs_list = matches!(self, Engine::Slurm | Engine::Parallel);
        (std::iter::once(one).chain(needs_list.then_some(list)).collect(), start.to_owned())
    }
}

fn lines(cells: &[&Cell], line: impl Fn(&Cell) -> String) -> String {
    cells.iter().map(|cell| line(cell) + "\n").collect()
}

/// A word of a shell, in quotes where it needs them.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// `dkms mkmatrix --store DIR --cell`, for a shell.
fn command(setting: &Setting<'_>) -> String {
    let options: String = setting.options.iter().map(|text| format!("{} ", word(text))).collect();
    format!("{} mkmatrix {options}--store {} --cell", word(setting.program), word(&setting.store.to_string_lossy()))
}

/// The command that collects, for a comment.
fn collecting(setting: &Setting<'_>) -> String {
    setting.collect.iter().map(|text| word(text)).collect::<Vec<_>>().join(" ").replace(['\n', '\r'], " ")
}

fn slurm(cells: &[&Cell], list: &str, setting: &Setting<'_>) -> String {
    format!(
        "#!/bin/bash\n\
         # {count} cells of a matrix, for sbatch(1). Afterwards: {collect}\n\
         #SBATCH --job-name=dkms-matrix\n\
         #SBATCH --array=1-{count}\n\
         #SBATCH --requeue\n\
         # Slurm runs a copy of this script, so the list is named by its whole path.\n\
         set -eu\n\
         key=$(sed -n \"${{SLURM_ARRAY_TASK_ID}}p\" {list})\n\
         exec {command} \"$key\"\n",
        count = cells.len(),
        collect = collecting(setting),
        list = word(&setting.store.join("jobs").join(list).to_string_lossy()),
        command = command(setting),
    )
}

fn parallel(list: &str, setting: &Setting<'_>) -> String {
    format!(
        "#!/bin/sh\n\
         # Cells of a matrix, for GNU parallel: options of this script are its, such as --sshlogin host1,host2 or -j 2.\n\
         # A job whose host dies is tried on another one. Afterwards: {collect}\n\
         set -eu\n\
         here=$(dirname \"$(realpath \"$0\")\")\n\
         exec parallel --retries 3 \"$@\" {command} '{{}}' :::: \"$here\"/{list}\n",
        collect = collecting(setting),
        // parallel(1) hands its command to a shell once more.
        command = quoted(&command(setting)),
    )
}

/// In a makefile a dollar is written twice; a target with a blank cannot be written at all, so none is named by a path of ours.
fn make(cells: &[&Cell], setting: &Setting<'_>) -> String {
    let doubled = |text: &str| text.replace('$', "$$");
    let keys: Vec<String> = cells.iter().map(|cell| cell.key().to_string()).collect();
    format!(
        "# Cells of a matrix, for make -j. Afterwards: {collect}\n\
         CELLS = \\\n{keys}\n\
         .PHONY: all $(CELLS)\n\
         all: $(CELLS)\n\
         $(CELLS):\n\t{command} $@\n",
        collect = collecting(setting),
        keys = keys.iter().map(|key| format!("  {key} \\\n")).collect::<String>(),
        command = doubled(&command(setting)),
    )
}

/// A scalar of YAML in single quotes (YAML 1.2, 7.3.2).
fn scalar(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace(['\n', '\r'], " "))
}

fn github(cells: &[&Cell], setting: &Setting<'_>) -> String {
    let entry = |cell: &Cell| {
        let name = format!("{} for {}", cell.wanted.module, cell.wanted.target.kernel);
        // What GitHub computes in a workflow stands behind these.
        let name = name.replace("${{", "$ {{");
        format!("          - cell: {}\n            name: {}", cell.key(), scalar(&name))
    };
    format!(
        "# Cells of a matrix, one job each, on runners that see the store. Afterwards: {collect}\n\
         name: dkms matrix\n\
         on: workflow_dispatch\n\
         jobs:\n\
         \x20 cell:\n\
         \x20   name: ${{{{ matrix.name }}}}\n\
         \x20   # Runners of your own: those of GitHub do not see the store.\n\
         \x20   runs-on: self-hosted\n\
         \x20   strategy:\n\
         \x20     fail-fast: false\n\
         \x20     matrix:\n\
         \x20       include:\n{cells}\
         \x20   steps:\n\
         \x20     - run: {command}\n",
        collect = collecting(setting),
        cells = lines(cells, entry),
        command = scalar(&format!("{} ${{{{ matrix.cell }}}}", command(setting))),
    )
}

fn gitlab(cells: &[&Cell], setting: &Setting<'_>) -> String {
    format!(
        "# Cells of a matrix, one job each, on runners that see the store. Afterwards: {collect}\n\
         cell:\n\
         \x20 retry: 2\n\
         \x20 parallel:\n\
         \x20   matrix:\n\
         \x20     - CELL:\n{cells}\
         \x20 script:\n\
         \x20   - {command}\n",
        collect = collecting(setting),
        cells = lines(cells, |cell| format!("          - {}", cell.key())),
        command = scalar(&format!("{} \"$CELL\"", command(setting))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::matrix::table::tests::matrix;
    use crate::ids::ModuleVersion;

    const ALL: [Engine; 5] = [Engine::Slurm, Engine::Parallel, Engine::Make, Engine::Github, Engine::Gitlab];

    fn files(engine: Engine, store: &str) -> (Vec<JobFile>, Vec<String>) {
        let matrix = matrix(&["6.1.0-1-amd64", "6.1.0-2-amd64"], &[]);
        let collect = ["dkms", "mkmatrix", "it's", "*"].map(str::to_owned);
        let setting = Setting { program: "dkms", store: Path::new(store), options: &[], collect: &collect };
        let keys = matrix.cells.iter().map(|cell| cell.key().to_string()).collect();
        (engine.files(&matrix.open(), &setting).0, keys)
    }

    #[test]
    fn every_engine_gets_each_open_cell_once() {
        for engine in ALL {
            let (files, keys) = files(engine, "/srv/store");
            assert_eq!(keys.len(), 4);
            let whole: String = files.iter().map(|file| file.text.as_str()).collect();
            for key in keys {
                assert_eq!(whole.matches(&key).count(), 1, "{engine:?}: {whole}");
            }
            assert!(whole.contains("--store /srv/store --cell"), "{whole}");
        }
    }

    #[test]
    fn a_store_of_any_name_is_one_word_of_a_shell_when_make_and_parallel_have_read_it() {
        let store = "/srv/a 'b' $(c) #d";
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("dkms"), "#!/bin/sh\nprintf '%s|' \"$@\" >>\"$OUT\"\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs_err::set_permissions(folder.path().join("dkms"), mode).unwrap();
        let (made, keys) = files(Engine::Make, store);
        fs_err::write(folder.path().join("matrix.mk"), &made[0].text).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let out = folder.path().join("out");
        let mut make = std::process::Command::new("make");
        make.args(["-f", "matrix.mk"]).current_dir(folder.path()).env("PATH", path).env("OUT", &out);
        let ended = make.output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let said = fs_err::read_to_string(&out).unwrap();
        let expected: String = keys.iter().map(|key| format!("mkmatrix|--store|{store}|--cell|{key}|")).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn what_a_module_is_called_is_not_computed_by_github() {
        let mut matrix = matrix(&["6.1.0-1-amd64"], &[]);
        matrix.cells[0].wanted.module.version = ModuleVersion::new("1${{github.token}}").unwrap();
        let setting = Setting { program: "dkms", store: Path::new("/srv/store"), options: &[], collect: &[] };
        let (files, _) = Engine::Github.files(&matrix.open(), &setting);
        assert!(files[0].text.contains("name: 'alpha/1$ {{github.token}} for"), "{}", files[0].text);
    }

    #[test]
    fn lists_of_ci_systems_are_yaml_whatever_modules_are_called() {
        assert_eq!(scalar("it's: # a\nb"), "'it''s: # a b'");
        let (files, _) = files(Engine::Github, "/srv/it's");
        assert!(
            files[0].text.contains("- run: 'dkms mkmatrix --store ''/srv/it''\\''''s'' --cell ${{ matrix.cell }}'"),
            "{}",
            files[0].text
        );
    }
}
