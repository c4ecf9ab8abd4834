//! The header of an RPM: who, what, which files, which scripts.

use rpm::{
    BuildConfig, CompressionWithLevel, Dependency, DependencyFlags, FileMode, FileOptions, Header, HeaderEntry,
    IndexData, IndexSignatureTag, IndexTag, PackageBuilder, PackageMetadata, Scriptlet, SignatureHeaderBuilder,
};

use crate::archive::stream::{Compression, GZIP_LEVEL, ZSTD_LEVEL};
use crate::package::Writing;
use crate::package::description::contents::Placed;
use crate::package::description::extra::Role;
use crate::package::description::info::PackageInfo;
use crate::package::description::texts::{bullet, fold};
use crate::package::format::rpm::written::{RpmError, Written};
use crate::package::input::payload::EntryKind;
use crate::package::io::openpgp::SigningKey;
use crate::package::words::relations::{Compare, Kind, Phase, Relation};

/// Builds lead, signature header (digests, and the signature if there is a key) and header for a payload that is written
/// already.
pub(crate) fn build(
    info: &PackageInfo,
    contents: &[Placed],
    writing: Writing<'_>,
    written: &Written,
) -> Result<PackageMetadata, RpmError> {
    let level = match writing.compression {
        Compression::Gzip => CompressionWithLevel::Gzip(GZIP_LEVEL),
        Compression::Zstd => CompressionWithLevel::Zstd(ZSTD_LEVEL),
        Compression::Xz => return Err(RpmError::Compression),
    };
    let date = u32::try_from(info.date).unwrap_or(u32::MAX);
    let arch = info.architecture.as_str();
    let mut builder = PackageBuilder::new(&info.name, &info.version, &info.license, arch, &info.summary);
    builder.using_config(BuildConfig::v4().compression(level).source_date(rpm::Timestamp(date)));
    describe(&mut builder, info);
    depend(&mut builder, info);
    script(&mut builder, info);
    files(&mut builder, contents)?;
    let mut metadata = builder.build()?.metadata;
    metadata.header = complete(&metadata.header, date, written)?;
    let bytes = metadata.header_bytes()?;
    metadata.signature = SignatureHeaderBuilder::new()
        .format(rpm::RpmFormat::V4)
        .reserved_space(Some(SignatureHeaderBuilder::DEFAULT_RESERVED_SPACE))
        .set_content_length(bytes.len() as u64 + written.length)
        .calculate_digests(&bytes)
        .build()?;
    // rpm2cpio ends with an error where the size of the unpacked payload is not stated.
    let unpacked = u32::try_from(written.unpacked).map_err(|_| RpmError::TooLarge)?;
    let size = (IndexSignatureTag::RPMSIGTAG_PAYLOADSIZE as u32, IndexData::Int32(vec![unpacked]));
    let mut more = vec![size];
    if let Some(key) = writing.key {
        more.insert(0, signature(key, &bytes, info.date)?);
    }
    metadata.signature = with(&metadata.signature, more)?;
    Ok(metadata)
}

/// A signature over the header, where every rpm since 4.0 looks for it. (The rpm crate's own way of adding one needs a second
/// OpenPGP library.)
fn signature(key: &SigningKey, header: &[u8], date: u64) -> Result<(u32, IndexData), RpmError> {
    // The names are from times when there was no other algorithm.
    let tag = if key.is_rsa() { IndexSignatureTag::RPMSIGTAG_RSA } else { IndexSignatureTag::RPMSIGTAG_DSA };
    Ok((tag as u32, IndexData::Bin(key.detached(header, date)?.bytes()?)))
}

/// The signature header with more in it.
fn with(
    digests: &Header<IndexSignatureTag>,
    more: Vec<(u32, IndexData)>,
) -> Result<Header<IndexSignatureTag>, RpmError> {
    let entries = digests.get_all_entries()?.into_iter();
    let entries = entries
        .filter(|(tag, _)| *tag != IndexSignatureTag::HEADER_SIGNATURES as u32)
        .chain(more)
        .map(|(tag, data)| HeaderEntry::new(tag, data));
    Ok(Header::from_entries(entries, IndexSignatureTag::HEADER_SIGNATURES))
}

fn describe(builder: &mut PackageBuilder, info: &PackageInfo) {
    let paragraphs: Vec<String> = info.description.iter().map(|text| fold(text, 79).join("\n")).collect();
    builder.release(info.release.as_str()).description(paragraphs.join("\n\n"));
    // A host's name would make every build different.
    builder.build_host("reproducible").group("System/Kernel");
    if let Some(epoch) = info.epoch {
        builder.epoch(epoch);
    }
    if let Some(url) = &info.url {
        builder.url(url);
    }
    if let Some(packager) = &info.maintainer {
        builder.packager(packager);
    }
    for change in info.changes() {
        let title = format!("{} - {}", change.person, change.version);
        let text: Vec<String> = change.changes.iter().map(|line| bullet(line)).collect();
        // As rpmbuild has it, who knows only the day.
        let noon = change.date / 86_400 * 86_400 + 43_200;
        let date = rpm::Timestamp(u32::try_from(noon).unwrap_or(u32::MAX));
        builder.add_changelog_entry(title, text.join("\n"), date);
    }
    if let Some(vendor) = &info.vendor {
        builder.vendor(vendor);
    }
}

fn depend(builder: &mut PackageBuilder, info: &PackageInfo) {
    for relation in &info.relations {
        let dependency = dependency(relation);
        match relation.kind {
            Kind::Requires => builder.requires(dependency),
            Kind::Recommends => builder.recommends(dependency),
            Kind::Suggests => builder.suggests(dependency),
            Kind::Supplements => builder.supplements(dependency),
            Kind::Provides => builder.provides(dependency),
            Kind::Conflicts => builder.conflicts(dependency),
            Kind::Replaces => builder.obsoletes(dependency),
            // An RPM that replaces another one says nothing else.
            Kind::Breaks => continue,
        };
    }
}

fn dependency(relation: &Relation) -> Dependency {
    let compared = match relation.version {
        None => DependencyFlags::ANY,
        Some((Compare::Less, _)) => DependencyFlags::LESS,
        Some((Compare::LessOrEqual, _)) => DependencyFlags::LE,
        Some((Compare::Equal, _)) => DependencyFlags::EQUAL,
        Some((Compare::GreaterOrEqual, _)) => DependencyFlags::GE,
        Some((Compare::Greater, _)) => DependencyFlags::GREATER,
    };
    let by = match relation.phase {
        None => DependencyFlags::ANY,
        Some(Phase::BeforeInstall) => DependencyFlags::SCRIPT_PRE,
        Some(Phase::AfterInstall) => DependencyFlags::SCRIPT_POST,
        Some(Phase::BeforeRemoval) => DependencyFlags::SCRIPT_PREUN,
        Some(Phase::AfterRemoval) => DependencyFlags::SCRIPT_POSTUN,
        Some(Phase::AfterTransaction) => DependencyFlags::POSTTRANS,
    };
    let version = relation.version.as_ref().map_or(String::new(), |(_, version)| version.clone());
    Dependency { name: relation.name.clone(), flags: compared | by, version }
}

fn script(builder: &mut PackageBuilder, info: &PackageInfo) {
    for script in &info.scripts {
        let scriptlet = Scriptlet::new(script.text.trim_end()).prog(vec!["/bin/sh"]);
        match script.phase {
            Phase::BeforeInstall => builder.pre_install_script(scriptlet),
            Phase::AfterInstall => builder.post_install_script(scriptlet),
            Phase::BeforeRemoval => builder.pre_uninstall_script(scriptlet),
            Phase::AfterRemoval => builder.post_uninstall_script(scriptlet),
            Phase::AfterTransaction => builder.post_trans_script(scriptlet),
        };
    }
}

fn files(builder: &mut PackageBuilder, contents: &[Placed]) -> Result<(), RpmError> {
    for entry in contents {
        let place = entry.path();
        match entry.kind {
            EntryKind::Folder => builder.with_dir_entry(FileOptions::dir(place).permissions(0o755))?,
            EntryKind::Link(target) => builder.with_symlink(FileOptions::symlink(place, target))?,
            EntryKind::File(file) => {
                let mode = FileMode::regular(u16::try_from(file.mode()).unwrap_or(0o644));
                let options = FileOptions::new(place).mode(mode);
                let options = match entry.role {
                    Role::Data => options,
                    Role::Config => options.config().noreplace(),
                    Role::Document => options.doc(),
                    Role::License => options.license(),
                };
                builder.with_file_contents("", options)?
            }
        };
    }
    Ok(())
}

/// The header with the sizes, digests and time that the builder could not know.
fn complete(header: &Header<IndexTag>, date: u32, written: &Written) -> Result<Header<IndexTag>, RpmError> {
    let mut entries = Vec::new();
    for (tag, data) in header.get_all_entries()? {
        if tag == IndexTag::RPMTAG_HEADERIMMUTABLE as u32 {
            continue;
        }
        entries.push(HeaderEntry::new(tag, replace(tag, data, date, written)));
    }
    Ok(Header::from_entries(entries, IndexTag::RPMTAG_HEADERIMMUTABLE))
}

fn replace(tag: u32, data: IndexData, date: u32, written: &Written) -> IndexData {
    let is = |wanted: IndexTag| tag == wanted as u32;
    match data {
        IndexData::Int32(sizes) if is(IndexTag::RPMTAG_FILESIZES) => {
            IndexData::Int32(sizes.iter().zip(&written.sizes).map(|(old, new)| new.unwrap_or(*old)).collect())
        }
        IndexData::Int32(total) if is(IndexTag::RPMTAG_SIZE) => {
            let files: u32 = written.sizes.iter().flatten().sum();
            IndexData::Int32(total.iter().map(|links| links.saturating_add(files)).collect())
        }
        IndexData::StringArray(_) if is(IndexTag::RPMTAG_FILEDIGESTS) => {
            IndexData::StringArray(written.digests.clone())
        }
        IndexData::StringArray(_) if is(IndexTag::RPMTAG_PAYLOADSHA256) => {
            IndexData::StringArray(vec![written.compressed.clone()])
        }
        IndexData::StringArray(_) if is(IndexTag::RPMTAG_PAYLOADSHA256ALT) => {
            IndexData::StringArray(vec![written.plain.clone()])
        }
        // The builder refuses times in the future and takes its own clock instead.
        IndexData::Int32(_) if is(IndexTag::RPMTAG_BUILDTIME) => IndexData::Int32(vec![date]),
        other => other,
    }
}
