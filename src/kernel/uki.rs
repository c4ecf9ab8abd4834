//! Unified kernel images: kernel, initramfs and command line as sections of one PE file (UAPI.5 of the UAPI Group; the
//! form is Microsoft's "PE Format").

use std::io::{self, Read, Seek, SeekFrom};

/// The section that is the initramfs.
const INITRD: &[u8; 8] = b".initrd\0";
/// Where the file says where its headers begin.
const OFFSET: u64 = 0x3c;
/// In front of the headers.
const SIGNATURE: &[u8; 4] = b"PE\0\0";
/// Bytes of the first header, behind the signature.
const FILE_HEADER: usize = 20;
const SECTION_HEADER: usize = 40;
/// No image that starts has more.
const MOST_SECTIONS: u16 = 96;

/// The initramfs in an image, from its first byte to its last.
///
/// # Errors
///
/// The file cannot be read, or is no such image.
pub(crate) fn initramfs<F: Read + Seek>(mut image: F) -> io::Result<io::Take<F>> {
    let (begin, size) = find(&mut image)?.ok_or_else(|| no_image("it has no section .initrd"))?;
    let end = image.seek(SeekFrom::End(0))?;
    if begin.checked_add(size).is_none_or(|last| last > end) {
        return Err(no_image("its section .initrd is cut off"));
    }
    image.seek(SeekFrom::Start(begin))?;
    Ok(image.take(size))
}

/// Where the section begins, and how long it is.
fn find<F: Read + Seek>(image: &mut F) -> io::Result<Option<(u64, u64)>> {
    image.seek(SeekFrom::Start(OFFSET))?;
    let headers = u32::from_le_bytes(bytes(image)?);
    image.seek(SeekFrom::Start(headers.into()))?;
    if bytes::<4, F>(image)? != *SIGNATURE {
        return Err(no_image("it is no PE file"));
    }
    let header: [u8; FILE_HEADER] = bytes(image)?;
    let sections = u16::from_le_bytes([header[2], header[3]]).min(MOST_SECTIONS);
    let optional = u16::from_le_bytes([header[16], header[17]]);
    image.seek(SeekFrom::Current(optional.into()))?;
    for _ in 0..sections {
        let section: [u8; SECTION_HEADER] = bytes(image)?;
        if section.starts_with(INITRD) {
            let number = |at: usize| u64::from(u32::from_le_bytes(std::array::from_fn(|byte| section[at + byte])));
            // On disk it may be longer, filled up to a whole page.
            return Ok(Some((number(20), number(8).min(number(16)))));
        }
    }
    Ok(None)
}

fn bytes<const N: usize, F: Read>(image: &mut F) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    image.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn no_image(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is no unified kernel image: {why}"))
}

#[cfg(test)]
pub(crate) mod sample {
    /// An image with this initramfs, of the fewest bytes that are one.
    pub(crate) fn image(initramfs: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 0x40];
        image[0x3c] = 0x40;
        image.extend(b"PE\0\0");
        image.extend([0x64, 0x86, 2, 0]);
        image.extend([0; 12]);
        image.extend([8, 0, 0, 0]);
        image.extend([0; 8]);
        let begin = image.len() as u32 + 80;
        for (name, size, raw, at) in
            [(b".osrel\0\0", 0, 0, 0), (b".initrd\0", initramfs.len() as u32, initramfs.len() as u32 + 3, begin)]
        {
            image.extend(name);
            for number in [size, 0, raw, at, 0, 0, 0, 0] {
                image.extend(u32::to_le_bytes(number));
            }
        }
        image.extend(initramfs);
        image.extend([0; 3]);
        image
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(image: &[u8]) -> Result<Vec<u8>, String> {
        let mut content = Vec::new();
        let copied = initramfs(Cursor::new(image)).and_then(|mut section| section.read_to_end(&mut content));
        copied.map(|_| content).map_err(|error| error.to_string())
    }

    #[test]
    fn the_initramfs_of_an_image_is_its_section_without_what_fills_it_up() {
        assert_eq!(read(&sample::image(b"070701")).unwrap(), b"070701");
    }

    #[test]
    fn what_is_no_image_or_cut_off_is_told() {
        let whole = sample::image(b"070701");
        assert!(read(&whole[..whole.len() - 4]).unwrap_err().contains("cut off"));
        assert!(read(&sample::image(b"")[..0x50]).is_err());
        let mut other = whole.clone();
        other[0x40] = b'X';
        assert!(read(&other).unwrap_err().contains("no PE file"));
        let mut nameless = whole;
        let at = nameless.windows(7).position(|bytes| bytes == b".initrd").unwrap();
        nameless[at] = b'_';
        assert!(read(&nameless).unwrap_err().contains("no section .initrd"));
        for end in 0..nameless.len() {
            assert!(read(&nameless[..end]).is_err());
        }
    }
}
