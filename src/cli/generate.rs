//! `dkms generate man|completions DIR`: the manual page and the shells' completions, made from the command line's own
//! definition when the program is packaged.

use std::path::Path;

use clap::{Args, CommandFactory};

use crate::error::{Error, Result};
use crate::exit::Kind;
use crate::package::module::lint;

use super::completions;
use super::legacy::{ACTIONS, Typed};

/// The actions with what they do, in the order in which a person meets them.
const MEANINGS: &[(&str, &str)] = &[
    ("add", "register a module from the source tree, a folder, a dkms.conf or an archive"),
    ("build", "compile it for a kernel; adds it first when needed"),
    ("install", "put the built modules under the kernel; adds and builds first when needed"),
    ("uninstall", "take them out again and put the kernel's own back"),
    ("unbuild", "delete the build of a kernel; uninstalls first when needed"),
    ("remove", "unbuild for the given kernels (or --all), and forget the module when no build is left"),
    ("autoinstall", "install the newest version of every AUTOINSTALL module for one kernel"),
    (
        "reconcile",
        "whatever the disk asks for, of all modules or those of -m, on every kernel or those of -k: also what packages brought or took away",
    ),
    ("match", "install for -k whatever is installed for --templatekernel"),
    ("mktarball", "pack a module in an archive: source, builds or both"),
    ("ldtarball", "load such an archive, or any archive with a dkms.conf in it"),
    ("status", "list the states"),
    (
        "check",
        "say what is not as the disk asks for: exit status 0 all is, 1 something waits or is to be done, 2 something failed or cannot be had",
    ),
    ("fsck", "look for what is wrong in the tree and the kernels' folders, and mend it with --repair; see FSCK"),
    ("generate_mok", "make the signing key and its certificate, unless they are there"),
    ("kernel_preinst", "a kernel package is about to be unpacked"),
    ("kernel_postinst", "a kernel package was installed: autoinstall for it"),
    ("kernel_prerm", "a kernel package is about to be removed: unbuild everything for it"),
    (
        "mkdeb",
        "make a Debian package: of a source in an archive or a folder, or with --binaries of what is built for a kernel",
    ),
    (
        "mkrpm",
        "make an RPM package: of a source in an archive or a folder, or with --binaries of what is built for a kernel",
    ),
    ("mkpkg", "make packages for several distributions at once, each in a folder of its own"),
    ("mkdsc", "write a Debian source package, from which dpkg-buildpackage makes the package with dh-dkms"),
    ("mkspec", "write the spec and the sources from which rpmbuild makes the package of mkrpm"),
    ("mkconf", "write a dkms.conf from the makefiles of a source, or renew one of earlier days (--modernize)"),
    ("lint", "say what would fail, is deprecated or is odd in a dkms.conf and the source beside it"),
    ("mkrepo", "make folders of packages repositories of apt, dnf and zypper"),
    ("conf", "show what DKMS makes of a dkms.conf, a folder or MODULE/VERSION for a kernel"),
    ("event", "for hooks of package managers: what happened; see EVENTS"),
];

/// What `dkms --help` prints.
pub(crate) fn help() -> String {
    let actions: String = MEANINGS.iter().map(|(name, meaning)| format!("  {name:<16} {meaning}\n")).collect();
    command().after_help(format!("Actions:\n{actions}")).render_help().to_string().trim_end().to_owned()
}

/// `man DIR` or `completions DIR`.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let [what, folder] = words else {
        return Err(Error::new(Kind::Usage, "generate needs what (man, completions) and a folder"));
    };
    let folder = Path::new(folder);
    let failed = |error| Error::io(format!("cannot write in {}", folder.display()), error);
    fs_err::create_dir_all(folder).map_err(failed)?;
    match what.as_str() {
        "man" => man(folder).map_err(failed),
        "completions" => completions::write(folder, &command(), MEANINGS).map_err(failed),
        other => Err(Error::new(Kind::Usage, format!("`{other}` cannot be generated"))),
    }
}

fn command() -> clap::Command {
    let actions = ACTIONS.join("|");
    Typed::command()
        .about("Dynamic kernel module support: kernel modules from source, for every kernel")
        .override_usage(format!("dkms [{actions}] [OPTIONS] [MODULE/VERSION | FOLDER | ARCHIVE]"))
}

fn man(folder: &Path) -> std::io::Result<()> {
    let page = clap_mangen::Man::new(command()).title("DKMS").section("8");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    text.extend_from_slice(b".SH ACTIONS\n");
    for (name, meaning) in MEANINGS {
        text.extend_from_slice(format!(".TP\n.B {name}\n{}\n", roff(meaning)).as_bytes());
    }
    page.render_options_section(&mut text)?;
    for section in [packages(), authoring(), repositories()] {
        text.extend_from_slice(section.as_bytes());
    }
    text.extend_from_slice(exit_codes().as_bytes());
    text.extend_from_slice(JSON.as_bytes());
    text.extend_from_slice(OTHER_ROOTS.as_bytes());
    text.extend_from_slice(EVENTS.as_bytes());
    text.extend_from_slice(FSCK.as_bytes());
    text.extend_from_slice(FILES.as_bytes());
    fs_err::write(folder.join("dkms.8"), text)
}

/// The options of the commands that make packages, which have a command line of their own.
fn packages() -> String {
    let command = super::package::args::PackageArgs::augment_args(clap::Command::new("dkms"));
    format!("{PACKAGES}{}", options(&command))
}

/// mkconf and lint, and the rules of the latter.
fn authoring() -> String {
    let command = super::package::author::AuthorArgs::augment_args(clap::Command::new("dkms"));
    let rule = |rule: &lint::Rule| {
        let level = match rule.level {
            lint::Level::Error => "error",
            lint::Level::Warning => "warning",
            lint::Level::Note => "note",
        };
        format!(".TP\n.B {}\n{level}: {}\n", roff(rule.name), roff(rule.advice))
    };
    let rules: String = lint::RULES.iter().map(rule).collect();
    format!("{AUTHORING}{}.SS Rules of lint\n{rules}", options(&command))
}

/// The same of the command that makes repositories.
fn repositories() -> String {
    let command = super::mkrepo::RepositoryArgs::augment_args(clap::Command::new("dkms"));
    format!("{REPOSITORIES}{}", options(&command))
}

fn options(command: &clap::Command) -> String {
    let mut text = String::new();
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let names = [
            argument.get_short().map(|short| format!("-{short}")),
            argument.get_long().map(|long| format!("--{long}")),
        ];
        let names = names.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let takes = argument.get_action().takes_values();
        let value = argument.get_value_names().filter(|_| takes).map_or(String::new(), |names| names.join(" "));
        let title = format!("{names} {value}");
        let help = argument.get_help().map_or(String::new(), ToString::to_string);
        text += &format!(".TP\n.B {}\n{}\n", roff(title.trim()), roff(&help));
        for choice in argument.get_possible_values().iter().filter(|_| takes) {
            let meaning = choice.get_help().map_or(String::new(), |help| format!(": {help}"));
            text += &format!(".br\n{}\n", roff(&format!("{}{meaning}", choice.get_name())));
        }
    }
    text
}

fn exit_codes() -> String {
    let mut rows: Vec<(u8, &str)> = Kind::ALL.iter().map(|kind| (kind.code(), kind.when())).collect();
    rows.sort_by_key(|(code, _)| *code);
    let rows: String = rows.iter().map(|(code, when)| format!(".TP\n.B {code}\n{}\n", roff(when))).collect();
    format!(".SH EXIT STATUS\n.TP\n.B 0\nsuccess, or nothing to do\n{rows}")
}

/// A line of text as roff takes it.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

const PACKAGES: &str = ".SH PACKAGES
.B dkms mkdeb
and
.B dkms mkrpm
make one package from a source archive, a folder or a module of the tree, without the tools of the distribution and without
running anything of the source;
.B dkms mkpkg INPUT \\-\\-for LIST
makes one for each distribution of the list, in a folder of its name. The same input gives the same bytes:
SOURCE_DATE_EPOCH, else the newest time in the archive, is the time of everything.
.B dkms mkspec
and
.B dkms mkdsc
write what the distributions' own tools make the package from.
.PP
A spec of one's own at
.I SOURCE/NAME\\-dkms\\-mkrpm.spec
or
.I /etc/dkms/template\\-dkms\\-mkrpm.spec
says what the RPM is called, needs and runs; the macros
.BR %{module_name} ,
.B %{module_version}
and
.B %{version}
hold the module's names, and nothing in it is run: what only rpmbuild can do is refused by mkrpm and kept by mkspec. A folder
.I SOURCE/NAME\\-dkms\\-mkdeb
or
.I /etc/dkms/template\\-dkms\\-mkdeb
with the files of a debian folder says the same of Debian packages; in them DEBIAN_PACKAGE, MODULE_NAME, MODULE_VERSION and
DATE_STAMP are filled in. mkdsc looks for folders whose names end in
.I dkms\\-mkdsc
first. Options go before templates, templates before what the source says.
.PP
.B dkms mkdeb|mkrpm|mkpkg NAME/VERSION \\-\\-binaries \\-k KVER
packages the modules that are built in the tree for that kernel, as they are, with their signatures; machines that install
the package need neither a compiler nor DKMS. It is called NAME\\-modules\\-KVER in Debian and kmod\\-NAME\\-KVER in RPM
systems, needs exactly this kernel
.RB ( linux\\-image\\-KVER ,
.BR kernel\\-uname\\-r\\ =\\ KVER ),
conflicts with NAME\\-dkms, and puts its modules below
.I /lib/modules/KVER/updates/NAME
(Debian, SUSE) or
.I /lib/modules/KVER/extra/NAME
(Fedora, RHEL); below
.I /usr/lib/modules
where
.B \\-\\-for
names a distribution that has them there, such as debian13. With
.B \\-\\-for el9
or another RHEL the package needs the symbols of the kernel that the modules use, in the very versions
.RB ( kernel(symbol)\\ =\\ checksum ),
instead of one release: weak\\-modules links them to every other kernel that has these, and one build serves the kernels of a
stable kABI. Its scripts run depmod, and make the initramfs anew where it holds one of the modules. What is not built is
refused: packaging builds nothing.
";

const AUTHORING: &str = ".SH WRITING A DKMS.CONF
.B dkms mkconf INPUT
writes a
.BR dkms.conf (5)
for a source that has none, from its Kbuild files and makefiles: the modules of obj\\-m and their folders, conditions of the
kernel's configuration, the make command where the usual one would not do, the oldest kernel where the C code has an error for
older ones. Nothing of the source is run. A comment explains each line; what could not be known stands in the file as a list,
and is told on standard error. The commands that make packages do the same for a source without a dkms.conf, and show it.
.PP
.B dkms mkconf INPUT \\-\\-modernize
renews the one that is there: the dialect of 2003 (MAKE_smp, PATCH0, MODULE_NAME, LOCATION) becomes today's directives, and
deprecated directives become comments or what stands for them. Comments, order and all else stay as they are; each change is
told with its line.
.PP
.B dkms lint INPUT
says what would fail, is deprecated or is odd, with file, line and advice. It ends with 1 when something would fail. Of a
dkms.conf alone the file is looked at, of an archive or folder the source, too.
";

const REPOSITORIES: &str = ".SH REPOSITORIES
.B dkms mkrepo DIR
writes the metadata with which every folder below that holds packages is a repository: of apt for .deb files (a flat one, with
Acquire\\-By\\-Hash), of dnf and zypper for .rpm files. The packages stay as they are. Lists that the index of the last run
names stay, too, so that a client between two runs finds what it looks for.
.PP
With
.B \\-\\-repo\\-package NAME \\-\\-url URL
each repository also gets a package NAME\\-repo, to be installed once on a host, and upgraded from there on: for apt
.I /etc/apt/sources.list.d/NAME\\-repo.sources
and
.IR /usr/share/keyrings/NAME\\-repo.asc ,
for dnf
.I /etc/yum.repos.d/NAME\\-repo.repo
(in a folder that is called like a SUSE release, such as sles15:
.IR /etc/zypp/repos.d/NAME\\-repo.repo )
and
.IR /etc/pki/rpm\\-gpg/RPM\\-GPG\\-KEY\\-NAME\\-repo .
Edits of the settings are kept. Signatures of RPMs are checked as well when all RPMs of the folder are signed by the same key.
";

/// The schemas of [`crate::engine::document`]; a test compares the members.
pub(super) const JSON: &str = ".SH JSON
With
.B \\-\\-json
one document goes to standard output, and whatever is told besides to standard error. Its
.B schema
names what it is, with a number: programs should look at it, and pass over members that they do not know, as more may be
added within a number. What an entry is about is told by
.BR module ,
.BR version ,
.B kernel
and
.BR arch ,
each left out where it does not apply.
.TP
.B dkms status \\-\\-json: dkms\\-status\\-1
.B modules
are the lines of status in their order, each with its
.B state
(added, broken, built, installed, installed\\-weak;
.B built_for
then names the kernel it was built for),
.B original_exists
(true: modules of the kernel's own were put aside), and
.B files
(sound; built\\-missing: a module is not in the build's folder; different: an installed file is absent or has other bytes).
.B failed
are steps that failed and were not done since: the
.BR operation ,
the exit
.B code
of its case, the
.BR error ,
the
.B log
that tells more, and the
.B time
in seconds since 1970.
.B pending
is work that waits for something to arrive, as in
.BR omissions :
.B on
is the package that brings the headers, as this distribution calls it, or the module that is missing. What only a run of
the dkms.conf would tell is passed over here, and known to
.BR check .
.TP
.B dkms check \\-\\-json: dkms\\-check\\-1
.B state
is as\\-wanted, pending or failed;
.B code
and
.B error
say how the command ends, as in dkms\\-result\\-1.
.B to_do
are the steps that
.B reconcile
would do now,
.B pending
the work that waits for something to arrive,
.B failed
the steps that failed and were not done since,
.B refused
the modules that cannot be had as they are (broken, a bad dkms.conf, a dependency that is not installed), as in
.BR omissions ,
and
.B lacking
the essential modules (see
.BR framework.conf (5))
that a kernel lacks.
.TP
.B dkms fsck \\-\\-json: dkms\\-fsck\\-1
.B findings
are what is wrong: the
.B fault
(source\\-missing, source\\-unlinked, interrupted, left\\-over, half\\-built, built\\-missing, installed\\-missing,
installed\\-differs, link\\-dangling, kernel\\-gone, empty, unknown, stale\\-record, stale\\-lock), the
.B path
it is about, if it is about one, and the
.BR text .
.B mend
is what mends it: steps (those that
.B by
lists), recovery, removal, or person (then
.B hints
say what to do).
.B became
is found, repaired, left or failed;
.B code
and
.B error
say how the command ends.
.TP
.B dkms ACTION \\-\\-dry\\-run \\-\\-json: dkms\\-plan\\-1
.B steps
are what would be done, in order: the number of a step is its
.BR id ,
the
.B operation
is add, build, install, uninstall, unbuild, remove, adopt, initramfs (that of the kernel is made anew)
or mktarball (with the
.B file
that it writes; a plain name lies in the
.I tarball
folder of the module in the tree),
.B why
is a sentence, and
.B after
lists the steps that must have ended well before.
.B omissions
are what is left out: the
.B reason
is already\\-so, refused or pending (waiting for what
.B on
names), the
.B text
is a sentence,
.B code
the exit code that the case ends a plain command with (0: none),
.B case
its name, and
.B hints
say what to do.
.TP
.B dkms mkdeb|mkrpm|mkpkg|mkspec|mkdsc \\-\\-json: dkms\\-packages\\-1
.B packages
are those that were made: the
.BR file ,
its
.B size
in bytes,
.B sources
that belong to it (mkspec, mkdsc), the
.B format
(deb, rpm), the
.B distribution
that it is for, if for one,
with \\-\\-binaries the
.B kernel
and its
.BR arch ,
the
.BR name ,
.B version
(with epoch and release),
.BR architecture ,
.BR license ,
.BR maintainer ,
the fingerprint in
.BR signed_by ,
the paths of its
.B files
and
.BR warnings .
.B left_out
are paths of the source that were not packaged,
.B prebuilt
those of objects that were, and
.B changes
sentences about what was set in dkms.conf, and
.B conf
the text of the dkms.conf that was written for a source without one.
.TP
.B dkms mkconf \\-\\-json: dkms\\-mkconf\\-1
.B conf
is the text of the dkms.conf for
.B module
and
.BR version ,
.B file
where it was written to, or null,
.B changes
(with \\-\\-modernize) are sentences about what became what, and
.B warnings
about what could not be known.
.TP
.B dkms lint \\-\\-json: dkms\\-lint\\-1
.B findings
are told by the
.B rule
that is broken, the
.B level
(error, warning, note),
.BR file ,
.B line
(where there is one),
.B text
and
.BR advice ;
.B errors
and
.B warnings
count them.
.TP
.B dkms mkrepo \\-\\-json: dkms\\-repositories\\-1
.B repositories
are those that were written: the
.BR folder ,
its
.B reader
(apt, dnf), the number of its
.BR packages ,
and in
.B setup
the package that sets it up on a host;
.B signed_by
is the fingerprint of the key, or null.
.TP
.B dkms ACTION \\-\\-json: dkms\\-result\\-1
.B code
is the exit code, and
.B error
what decides it, or null: a
.BR code ,
the name of its
.B case
(codes serve several; the names stay),
a
.BR message ,
its
.B causes
and
.BR hints .
.B steps
and
.B omissions
are those of the plan; each step has its
.BR outcome :
done, failed or refused (with an
.BR error ),
or skipped
.B because
of the step with that number.
.TP
.B dkms conf ... \\-\\-json: dkms\\-conf\\-1
.B directives
holds each directive by its name: an object of its indices, as strings, with the values after both evaluations.
.B origins
says for each name where its value comes from: a
.B file
with the
.B line
where it can be told, the
.B option
that set it, or
.B environment
or
.BR default .
.B evaluated_by
is static (nothing was run) or bash, and
.B needs_bash
lists what only bash could tell, as
.B file
and
.BR what .
.B excluded
is the sentence that says why the module is not for this kernel, or null;
.B warnings
are sentences.
";

const OTHER_ROOTS: &str = ".SH OTHER ROOTS
With
.B \\-\\-root DIR
everything is read and written below that folder: settings, tree, sources, modules, package databases. The three trees, be it
by framework.conf of that root or by options, are places in it, and so are
.B \\-\\-config
and
.B \\-\\-kernelsourcedir
(with DIR in front or without); an operand,
.B \\-c
and
.B \\-\\-archive
are files of this machine. Symbolic links below DIR are followed as that root sees them.
.PP
Nothing is asked of the running kernel. Without
.B \\-k
the kernels of that root are taken that have headers (autoinstall, build, install), or all of them (uninstall, unbuild, remove,
mktarball); match needs
.BR \\-k .
The architecture is the one that the headers were configured for, else that of the root's /bin/sh;
.B \\-a
names another. No module is loaded, no initramfs is asked or made (whoever builds an image makes it when all is in place), and
nothing goes to this machine's log.
.PP
Programs run inside that root, by
.BR chroot (8):
make, compilers, scripts of modules, post_transaction, depmod, and the package manager when it is asked whom a file belongs to.
A kernel's headers name the scripts and compilers of their own release by absolute paths, as a dkms.conf names /lib/modules, and
only that root's depmod knows how its modules are compressed and which come first. So building needs make and the compiler in
the root, and root's rights. depmod and package managers that the root lacks are this machine's, told the root
.RB ( \\-b ,
.BR \\-\\-root ,
.BR \\-\\-admindir ).
Where the root has no devices or processes, it gets this machine's /dev and /proc for the time of the command, in a mount namespace
that nobody else sees. A root of another machine works where the kernel can run its programs (binfmt_misc).
.PP
In a maintainer script that dpkg runs outside its root (\\fB\\-\\-force\\-script\\-chrootless\\fP), DPKG_ROOT stands for
.BR \\-\\-root .
.PP
Inside a chroot or a container the kernels of that root are taken in the same way when the running kernel has no folder there. It
is a chroot when process 1 has another root, or when there is no /proc; a container, when there is /run/.containerenv or
/.dockerenv. No signing key is made in another root, a chroot or a container unless
.B try_sign_modules
is true or
.B generate_mok
asks for it: an image's key would be that of every machine.
.PP
Where the tree cannot be written, events end with 0 and the service at boot does what is missing.
";

const EVENTS: &str = ".SH EVENTS
Hooks of package managers call
.BR /usr/lib/dkms/event ,
which is this program: the words name the hook, then follows what the package manager gave it. Events end with 0 whatever
becomes of a module, unless
.BR framework.conf (5)
asks for failures to be told to the package manager (then 76); what failed is told on standard error. With
.B \\-\\-dry\\-run
the plan is printed and nothing is done; with
.B \\-\\-record FILE
(before the first word; a folder gets a file for each event) what arrived and what was decided is kept; with
.B \\-\\-root DIR
there, it happened in that root.
.B dkms event replay FILE \\-\\-dry\\-run
shows it, and what it would lead to on this machine.
.PP
An event is only a hint: what is to be done comes from the disk, so that events that are lost, late or told twice end in
the same state.
.B dkms reconcile
does the same without one. A source below /usr/src that an installed package holds is registered by itself, unless a person
removed just this source before; a version whose package has gone leaves, and so does what was built for a kernel that has
gone. What cannot be built yet waits: for the package with the kernel's headers, named as this distribution names it, or for
a module that it builds on. Events tell it at their end,
.B dkms status
on standard error (its standard output is for programs and stays as it is), and
.BR check ;
the event that brings what is missing does the work.
.TP
.B kernel preinst|postinst|prerm|postrm|header_postinst KERNEL [IMAGE]
folders below /etc/kernel
.TP
.B kernel\\-install add|remove KERNEL ...
.BR kernel\\-install (8)
.TP
.B start
the service at boot, dkms.service: what this root needs, the running kernel first; other kernels for which something failed are
left to later events
.TP
.B autoinstaller start [KERNEL]
dkms_autoinstaller, which old scripts call: autoinstall
.TP
.B dpkg SCRIPT NAME VERSION ARGUMENT...
maintainer scripts
.TP
.B common\\-postinst NAME VERSION ...
maintainer scripts that call common.postinst
.TP
.B dpkg\\-self SCRIPT ARGUMENT...
maintainer scripts of this package, among them its triggers
.TP
.B rpm SCRIPTLET NAME VERSION COUNT
scriptlets
.TP
.B rpm\\-self SCRIPTLET COUNT
scriptlets of this package
.TP
.B rpm\\-trigger TRIGGER COUNT...
file triggers of this package; paths on standard input
.TP
.B pacman post|pre
hooks of pacman; paths on standard input
";

const FSCK: &str = ".SH FSCK
.B dkms fsck
tells what is wrong, and what would mend it; with
.B \\-\\-repair
it says so first, does it, and looks again. Its exit status is 0 when all is sound, 1 when something was found or is left for
a person, 2 when something could not be mended.
.PP
Mended is what can be explained: installs, uninstalls and staged folders of runs that were interrupted; the link of a version
whose source is there; versions whose package has gone (as
.B reconcile
does); folders for a kernel without a build, and empty ones; a module that lacks in its build, which is built again; a file
under a kernel that is missing, damaged, or another build of the same source, which is put there again from the build;
builds, links, module lists and saved originals of kernels that have gone; notes about what is no more.
.PP
Left for a person, and only named, is everything else: a version whose source somebody deleted, a module of another version
in the place of one of ours, files of a kernel that has gone which nobody can explain, whatever a package holds. A module that was
signed, or compressed, after it was installed is the same module, and nothing is wrong with it.
";

const FILES: &str = ".SH FILES
.TP
.I /var/lib/dkms
the tree: sources that are registered, builds, logs. Names that begin with a dot are ours, and losing them costs time only:
.I .records
(what builds were made from, what failed, what packages brought with what their removal needs, which initramfs is out of date),
.I .finished
(builds that were taken away, kept for 90 days and up to 512 MiB, so that what comes back unchanged is not compiled again),
.I .logs
(logs of failed builds)
.TP
.I /usr/src/NAME\\-VERSION
sources
.TP
.I /etc/dkms/framework.conf
settings; see
.BR framework.conf (5)
.SH SEE ALSO
.BR dkms.conf (5),
.BR framework.conf (5),
.BR depmod (8),
.BR modinfo (8),
.BR kernel\\-install (8)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_explained() {
        for action in ACTIONS {
            assert!(MEANINGS.iter().any(|(name, _)| name == action), "{action}");
        }
    }
}
