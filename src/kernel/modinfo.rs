//! What a module file says of itself (its `.modinfo` section) and whether it is signed, read without running modinfo.
//!
//! Formats: include/linux/moduleinfo and scripts/mod of Linux for `.modinfo`; include/linux/module_signature.h for the
//! signature at the end.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

/// No module is near that large; a small compressed file can claim to be any size.
const MAX_SIZE: u64 = 512 << 20;
/// Memory that an xz file may ask for.
const XZ_MEMORY: u64 = 256 << 20;
/// What ends a signed module.
const SIGNATURE_MARK: &[u8] = b"~Module signature appended~\n";
/// `PKEY_ID_PKCS7`: the format that every kernel since 4.3 expects.
pub(crate) const PKCS7: u8 = 2;
/// `struct module_signature`.
const SIGNATURE_HEAD: usize = 12;

/// Why a module file tells nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModInfoError {
    /// It cannot be read or decompressed.
    #[error("cannot read the module {}", .file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    /// It is no kernel module.
    #[error("{} is not a kernel module: {reason}", .file.display())]
    NoModule {
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The fields of `.modinfo` and the signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ModInfo {
    fields: Vec<(String, String)>,
    /// The signature at its end, if any.
    pub(crate) signature: Option<Signature>,
}

/// A signature appended to a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signature {
    /// `PKEY_ID_PKCS7` is 2, what every kernel since 4.3 expects.
    pub(crate) id_type: u8,
    /// Length of the signature itself in bytes.
    pub(crate) length: usize,
    /// Length of the module without mark, head and signature.
    pub(crate) unsigned: usize,
}

impl ModInfo {
    /// Reads a module file, plain or compressed with gzip, xz or zstd (told by its first bytes, whatever its name).
    pub(crate) fn read(file: &Path) -> Result<Self, ModInfoError> {
        let content = read_module(file).map_err(|source| ModInfoError::Unreadable { file: file.into(), source })?;
        Self::parse(&content).map_err(|reason| ModInfoError::NoModule { file: file.into(), reason })
    }

    /// Parses an uncompressed module. The error is the reason, in a few words.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, String> {
        let elf = object::File::parse(content).map_err(|error| error.to_string())?;
        let section = elf.section_by_name(".modinfo").ok_or("it has no .modinfo section")?;
        let data = section.data().map_err(|error| error.to_string())?;
        let field = |text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        Ok(Self { fields: data.split(|byte| *byte == 0).filter_map(field).collect(), signature: signature(content) })
    }

    /// The first field of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Every field of this name (alias, firmware, parm …), in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.get("version")
    }

    /// Checksum of the sources, made by modpost for modules with a version.
    pub(crate) fn srcversion(&self) -> Option<&str> {
        self.get("srcversion")
    }

    /// The kernel release it was built for: the first word of vermagic.
    pub(crate) fn release(&self) -> Option<&str> {
        self.get("vermagic")?.split_whitespace().next()
    }

    /// The other words of vermagic.
    pub(crate) fn flags(&self) -> Vec<String> {
        let words = self.get("vermagic").unwrap_or_default().split_whitespace();
        words.skip(1).map(str::to_owned).collect()
    }
}

/// The bytes of a module file, decompressed. At most 512 MiB, beyond which it is an error.
pub(crate) fn read_module(file: &Path) -> io::Result<Vec<u8>> {
    let mut options = fs_err::OpenOptions::new();
    // A fifo under a module's name must not make us wait.
    fs_err::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), libc::O_NONBLOCK);
    let mut opened = options.open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(crate::sys::fs::at(
            file,
            "read",
            io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"),
        ));
    }
    let mut magic = Vec::new();
    opened.by_ref().take(6).read_to_end(&mut magic)?;
    let whole = io::Cursor::new(magic.clone()).chain(opened);
    let result = match magic.as_slice() {
        [0x1f, 0x8b, ..] => read_bounded(flate2::read::MultiGzDecoder::new(whole), MAX_SIZE),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            let stream = xz2::stream::Stream::new_stream_decoder(XZ_MEMORY, xz2::stream::CONCATENATED);
            read_bounded(xz2::read::XzDecoder::new_stream(whole, stream.map_err(io::Error::from)?), MAX_SIZE)
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => read_bounded(zstd::Decoder::new(whole)?, MAX_SIZE),
        _ => read_bounded(whole, MAX_SIZE),
    };
    result.map_err(|error| crate::sys::fs::at(file, "read", error))
}

fn read_bounded(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        let reason = format!("it is larger than {} MiB", limit >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(content)
}

/// A module without its signature, and the message of that; None when it is not signed in the format of today.
pub(crate) fn taken_apart(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let found = signature(content).filter(|found| found.id_type == PKCS7)?;
    let (module, rest) = content.split_at_checked(found.unsigned)?;
    Some((module, rest.get(..found.length)?))
}

/// A module (that is not signed) with a message as its signature.
pub(crate) fn put_together(module: &[u8], message: &[u8]) -> Vec<u8> {
    // `struct module_signature`: zeroes but for the format and the length.
    let mut head = [0; SIGNATURE_HEAD];
    head[2] = PKCS7;
    head[SIGNATURE_HEAD - 4..].copy_from_slice(&(message.len() as u32).to_be_bytes());
    [module, message, &head, SIGNATURE_MARK].concat()
}

/// The signature at the end of a module; None when there is none, or a head that cannot be true.
fn signature(content: &[u8]) -> Option<Signature> {
    let rest = content.strip_suffix(SIGNATURE_MARK)?;
    let (rest, head) = rest.split_at_checked(rest.len().checked_sub(SIGNATURE_HEAD)?)?;
    let [_algo, _hash, id_type, signer, key_id, _, _, _, length @ ..] = head else { return None };
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    // The signer's name and key id precede the signature in the formats before PKCS#7.
    let unsigned = rest.len().checked_sub(length)?.checked_sub(usize::from(*signer) + usize::from(*key_id))?;
    Some(Signature { id_type: *id_type, length, unsigned })
}

#[cfg(test)]
pub(crate) mod tests;
