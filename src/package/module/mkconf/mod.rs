//! A dkms.conf for a source that has none, from what its makefiles and its C say. Each line is explained by a comment.

mod minimum;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Read};

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::ids::ModuleId;
use crate::package::input::payload::{EntryKind, Payload};
use crate::package::kbuild;
use crate::package::kbuild::{Author, Module, Need, Reading};

pub(crate) use crate::package::module::mkconf::minimum::{Bound, bounds};

/// Bytes of a makefile that are read.
const MAX_MAKEFILE: u64 = 256 << 10;
/// The folder in which DKMS builds.
const BUILD: &str = "$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build";
/// Where modules go unless the source says so: no folder of the kernel's own.
const USUAL_PLACE: &str = "/extra";

/// What a dkms.conf is written from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) reading: Reading,
    /// The oldest and newest kernels that the C code takes.
    pub(crate) bounds: Vec<Bound>,
    /// Makefiles and what they include, by their paths.
    pub(crate) makefiles: BTreeMap<String, String>,
}

/// A dkms.conf that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) text: String,
    /// What a person should look at, one sentence each, with file and line where there is one.
    pub(crate) notes: Vec<String>,
    /// What could not be followed: there may be more modules, or these may not build.
    pub(crate) lost: Vec<String>,
}

impl Written {
    /// Refuses a file that is not all that the makefiles say.
    pub(crate) fn complete(&self, hint: &str) -> Result<()> {
        if self.lost.is_empty() {
            return Ok(());
        }
        let lost = self.lost.join("\n  ");
        let message = format!("the makefiles say more than a dkms.conf could be written from:\n  {lost}");
        Err(Error::new(Kind::LintFailed, message).hint(hint))
    }
}

/// Where no dkms.conf says otherwise.
pub(crate) fn look(payload: &Payload) -> io::Result<Facts> {
    look_from(payload, None)
}

/// `first`: the makefile that MAKE of a dkms.conf names with `-f`.
pub(crate) fn look_from(payload: &Payload, first: Option<&str>) -> io::Result<Facts> {
    let mut makefiles = makefiles(payload, first)?;
    let reading = match first.filter(|first| makefiles.contains_key(*first)) {
        Some(first) => kbuild::read_from(&makefiles, first),
        None => kbuild::read(&makefiles),
    };
    makefiles.retain(|_, text| !text.is_empty());
    Ok(Facts { bounds: bounds(payload, &reading.modules)?, reading, makefiles })
}

/// Every path of a payload, with the text of those that [`kbuild::read`] looks at.
fn makefiles(payload: &Payload, first: Option<&str>) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in &payload.entries {
        let mut text = Vec::new();
        match &entry.kind {
            EntryKind::File(file) if kbuild::is_read(&entry.path) || first == Some(entry.path.as_str()) => {
                file.open()?.take(MAX_MAKEFILE).read_to_end(&mut text)?;
            }
            EntryKind::File(_) | EntryKind::Link(_) => {}
            EntryKind::Folder => continue,
        }
        files.insert(entry.path.clone(), String::from_utf8_lossy(&text).into_owned());
    }
    Ok(files)
}

/// Writes the dkms.conf of a module; None when the makefiles name nothing that is built.
pub(crate) fn write(id: &ModuleId, facts: &Facts) -> Option<Written> {
    let mut draft = Draft::new(facts)?;
    let body = draft.body(id);
    let mut text =
        format!("# dkms.conf of {}, written by `dkms mkconf` from its makefiles; see dkms.conf(5).\n", id.name);
    let lost: Vec<String> = facts.reading.lost.iter().map(ToString::to_string).collect();
    if !lost.is_empty() {
        text += "#\n# What could not be followed, so that modules may be missing here:\n";
        lost.iter().for_each(|note| text += &format!("#  - {note}\n"));
    }
    if !draft.notes.is_empty() {
        text += "#\n# What could not be known, and should be looked at:\n";
        draft.notes.iter().for_each(|note| text += &format!("#  - {note}\n"));
    }
    text += &body;
    Some(Written { text, notes: draft.notes, lost })
}

struct Draft<'a> {
    facts: &'a Facts,
    /// Modules that are built for certain.
    certain: Vec<&'a Module>,
    /// Modules of which that is not known.
    doubtful: Vec<&'a Module>,
    /// What every one of the certain ones needs.
    common: Vec<Need>,
    notes: Vec<String>,
}

impl<'a> Draft<'a> {
    fn new(facts: &'a Facts) -> Option<Self> {
        let reading = &facts.reading;
        let mut notes: Vec<String> = reading.notes.iter().map(ToString::to_string).collect();
        let mut names = BTreeSet::new();
        let mut single: Vec<&Module> = Vec::new();
        for module in &reading.modules {
            if names.insert(&module.name) {
                single.push(module);
            } else {
                let place = &module.place;
                notes.push(format!("{place}: a second module called {}; only the first can be installed", module.name));
            }
        }
        let (mut certain, mut doubtful): (Vec<&Module>, Vec<&Module>) =
            single.into_iter().partition(|module| module.depends.is_empty());
        if certain.is_empty() {
            certain = std::mem::take(&mut doubtful);
        }
        let first = certain.first()?;
        let is_common = |need: &&Need| certain.iter().all(|module| module.needs.contains(need));
        let common: Vec<Need> = first.needs.iter().filter(is_common).cloned().collect();
        let mut draft = Self { facts, certain, doubtful, common, notes };
        draft.put_first_what_is_always_built();
        Some(draft)
    }

    /// A condition at index 0 would be one of the whole package.
    fn put_first_what_is_always_built(&mut self) {
        let always = self.certain.iter().position(|module| self.own(module).is_empty());
        match always {
            Some(at) => {
                let module = self.certain.remove(at);
                self.certain.insert(0, module);
            }
            None if self.certain.len() > 1 => {
                let module = self.certain[0];
                self.notes.push(format!(
                    "{}: no module is built for every kernel; where {} does not hold, the build ends with an error",
                    module.place,
                    words(&self.own(module)),
                ));
            }
            None => {}
        }
    }

    /// What a module needs that not all need.
    fn own(&self, module: &Module) -> Vec<Need> {
        module.needs.iter().filter(|need| !self.common.contains(need)).cloned().collect()
    }

    fn body(&mut self, id: &ModuleId) -> String {
        let mut text = String::from("\n# Its name and version; the source lies in /usr/src/NAME-VERSION.\n");
        let _infallible = write!(text, "PACKAGE_NAME=\"{}\"\nPACKAGE_VERSION=\"{}\"\n", id.name, id.version);
        text += &self.make();
        text += &self.modules();
        text += "\n# It is built and installed for new kernels by itself.\nAUTOINSTALL=\"yes\"\n";
        text += &self.config();
        text += &self.kernels();
        text
    }

    /// MAKE, where the default would not do.
    fn make(&self) -> String {
        if let Some(author) = &self.facts.reading.author {
            return own_make(author);
        }
        let builds = &self.facts.reading.builds;
        let is_default = |build: &kbuild::Build| build.folder.is_empty() && build.variables.is_empty();
        if builds.iter().all(is_default) {
            return String::new();
        }
        let one = |build: &kbuild::Build| {
            let below = if build.folder.is_empty() { String::new() } else { format!("/{}", build.folder) };
            format!("make -C $kernel_source_dir M={BUILD}{below}{}", variables(&build.variables))
        };
        let line = builds.iter().map(one).collect::<Vec<_>>().join(" && ");
        let mut why = Vec::new();
        if builds.iter().any(|build| !build.folder.is_empty()) {
            why.push("what the kernel builds does not lie at the top of the source");
        }
        if builds.iter().any(|build| !build.variables.is_empty()) {
            why.push("its makefile takes variables that nobody else sets");
        }
        format!("\n# The make command: {}.\nMAKE[0]=\"{line}\"\n", why.join(", and "))
    }

    fn modules(&mut self) -> String {
        let place = self.place();
        let mut text = String::from(
            "\n# The modules: the name of each, its folder in the source unless that is the top, and where it goes below\n\
             # /lib/modules/KERNEL. Distributions with a folder of their own for such modules use that whatever stands here.\n",
        );
        for (index, module) in self.certain.iter().enumerate() {
            let _infallible = writeln!(text, "# {}", module.place);
            text += &lines(module, index, &place);
            let own = self.own(module);
            if index > 0 && !own.is_empty() {
                let _infallible = writeln!(text, "BUILD_EXCLUSIVE_CONFIG[{index}]=\"{}\"", words(&own));
            }
        }
        for (at, module) in self.doubtful.iter().enumerate() {
            let depends = module.depends.join("; ");
            let _infallible = writeln!(text, "# {}: built or not, depending on: {depends}", module.place);
            for line in lines(module, self.certain.len() + at, &place).lines() {
                let _infallible = writeln!(text, "#{line}");
            }
        }
        text
    }

    /// Where modules go: what the makefile says, if DKMS takes that.
    fn place(&mut self) -> String {
        let Some((folder, at)) = &self.facts.reading.install else { return USUAL_PLACE.to_owned() };
        let folder = format!("/{}", folder.trim_matches('/'));
        let is_fit = ["/kernel", "/updates", "/extra"].iter().any(|start| folder.starts_with(start))
            && !folder.contains("..")
            && folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-+.".contains(&byte));
        if is_fit {
            return folder;
        }
        let shown: String = folder.chars().filter(|c| !c.is_control()).take(80).collect();
        self.notes.push(format!("{at}: installs to {shown}, which DKMS does not take; {USUAL_PLACE} stands instead"));
        USUAL_PLACE.to_owned()
    }

    fn config(&self) -> String {
        let mut needs = self.common.clone();
        let mut places: Vec<String> = Vec::new();
        if let [first, ..] = self.certain.as_slice()
            && !needs.is_empty()
        {
            places.push(first.place.to_string());
        }
        for (need, place) in self.facts.reading.needs.iter().filter(|(need, _)| !self.common.contains(need)) {
            needs.push(need.clone());
            places.push(place.to_string());
        }
        if needs.is_empty() {
            return String::new();
        }
        format!(
            "\n# What the kernel's configuration must have, else it is not for that kernel ({}).\n\
             BUILD_EXCLUSIVE_CONFIG=\"{}\"\n",
            places.join(", "),
            words(&needs)
        )
    }

    /// The oldest kernel, where the source has an error for older ones.
    fn kernels(&mut self) -> String {
        let minimum =
            self.facts.bounds.iter().filter(|bound| bound.is_minimum).max_by(|a, b| a.version.cmp(&b.version));
        for bound in self.facts.bounds.iter().filter(|bound| !bound.is_minimum) {
            let place = &bound.place;
            self.notes.push(format!("{place}: the source has an error for kernels from {} on", bound.shown()));
        }
        let Some(bound) = minimum else { return String::new() };
        format!(
            "\n# The oldest kernel: for older ones the source has an error ({}).\nBUILD_EXCLUSIVE_KERNEL_MIN=\"{}\"\n",
            bound.place,
            bound.shown()
        )
    }
}

/// MAKE of the source's own makefile. The quotes keep DKMS from setting KERNELRELEASE, by which makefiles know the kernel's.
fn own_make(author: &Author) -> String {
    let why = author.why.iter().map(|note| format!("# {note}\n")).collect::<String>();
    let goal = author.goal.as_ref().map_or(String::new(), |goal| format!(" {goal}"));
    let words = variables(&author.variables);
    format!(
        "\n# The make command: the source's own makefile does what the kernel's does not know of.\n{why}MAKE[0]=\"'make'{goal}{words}\"\n"
    )
}

/// Variables of a call, as they stand between the double quotes of a dkms.conf.
fn variables(list: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| {
        let mark = |c: char| [kbuild::ROOT, kbuild::RELEASE, kbuild::KERNEL].contains(&c);
        let is_bare = value.chars().all(|c| c.is_ascii_alphanumeric() || "_-+=.,:/@%".contains(c) || mark(c));
        let escaped = value.replace('\'', "'\\''").replace('\\', "\\\\").replace('"', "\\\"");
        let text = if is_bare { value.clone() } else { format!("'{escaped}'") };
        let text = text.replace(kbuild::ROOT, BUILD).replace(kbuild::RELEASE, "$kernelver");
        format!(" {name}={}", text.replace(kbuild::KERNEL, "$kernel_source_dir"))
    };
    list.iter().map(one).collect()
}

fn lines(module: &Module, index: usize, place: &str) -> String {
    let location = if module.folder.is_empty() {
        String::new()
    } else {
        format!("BUILT_MODULE_LOCATION[{index}]=\"{}\"\n", module.folder)
    };
    let name = &module.name;
    format!("BUILT_MODULE_NAME[{index}]=\"{name}\"\n{location}DEST_MODULE_LOCATION[{index}]=\"{place}\"\n")
}

fn words(needs: &[Need]) -> String {
    needs.iter().map(Need::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
