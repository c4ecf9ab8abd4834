//! Every document of `--json` is as its schema in schemas/ says, and every schema is met by a real document.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::sandbox::{KERNEL, Sandbox};

/// What of JSON Schema (draft 2020-12) our schemas use: the faults of a value, each with its place. Stricter in one thing: a member
/// that the schema does not name is a fault here, while programs have to pass over it.
fn faults(value: &Value, schema: &Value, root: &Value, place: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        return faults(value, &root["$defs"][name], root, place);
    }
    let fault = |what: String| vec![format!("{place}: {what}: {value}")];
    if let Some(any) = schema["anyOf"].as_array() {
        let all: Vec<_> = any.iter().map(|one| faults(value, one, root, place)).collect();
        return if all.iter().any(Vec::is_empty) { Vec::new() } else { all.concat() };
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        return fault(format!("not {}", schema["const"]));
    }
    if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
        return fault(format!("none of {}", schema["enum"]));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| is_a(value, name)) {
        return fault(format!("no {types:?}"));
    }
    match value {
        Value::Object(members) => of_object(members, schema, root, place),
        Value::Array(items) => {
            let item = |(at, item)| faults(item, &schema["items"], root, &format!("{place}[{at}]"));
            items.iter().enumerate().flat_map(item).collect()
        }
        _ => Vec::new(),
    }
}

fn of_object(members: &serde_json::Map<String, Value>, schema: &Value, root: &Value, place: &str) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = required.filter(|name| !members.contains_key(*name)).map(|name| format!("{place}: no {name}"));
    let inside = members.iter().flat_map(|(name, value)| {
        let place = format!("{place}.{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null) => vec![format!("{place} is not in the schema")],
            (Value::Null, others) => faults(value, others, root, &place),
            (known, _) => faults(value, known, root, &place),
        }
    });
    missing.chain(inside).collect()
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("a type that no schema of ours has: {other}"),
    }
}

/// The members that documents had, by the schema that they name.
type Met = BTreeMap<String, BTreeSet<String>>;

/// The names of all members of a value, and of the members of these.
fn members(value: &Value, found: &mut BTreeSet<String>) {
    let inside: Vec<&Value> = match value {
        Value::Object(object) => {
            found.extend(object.keys().cloned());
            object.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    inside.into_iter().for_each(|value| members(value, found));
}

/// The names of all members that a schema knows.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    let Value::Object(object) = schema else {
        schema.as_array().into_iter().flatten().for_each(|item| properties(item, found));
        return;
    };
    for (name, value) in object {
        if let ("properties", Value::Object(known)) = (name.as_str(), value) {
            found.extend(known.keys().cloned());
        }
        properties(value, found);
    }
}

/// The names of the fields of all structures of the program that are written as JSON.
fn fields() -> BTreeSet<String> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![PathBuf::from("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the source").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => fields_of(&fs::read_to_string(path).unwrap_or_default(), &mut found),
            }
        }
    }
    found
}

fn fields_of(source: &str, found: &mut BTreeSet<String>) {
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let keys =
        source.split("json!(").skip(1).flat_map(|made| made.split("\":").filter_map(|rest| rest.rsplit('"').next()));
    found.extend(keys.filter(is_word).map(str::to_owned));
    for structure in source.split("derive(").filter(|rest| rest.split(')').next().unwrap_or("").contains("Serialize")) {
        let body = structure.split("\n}").next().unwrap_or_default();
        let names = body.lines().filter_map(|line| line.split_once(": ")).map(|(before, _)| before);
        let plain = names.filter_map(|before| before.split_whitespace().last()).filter(is_word);
        let renamed = body.split("rename = \"").skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(plain.chain(renamed).map(str::to_owned));
    }
}

/// The schema of a document, by the name that it bears.
fn check(line: &str, text: &str, met: &mut Met) -> Vec<String> {
    let document: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{line}: {error}: {text}"));
    let name = document["schema"].as_str().unwrap_or_else(|| panic!("{line}: no schema: {text}")).to_owned();
    let file = format!("schemas/{name}.json");
    let schema = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let schema: Value = serde_json::from_str(&schema).unwrap_or_else(|error| panic!("{file}: {error}"));
    members(&document, met.entry(name).or_default());
    faults(&document, &schema, &schema, line)
}

/// `foo` is installed, `bad` fails, `gone` is broken, `later` waits, `not` is not for any kernel.
fn busy() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, more) in [
        ("foo", ""),
        ("bad", ""),
        ("gone", ""),
        ("later", "BUILD_DEPENDS=nobody"),
        ("not", "BUILD_EXCLUSIVE_KERNEL=^5"),
    ] {
        sandbox.source(name, "1", more);
        sandbox.ok(&format!("add {name}/1"));
    }
    sandbox.write("src/bad-1/FAIL", "");
    sandbox.ok(&format!("install foo/1 -k {KERNEL}"));
    fs::remove_dir_all(sandbox.path("src/gone-1")).expect("its source");
    sandbox
}

#[test]
fn every_document_is_as_its_schema_says() {
    let sandbox = busy();
    let (mut met, mut wrong) = (Met::new(), Vec::new());
    for line in [
        format!("autoinstall -k {KERNEL} --dry-run --json"),
        format!("autoinstall -k {KERNEL} --json"),
        format!("install foo/1 -k {KERNEL} --json"),
        "install nobody/1 --json".to_owned(),
        "frobnicate --json".to_owned(),
        "status --json".to_owned(),
        "status --json --quiet".to_owned(),
        "preflight --json --quiet".to_owned(),
        "check --json".to_owned(),
        "check --format json".to_owned(),
        "why --json".to_owned(),
        "why nobody --json".to_owned(),
        "fsck --json".to_owned(),
        "fsck --repair --json".to_owned(),
        "generate_mok --json".to_owned(),
        "mok --json".to_owned(),
        "mok enroll --json".to_owned(),
        "mok nonsense --json".to_owned(),
        "preflight --json".to_owned(),
        format!("conf foo/1 -k {KERNEL} --json"),
        format!("conf nobody/1 -k {KERNEL} --json"),
        "remove foo/1 --all --json".to_owned(),
    ] {
        wrong.extend(check(&line, &sandbox.dkms(&line).out, &mut met));
    }
    sandbox.write("d-1.0/Makefile", "obj-m := d.o\n");
    sandbox.write("d-1.0/d.c", "MODULE_LICENSE(\"GPL\");\n");
    for line in [
        "mkconf ./d-1.0 --json",
        "mkdeb ./d-1.0 --maintainer A<a@b.org> -o out/ --json",
        "mkdeb ./nowhere --json",
        "lint ./src/foo-1 --json",
        "mkrepo ./out --json",
        "mkrepo ./nowhere --json",
    ] {
        fs::create_dir_all(sandbox.path("out")).expect("a folder");
        wrong.extend(check(line, &sandbox.plain(line, &[]).out, &mut met));
    }
    let fleet = super::matrix::machine();
    fleet.write("beta-1/FAIL", "*cloud*");
    let line = format!("{} --json", super::matrix::ALL);
    wrong.extend(check(&line, &fleet.dkms(&line).out, &mut met));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = fs::read_dir("schemas").expect("schemas").flatten();
    let published: BTreeSet<String> =
        files.map(|file| file.file_name().to_string_lossy().trim_end_matches(".json").to_owned()).collect();
    assert_eq!(met.keys().cloned().collect::<BTreeSet<_>>(), published, "a schema that no document was held against");
    let fields = fields();
    for (name, met) in &met {
        let schema: Value =
            serde_json::from_str(&fs::read_to_string(format!("schemas/{name}.json")).expect("it was read"))
                .expect("it was parsed");
        let mut known = BTreeSet::new();
        properties(&schema, &mut known);
        let unknown: Vec<_> = known.iter().filter(|word| !met.contains(*word) && !fields.contains(*word)).collect();
        assert!(unknown.is_empty(), "schemas/{name}.json has members that no document and no type has: {unknown:?}");
    }
}

#[test]
fn a_result_says_whether_anything_changed() {
    let sandbox = Sandbox::new();
    sandbox.source("foo", "1", "");
    let changed = |line: &str| {
        let found: Value = serde_json::from_str(&sandbox.dkms(line).out).expect("a document");
        (found["changed"].as_bool().expect("changed"), found["key"]["made"].as_bool())
    };
    let install = format!("install foo/1 -k {KERNEL} --json");
    assert_eq!(changed(&install), (true, None));
    assert_eq!(changed(&install), (false, None), "it is there");
    assert_eq!(changed("generate_mok --json"), (true, Some(true)));
    assert_eq!(changed("generate_mok --json"), (false, Some(false)));
    assert_eq!(changed("fsck --json"), (false, None));
    let rows: Value = serde_json::from_str(&sandbox.ok("status --json").out).expect("a document");
    let paths = rows["modules"][0]["paths"].as_array().expect("its paths");
    assert!(paths[0].as_str().is_some_and(|path| path.ends_with("/foo.ko")), "{rows:#}");
}

#[test]
fn numbers_for_prometheus_tell_standings_and_failures() {
    let sandbox = busy();
    sandbox.dkms(&format!("build bad/1 -k {KERNEL}"));
    let ran = sandbox.dkms("check --format openmetrics");
    assert_eq!(ran.code, 2, "{ran:?}");
    for line in [
        "# TYPE dkms_standings gauge".to_owned(),
        "dkms_check_code 2".to_owned(),
        "dkms_standings{standing=\"fine\"} 1".to_owned(),
        format!("dkms_standing{{module=\"bad\",version=\"1\",kernel=\"{KERNEL}\",standing=\"failed\"}} 1"),
        format!("dkms_standing{{module=\"foo\",version=\"1\",kernel=\"{KERNEL}\",standing=\"fine\"}} 1"),
        format!("dkms_standing{{module=\"later\",version=\"1\",kernel=\"{KERNEL}\",standing=\"waiting\"}} 1"),
        format!("dkms_standing{{module=\"not\",version=\"1\",kernel=\"{KERNEL}\",standing=\"cannot-be\"}} 1"),
    ] {
        assert!(ran.out.lines().any(|other| other == line), "{line}\n{}", ran.out);
    }
    assert!(ran.out.contains("\ndkms_failed_seconds{module=\"bad\"") && ran.out.ends_with("# EOF\n"), "{}", ran.out);
    let is_number = |line: &str| {
        line.starts_with('#') || line.rsplit_once(' ').is_some_and(|(_, number)| number.parse::<u64>().is_ok())
    };
    assert!(ran.out.lines().all(is_number), "{}", ran.out);
}
