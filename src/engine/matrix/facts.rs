//! What a package with kernel headers says of its kernel, read without unpacking it to a disk.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cell::Compiler;
use crate::archive::error::ArchiveError;
use crate::archive::limits::Limits;
use crate::archive::member::{Content, Member, Taker};
use crate::archive::parcel;
use crate::kernel::KernelConfig;
use crate::sys::System;

/// Bytes that are read of one file: a configuration has 300 KiB.
const MOST: u64 = 8 << 20;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// As the modules' vermagic will name it.
    pub(crate) release: Option<String>,
    pub(crate) compiler: Compiler,
}

impl Facts {
    pub(crate) fn read(package: &Path) -> Result<Self, ArchiveError> {
        let mut heard = Heard::default();
        parcel::read(package, &mut heard)?;
        let config = heard.auto.or(heard.dot).unwrap_or_default();
        let config = KernelConfig::parse(&config);
        let compiler = Compiler {
            program: config.compiler().map(str::to_owned),
            is_clang: config.is_clang(),
            takes_signatures: config.takes_signatures(),
            has_types: config.is_enabled("CONFIG_DEBUG_INFO_BTF_MODULES"),
        };
        Ok(Self { release: heard.release, compiler })
    }
}

/// The versions of the programs that decide about bytes, as they tell them; what is not there is told, too.
pub(crate) fn tools(system: &System, compiler: &Compiler) -> String {
    let usual = if compiler.is_clang { ["clang", "ld.lld"] } else { ["gcc", "ld"] };
    let own = compiler.program.as_deref().filter(|program| system.has_program(program)).unwrap_or(usual[0]);
    let version = |program: &str| {
        let command = system.here(program).arg("--version").env("LC_ALL", "C");
        let told = system.run(&command).ok().filter(crate::sys::Finished::success);
        let told = told.and_then(|told| told.text().lines().next().map(str::to_owned));
        told.unwrap_or_else(|| format!("no {program}"))
    };
    let programs = [own, usual[1]].into_iter().chain(compiler.has_types.then_some("pahole"));
    programs.map(version).collect::<Vec<_>>().join("; ")
}

#[derive(Debug, Default)]
struct Heard {
    release: Option<String>,
    auto: Option<String>,
    dot: Option<String>,
}

impl Taker for Heard {
    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn put(&mut self, member: &Member, data: &mut dyn Read) -> Result<(), ArchiveError> {
        if !matches!(member.content, Content::File(_)) {
            return Ok(());
        }
        let place = match () {
            () if member.name.ends_with("include/generated/utsrelease.h") => &mut self.release,
            () if member.name.ends_with("include/config/auto.conf") => &mut self.auto,
            () if member.name.ends_with(".config") => &mut self.dot,
            () => return Ok(()),
        };
        let mut text = Vec::new();
        data.take(MOST).read_to_end(&mut text).map_err(ArchiveError::Read)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        *place = match member.name.ends_with("utsrelease.h") {
            true => text.split('"').nth(1).map(str::to_owned),
            false => Some(text),
        };
        Ok(())
    }
}
