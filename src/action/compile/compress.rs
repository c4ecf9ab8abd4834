//! Compressing finished modules into the forms that the kernel's own loader and kmod read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::kernel::Suffix;
use crate::sys::{Finished, RunError, System};

/// Why a module could not be compressed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompressError {
    #[error("cannot compress {}", .file.display())]
    Io {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The tool that the configuration asks for did not run.
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("`{command}` failed: {}: {}", .finished.how(), .finished.error_text())]
    Tool { command: String, finished: Box<Finished> },
}

/// Turns `NAME.ko` into `NAME.ko.SUFFIX` beside it and gives its new place. `options` holds the `compress_*_opts` that
/// were set: for those the tool itself is run with them, else the work is done here.
pub(crate) fn compress(
    system: &System,
    options: &BTreeMap<&'static str, String>,
    file: &Path,
    suffix: Suffix,
) -> Result<PathBuf, CompressError> {
    let (tool, setting) = match suffix {
        Suffix::Plain => return Ok(file.to_path_buf()),
        Suffix::Gz => ("gzip", "compress_gzip_opts"),
        Suffix::Xz => ("xz", "compress_xz_opts"),
        Suffix::Zst => ("zstd", "compress_zstd_opts"),
    };
    let compressed = file.with_extension(&suffix.as_str()[1..]);
    let fail = |source| CompressError::Io { file: file.to_path_buf(), source };
    let result = match options.get(setting) {
        Some(options) => with_tool(system, tool, options, file),
        None => write_compressed(file, &compressed, suffix).map_err(fail),
    };
    // Whether a tool keeps its input depends on its options, and a failure may leave half a file.
    let needless = if result.is_ok() { file } else { &compressed };
    if compressed.exists() && file.exists() {
        fs_err::remove_file(needless).map_err(fail)?;
    }
    result.map(|()| compressed)
}

fn with_tool(system: &System, tool: &str, options: &str, file: &Path) -> Result<(), CompressError> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let command = system.command(folder, tool).args(options.split_whitespace()).arg(system.inside(file));
    let finished = system.run(&command)?;
    if finished.success() {
        return Ok(());
    }
    Err(CompressError::Tool { command: format!("{tool} {options} {}", file.display()), finished: Box::new(finished) })
}

fn write_compressed(from: &Path, to: &Path, suffix: Suffix) -> io::Result<()> {
    let mut from = fs_err::File::open(from)?;
    let length = from.metadata()?.len();
    let to = BufWriter::new(fs_err::File::create(to)?.into_parts().0);
    let to = match suffix {
        Suffix::Plain => copied(&mut from, to)?,
        Suffix::Gz => gzip(&mut from, to)?,
        Suffix::Xz => xz(&mut from, to)?,
        Suffix::Zst => zstd(&mut from, to, length)?,
    };
    to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

type Sink = BufWriter<File>;

fn copied(from: &mut fs_err::File, mut to: Sink) -> io::Result<Sink> {
    io::copy(from, &mut to)?;
    Ok(to)
}

/// Without a name or time in it: equal modules give equal files.
fn gzip(from: &mut fs_err::File, to: Sink) -> io::Result<Sink> {
    let mut encoder = flate2::write::GzEncoder::new(to, flate2::Compression::best());
    io::copy(from, &mut encoder)?;
    encoder.finish()
}

/// CRC32 and a 1 MiB dictionary: the kernel's decoder knows no other check and is given little memory.
fn xz(from: &mut fs_err::File, to: Sink) -> io::Result<Sink> {
    const DICTIONARY: u32 = 1 << 20;
    let mut options = xz2::stream::LzmaOptions::new_preset(6)?;
    options.dict_size(DICTIONARY);
    let mut filters = xz2::stream::Filters::new();
    filters.lzma2(&options);
    let stream = xz2::stream::Stream::new_stream_encoder(&filters, xz2::stream::Check::Crc32)?;
    let mut encoder = xz2::write::XzEncoder::new_stream(to, stream);
    io::copy(from, &mut encoder)?;
    encoder.finish()
}

fn zstd(from: &mut fs_err::File, to: Sink, length: u64) -> io::Result<Sink> {
    let mut encoder = zstd::stream::write::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(length))?;
    io::copy(from, &mut encoder)?;
    encoder.flush()?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn module(folder: &Path) -> (PathBuf, Vec<u8>) {
        let bytes: Vec<u8> = (0..300_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let file = folder.join("a.b.ko");
        fs_err::write(&file, &bytes).unwrap();
        (file, bytes)
    }

    fn unpacked(file: &Path, suffix: Suffix) -> Vec<u8> {
        let packed = fs_err::File::open(file).unwrap();
        let mut bytes = Vec::new();
        match suffix {
            Suffix::Plain => fs_err::File::open(file).unwrap().read_to_end(&mut bytes),
            Suffix::Gz => flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes),
            Suffix::Xz => xz2::read::XzDecoder::new(packed).read_to_end(&mut bytes),
            Suffix::Zst => zstd::Decoder::new(packed).unwrap().read_to_end(&mut bytes),
        }
        .unwrap();
        bytes
    }

    #[test]
    fn every_form_holds_the_module_and_replaces_it() {
        for suffix in Suffix::ALL {
            let folder = tempfile::tempdir().unwrap();
            let (file, bytes) = module(folder.path());
            let packed = compress(&System::host(), &BTreeMap::new(), &file, suffix).unwrap();
            assert_eq!(packed, folder.path().join(format!("a.b{}", suffix.as_str())));
            assert_eq!(unpacked(&packed, suffix), bytes, "{suffix:?}");
            assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1, "{suffix:?}");
        }
    }

    #[test]
    fn xz_uses_the_check_and_the_dictionary_that_the_kernel_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let packed = compress(&System::host(), &BTreeMap::new(), &module(folder.path()).0, Suffix::Xz).unwrap();
        let bytes = fs_err::read(packed).unwrap();
        // The .xz file format, 2.1.1.2 (stream flags: 01 is CRC32) and 5.3.1 (LZMA2 property 16 is 1 MiB).
        assert_eq!(bytes[7], 1);
        assert_eq!((bytes[14], bytes[15], bytes[16]), (0x21, 1, 16));
    }

    #[test]
    fn options_of_the_configuration_run_the_tool_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (file, bytes) = module(folder.path());
        let options = BTreeMap::from([("compress_xz_opts", "--keep  -1 --check=crc64".to_owned())]);
        let packed = compress(&System::host(), &options, &file, Suffix::Xz).unwrap();
        assert_eq!(unpacked(&packed, Suffix::Xz), bytes);
        assert_eq!(fs_err::read(&packed).unwrap()[7], 4, "CRC64, as the options say");
        assert!(!file.exists());

        let (file, _) = module(folder.path());
        let options = BTreeMap::from([("compress_gzip_opts", "--no-such-option".to_owned())]);
        let error = compress(&System::host(), &options, &file, Suffix::Gz).unwrap_err();
        assert!(error.to_string().contains("gzip --no-such-option"), "{error}");
        assert!(file.exists());
    }
}
