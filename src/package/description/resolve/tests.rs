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

fn told(format: Format, said: Said, template: Option<&Template>, survey: &Survey) -> Result<PackageInfo, InfoError> {
    let wishes = Wishes { said, ..Wishes::default() };
    let material = Material { carries: &Carries::Source, payload: &Payload::default(), survey, date: 0 };
    let subject = Subject {
        format,
        module: &module("foo_x", "v1.2"),
        wishes: &wishes,
        template,
        fixed_name: None,
        scriptlets: Scriptlets::Portable,
        material,
    };
    resolve(&subject, |_| Usual::default(), &mut Vec::new())
}

fn info(format: Format, said: Said) -> Result<PackageInfo, InfoError> {
    told(format, said, None, &survey())
}

#[test]
fn the_source_says_what_nobody_set() {
    let deb = info(Format::Deb, Said::default()).unwrap();
    assert_eq!(deb.file_name(), "foo-x-dkms_1.2-1_all.deb");
    assert_eq!(deb.place, "/usr/src/foo_x-v1.2");
    assert_eq!(deb.summary, "V4L2 loopback video device (DKMS)");
    assert_eq!((deb.license.as_str(), deb.maintainer.as_deref()), ("GPL-2.0-only", Some("A B <a@b.org>")));
    let rpm = info(Format::Rpm, Said::default()).unwrap();
    assert_eq!(rpm.file_name(), "foo_x-dkms-1.2-1.noarch.rpm");
}

#[test]
fn what_a_person_sets_wins_and_is_checked() {
    let said = Said {
        package_name: Some("foo-1-dkms".into()),
        package_version: Some("3.5~rc2".into()),
        epoch: Some(2),
        release: Some("3".into()),
        maintainer: Some("C D <c@d.org>".into()),
        license: Some("MIT".into()),
        ..Said::default()
    };
    let deb = info(Format::Deb, said).unwrap();
    assert_eq!(
        (deb.file_name().as_str(), deb.full_version().as_str()),
        ("foo-1-dkms_3.5~rc2-3_all.deb", "2:3.5~rc2-3")
    );
    assert!(deb.named_by_hand);
    for said in [
        Said { package_name: Some("Foo".into()), ..Said::default() },
        Said { package_version: Some("x".into()), ..Said::default() },
        Said { release: Some("1-2".into()), ..Said::default() },
        Said { maintainer: Some("nobody".into()), ..Said::default() },
        Said { architecture: Some("a/b".into()), ..Said::default() },
    ] {
        assert!(info(Format::Deb, said.clone()).is_err(), "{said:?}");
    }
}

#[test]
fn a_maintainer_is_never_invented() {
    let several = Survey { authors: vec!["Ann,Bob Ox <bob@b.org>,Cy <c@c.org>".to_owned()], ..survey() };
    let deb = told(Format::Deb, Said::default(), None, &several).unwrap();
    assert_eq!(deb.maintainer.as_deref(), Some("Bob Ox <bob@b.org>"));
    let nobody = Survey { authors: vec!["Some Body".to_owned(), "a@b.org".to_owned()], ..survey() };
    let make = |format| told(format, Said::default(), None, &nobody);
    assert_eq!(make(Format::Deb), Err(InfoError::NoMaintainer));
    assert_eq!(make(Format::Rpm).unwrap().maintainer, None);
}

#[test]
fn the_first_voice_that_says_something_is_heard_and_remembered() {
    let template = Template {
        said: Said {
            release: Some("7".into()),
            license: Some("MIT".into()),
            // The module's own version, which every template has, is no wish for a version that the format refuses.
            package_version: Some("v1.2".into()),
            ..Said::default()
        },
        ..Template::default()
    };
    let said = Said { release: Some("9".into()), ..Said::default() };
    let found = told(Format::Deb, said, Some(&template), &survey()).unwrap();
    assert_eq!((found.license.as_str(), found.full_version().as_str()), ("MIT", "1.2-9"));
    for (option, origin) in [
        ("release", Origin::CommandLine),
        ("license", Origin::Template),
        ("package-version", Origin::Source),
        ("summary", Origin::Source),
        ("maintainer", Origin::Source),
        ("package-name", Origin::Default),
        ("arch", Origin::Default),
    ] {
        let heard: Vec<Origin> = found.origins.iter().filter(|(name, _)| *name == option).map(|it| it.1).collect();
        assert_eq!(heard, [origin], "{option}");
    }
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
