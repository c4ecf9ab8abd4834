use super::*;

fn module(name: &str, version: &str) -> ModuleId {
    names::check(name, version).unwrap()
}

fn survey() -> Survey {
    Survey {
        descriptions: vec!["A V4L2 loopback video device.".to_owned()],
        authors: vec!["A B <a@b.org>".to_owned()],
        spdx: ["GPL-2.0".to_owned()].into(),
        ..Survey::default()
    }
}

fn info(format: Format, wishes: &Wishes) -> Result<PackageInfo, InfoError> {
    let material = Material { carries: &Carries::Source, payload: &Payload::default(), survey: &survey() };
    PackageInfo::new(format, module("foo_x", "v1.2"), wishes, material, &mut Vec::new())
}

#[test]
fn the_source_says_what_nobody_set() {
    let deb = info(Format::Deb, &Wishes::default()).unwrap();
    assert_eq!(deb.file_name(), "foo-x-dkms_1.2-1_all.deb");
    assert_eq!(deb.place, "/usr/src/foo_x-v1.2");
    assert_eq!(deb.summary, "V4L2 loopback video device (DKMS)");
    assert_eq!((deb.license.as_str(), deb.maintainer.as_deref()), ("GPL-2.0-only", Some("A B <a@b.org>")));
    let rpm = info(Format::Rpm, &Wishes::default()).unwrap();
    assert_eq!(rpm.file_name(), "foo_x-dkms-1.2-1.noarch.rpm");
}

#[test]
fn what_a_person_sets_wins_and_is_checked() {
    let wishes = Wishes {
        package_name: Some("foo-1-dkms".into()),
        package_version: Some("3.5~rc2".into()),
        epoch: Some(2),
        release: Some("3".into()),
        maintainer: Some("C D <c@d.org>".into()),
        license: Some("MIT".into()),
        ..Wishes::default()
    };
    let deb = info(Format::Deb, &wishes).unwrap();
    assert_eq!(
        (deb.file_name().as_str(), deb.full_version().as_str()),
        ("foo-1-dkms_3.5~rc2-3_all.deb", "2:3.5~rc2-3")
    );
    assert!(deb.named_by_hand);
    for wishes in [
        Wishes { package_name: Some("Foo".into()), ..Wishes::default() },
        Wishes { package_version: Some("x".into()), ..Wishes::default() },
        Wishes { release: Some("1-2".into()), ..Wishes::default() },
        Wishes { maintainer: Some("nobody".into()), ..Wishes::default() },
        Wishes { architecture: Some("a/b".into()), ..Wishes::default() },
    ] {
        assert!(info(Format::Deb, &wishes).is_err(), "{wishes:?}");
    }
}

#[test]
fn a_maintainer_is_never_invented() {
    let several = Survey { authors: vec!["Ann,Bob Ox <bob@b.org>,Cy <c@c.org>".to_owned()], ..survey() };
    assert_eq!(maintainer(Format::Deb, &Wishes::default(), &several).unwrap().as_deref(), Some("Bob Ox <bob@b.org>"));
    let nobody = Survey { authors: vec!["Some Body".to_owned(), "a@b.org".to_owned()], ..survey() };
    let make = |format| {
        let material = Material { carries: &Carries::Source, payload: &Payload::default(), survey: &nobody };
        PackageInfo::new(format, module("foo", "1"), &Wishes::default(), material, &mut Vec::new())
    };
    assert_eq!(make(Format::Deb), Err(InfoError::NoMaintainer));
    assert_eq!(make(Format::Rpm).unwrap().maintainer, None);
}

#[test]
fn mailboxes_are_told_from_other_text() {
    for text in ["A B <a@b.org>", "Ä Ö <x.y+z@sub.host.de>"] {
        assert!(is_mailbox(text), "{text}");
    }
    for text in ["", "A B", "a@b.org", "<a@b.org>", "A <a@b>", "A, B <a@b.org>", "A <a b@c.org>", "A <a@b.org> x"] {
        assert!(!is_mailbox(text), "{text}");
    }
}
