//! For which processor a prebuilt object in a source tree was made, and what the formats call that.

use std::io::{self, Read};

use crate::package::Format;

/// `e_machine` of an ELF file with its byte order and class: what tells one architecture from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Machine {
    number: u16,
    little: bool,
    wide: bool,
}

/// `e_machine` (elf(5)), 64 bit, little endian, name in Debian, name in RPM. The first line wins where a tree has objects
/// for several.
const TABLE: [(u16, bool, bool, &str, &str); 10] = [
    (62, true, true, "amd64", "x86_64"),
    (183, true, true, "arm64", "aarch64"),
    (3, false, true, "i386", "i686"),
    (40, false, true, "armhf", "armv7hl"),
    (21, true, true, "ppc64el", "ppc64le"),
    (21, true, false, "ppc64", "ppc64"),
    (22, true, false, "s390x", "s390x"),
    (243, true, true, "riscv64", "riscv64"),
    (258, true, true, "loong64", "loongarch64"),
    (8, true, true, "mips64el", "mips64el"),
];

impl Machine {
    /// The architecture's name in a format; None when neither has one.
    pub(crate) fn name(self, format: Format) -> Option<&'static str> {
        let line = TABLE.iter().find(|line| (line.0, line.1, line.2) == (self.number, self.wide, self.little))?;
        Some(match format {
            Format::Deb => line.3,
            Format::Rpm | Format::Pac => line.4,
        })
    }

    /// Place in the table: lower is preferred.
    pub(crate) fn rank(self) -> usize {
        let same =
            |line: &&(u16, bool, bool, &str, &str)| (line.0, line.1, line.2) == (self.number, self.wide, self.little);
        TABLE.iter().position(|line| same(&line)).unwrap_or(TABLE.len())
    }

    /// Reads the machine of an object file, or of the first one in an ar archive; None for anything else.
    pub(crate) fn read(mut file: impl Read) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        file.by_ref().take(20).read_to_end(&mut head)?;
        if head.starts_with(b"!<arch>\n") {
            return Self::in_archive(io::Cursor::new(head).chain(file));
        }
        Ok(Self::parse(&head).filter(|_| !is_program(&head)))
    }

    fn in_archive(file: impl Read) -> io::Result<Option<Self>> {
        let mut archive = ar::Archive::new(file);
        while let Some(member) = archive.next_entry() {
            // A damaged library is the linker's business.
            let Ok(mut member) = member else { return Ok(None) };
            let mut head = Vec::new();
            member.by_ref().take(20).read_to_end(&mut head)?;
            if let Some(machine) = Self::parse(&head) {
                return Ok(Some(machine));
            }
        }
        Ok(None)
    }

    /// The first 20 bytes of an ELF file: magic, class, byte order … `e_machine` at 18.
    fn parse(head: &[u8]) -> Option<Self> {
        let head: &[u8; 20] = head.first_chunk()?;
        let little = head[5] == 1;
        let bytes = [head[18], head[19]];
        let number = if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
        head.starts_with(b"\x7fELF").then_some(Self { number, little, wide: head[4] == 2 })
    }
}

/// Whether a file begins as a program or shared library does: ELF, but nothing that a module is linked from (`e_type` at 16
/// is not ET_REL).
pub(crate) fn is_program(head: &[u8]) -> bool {
    let Some(head) = head.first_chunk::<20>() else { return false };
    let little = head[5] == 1;
    let kind = if little { u16::from_le_bytes([head[16], head[17]]) } else { u16::from_be_bytes([head[16], head[17]]) };
    head.starts_with(b"\x7fELF") && [2, 3].contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u16) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(18, 0);
        bytes.extend(machine.to_le_bytes());
        bytes
    }

    #[test]
    fn objects_and_libraries_tell_their_architecture() {
        let machine = Machine::read(elf(62).as_slice()).unwrap().unwrap();
        assert_eq!((machine.name(Format::Deb), machine.name(Format::Rpm)), (Some("amd64"), Some("x86_64")));
        assert!(machine.rank() < Machine::read(elf(183).as_slice()).unwrap().unwrap().rank());
        let mut library = ar::Builder::new(Vec::new());
        library.append(&ar::Header::new(b"readme".to_vec(), 4), b"text".as_slice()).unwrap();
        library.append(&ar::Header::new(b"a.o".to_vec(), 20), elf(183).as_slice()).unwrap();
        let library = library.into_inner().unwrap();
        assert_eq!(Machine::read(library.as_slice()).unwrap().unwrap().name(Format::Deb), Some("arm64"));
    }

    #[test]
    fn programs_are_no_objects() {
        for (kind, expected) in [(1, false), (2, true), (3, true)] {
            let mut program = elf(62);
            program[16] = kind;
            assert_eq!(is_program(&program), expected);
            assert_eq!(Machine::read(program.as_slice()).unwrap().is_none(), expected);
        }
    }

    #[test]
    fn other_files_have_none() {
        for bytes in [b"".as_slice(), b"\x7fELF", b"int main;", b"!<arch>\ngarbage that is no member header at all"] {
            assert_eq!(Machine::read(bytes).unwrap(), None);
        }
    }
}
