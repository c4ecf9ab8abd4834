use super::wishes::{environment_maintainer, relations};
use super::*;
use crate::package::words::relations::Kind as Relation;

fn parse(verb: &str, words: &[&str]) -> Result<PackageCall> {
    let product = match verb {
        "mkdeb" => Product::Deb,
        "mkrpm" => Product::Rpm,
        "mkpkg" => Product::Pkg,
        "mkspec" => Product::Spec,
        _ => Product::Dsc,
    };
    let verb = crate::cli::verbs::named(verb).unwrap();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    Ok(PackageCall { product, args: crate::cli::usage::arguments(verb, &words)? })
}

fn call(verb: &str, words: &[&str]) -> PackageCall {
    parse(verb, words).unwrap()
}

#[test]
fn sizes_take_units() {
    for (text, expected) in [("4096", Ok(4096)), ("4k", Ok(4096)), ("2G", Ok(2 << 30))] {
        assert_eq!(bytes(text), expected);
    }
    for text in ["", "G", "-1", "1.5G", "99999999999T"] {
        assert!(bytes(text).is_err(), "{text}");
    }
}

#[test]
fn the_environment_names_the_maintainer() {
    let system = |pairs: &[(&str, &str)]| {
        System::host().with_environment(pairs.iter().map(|(name, value)| (name.into(), value.into())).collect())
    };
    let both = system(&[("DEBFULLNAME", "A B"), ("DEBEMAIL", "a@b.org")]);
    assert_eq!(environment_maintainer(&both).as_deref(), Some("A B <a@b.org>"));
    assert_eq!(environment_maintainer(&system(&[("DEBEMAIL", "C <c@d.org>")])).as_deref(), Some("C <c@d.org>"));
    assert_eq!(environment_maintainer(&system(&[("DEBEMAIL", "c@d.org")])), None);
}

#[test]
fn the_command_line_reads_as_documented() {
    let call = call("mkdeb", &["x.tar", "--version", "1.2", "--for", "portable", "--max-size=1M", "--depends", "a, b"]);
    let args = &call.args;
    assert_eq!((args.version.as_deref(), args.max_size), (Some("1.2"), Some(1 << 20)));
    assert_eq!(compression(args, &goals(&call).unwrap()[0]), Some(Compression::Gzip));
    assert_eq!(relations(args), [(Relation::Requires, "a, b".to_owned())]);
    assert!(parse("mkrpm", &[]).is_err());
    let of_the_tree = ["-m", "foo", "-v", "1.0", "--source-only"];
    assert!(parse("mkrpm", &of_the_tree).unwrap().args.input.is_none());
}

#[test]
fn distributions_are_chosen_as_the_verb_allows() {
    let names = |verb, list: &str| {
        let goals = goals(&call(verb, &["x", "--for", list]));
        let name = |goal: &Goal| goal.profile.as_ref().map_or("portable".to_owned(), |profile| profile.name.clone());
        goals.map(|goals| goals.iter().map(name).collect::<Vec<_>>().join(" ")).map_err(|error| error.to_string())
    };
    assert_eq!(names("mkpkg", "debian12,el9,rhel9").unwrap(), "debian12 el9");
    assert_eq!(names("mkrpm", "portable").unwrap(), "portable");
    for (verb, list, said) in [
        ("mkpkg", "el7", "rich dependencies"),
        ("mkpkg", "portable", "no profile"),
        ("mkdeb", "el9", "other format"),
        ("mkrpm", "el8,el9", "one distribution"),
    ] {
        assert!(names(verb, list).unwrap_err().contains(said), "{verb} {list}");
    }
    assert!(goals(&call("mkpkg", &["x"])).is_err());
    assert_eq!(goals(&call("mkdeb", &["x"])).unwrap().len(), 1);
}
