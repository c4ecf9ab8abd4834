//! The process of a package manager: what it calls in one transaction has it as an ancestor.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::machine::{Machine, Manager};
use super::transaction::{Call, Program};

/// A transaction that is going on. It is over when this is dropped.
pub struct Transaction {
    process: Child,
    words: Option<ChildStdin>,
    ends: BufReader<ChildStdout>,
}

impl Transaction {
    pub fn begin(machine: &Machine) -> Self {
        let program = match machine.manager {
            Manager::Dpkg => "dpkg",
            Manager::Rpm => "rpm",
            Manager::Pacman => "pacman",
        };
        let sandbox = &machine.sandbox;
        let mut process = Command::new(sandbox.path(&format!("bin/{program}")))
            .arg("serve")
            .envs(sandbox.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ends = BufReader::new(process.stdout.take().unwrap());
        Self { words: process.stdin.take(), ends, process }
    }

    /// Runs a hook or script to its end; `wrapper` are words before the program. Its exit code and what it told.
    pub fn call(&mut self, machine: &Machine, call: &Call, wrapper: &[String]) -> (i32, String) {
        let sandbox = &machine.sandbox;
        let file = |name: &str| sandbox.path(&format!("calls/{name}"));
        fs::create_dir_all(file("")).unwrap();
        fs::write(file("input"), call.input.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        // As dpkg calls it: the script's name and arguments are its command line.
        let (script, arguments) = call.script.as_deref().unwrap_or("script").split_once(' ').unwrap_or(("script", ""));
        fs::write(file(script), self.text(machine, call, wrapper)).unwrap();
        writeln!(self.words.as_mut().unwrap(), "{} {arguments}", file(script).display()).unwrap();
        let mut end = String::new();
        self.ends.read_line(&mut end).unwrap();
        let told = fs::read_to_string(file("told")).unwrap_or_default();
        let told = told.replace(&sandbox.path("").display().to_string(), "/");
        (end.trim().parse().unwrap(), told)
    }

    fn text(&self, machine: &Machine, call: &Call, wrapper: &[String]) -> String {
        let sandbox = &machine.sandbox;
        let program = env!("CARGO_BIN_EXE_dkms").to_owned();
        let (places, words) = (sandbox.places(), call.line.split(' ').map(str::to_owned));
        let words: Vec<String> = match call.program {
            Program::Dkms => [program].into_iter().chain(words).chain(places).collect(),
            Program::Event => [program, "event".to_owned()].into_iter().chain(places).chain(words).collect(),
        };
        let mut variables: Vec<String> =
            sandbox.environment().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        if machine.manager == Manager::Dpkg {
            variables.push("DPKG_MAINTSCRIPT_PACKAGE=a".to_owned());
        }
        variables.extend(call.variable.clone());
        let all = variables.iter().chain(wrapper).chain(&words).map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let place = |name: &str| quoted(&sandbox.path(&format!("calls/{name}")).display().to_string());
        let folder = quoted(&sandbox.path("").display().to_string());
        format!("cd {folder}\nenv -i {all} <{} >{} 2>&1\ncode=$?\nexit $code\n", place("input"), place("told"))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        drop(self.words.take());
        drop(self.process.wait());
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
