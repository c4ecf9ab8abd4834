//! The table of verbs. A new one is a row here, and a function that does it; help, the manual page, completions and the
//! refusal of what it does not take follow.

use clap::{Args, Command};

use super::legacy::{
    ALL, ARCHIVE, BUILDING, CHANGING, CONF, FORCE, FORMAT, HEADERS, INSTALLING, JOBS, JSON, KERNELS, LEGACY, MODULE,
    OUTPUT, REPAIR, SOURCES, TEMPLATE, TOOLCHAIN, Typed, UNMAKING,
};
use super::request;
use super::verb::{Files, Group, Operand, Position, Run, Takes, Verb};
use super::{check, complete, conf, event, fsck, generate, help, mksysext, mok, preflight, room, status, why};
use crate::engine::{preflight::INSIDE, sysext};

/// Every verb, in the order in which help lists them.
pub(crate) fn all() -> impl Iterator<Item = &'static Verb> {
    ENGINE.iter().chain(PACKAGES).chain(TOOLS)
}

#[cfg(feature = "packages")]
use super::package::verbs::PACKAGES;
#[cfg(feature = "packages")]
use crate::engine::matrix::batch::INSIDE as MATRIX_INSIDE;
#[cfg(not(feature = "packages"))]
const PACKAGES: &[Verb] = &[];

pub(crate) fn named(name: &str) -> Option<&'static Verb> {
    all().find(|verb| verb.name == name)
}

/// The command line that DKMS always had.
fn typed(command: Command) -> Command {
    Typed::augment_args(command)
}

/// The row of a verb of that form: what it asks for is planned and carried out.
const fn acting(name: &'static str, meaning: &'static str, run: Run) -> Verb {
    Verb {
        name,
        group: Group::Modules,
        position: Position::Any,
        meaning,
        more: "",
        operand: Operand::NONE,
        arguments: typed,
        takes: Takes::Only(&[], &[]),
        examples: &[],
        run,
    }
}

/// A module of the tree.
const REGISTERED: Operand = Operand {
    shown: "MODULE/VERSION",
    meaning: "a module of the tree; or -m MODULE -v VERSION",
    most: 1,
    own: &[],
    words: &["modules"],
    files: Files::None,
};

/// A module of the tree, or a source.
const SOURCE: Operand = Operand {
    shown: "MODULE/VERSION | FOLDER | ARCHIVE",
    meaning: "a module, or a folder, dkms.conf or archive to be added first; or -m MODULE -v VERSION",
    most: 1,
    own: &[],
    words: &["modules", "sources"],
    files: Files::Any,
};

const ENGINE: &[Verb] = &[
    Verb {
        more: "What lies in /usr/src/MODULE-VERSION is registered where it is; a folder or an archive is copied there.",
        operand: Operand {
            meaning: "a source below /usr/src, a folder or dkms.conf, or an archive; or -m MODULE -v VERSION",
            words: &["sources"],
            ..SOURCE
        },
        takes: Takes::Only(&[MODULE, CONF, SOURCES, CHANGING], LEGACY),
        examples: &[
            ("dkms add hello/1.0", "register /usr/src/hello-1.0"),
            ("dkms add ./hello-1.0", "copy this folder to /usr/src and register it"),
            ("dkms add hello-1.0.tar.gz", "unpack this archive there"),
        ],
        ..acting("add", "register a module: its source becomes known to DKMS", Run::Request(request::ADD))
    },
    Verb {
        more: "A module that is not registered yet is added first. Without -k it is built for the running kernel.",
        operand: SOURCE,
        takes: Takes::Only(&[MODULE, KERNELS, BUILDING, TOOLCHAIN, CONF, SOURCES, FORCE, JOBS, CHANGING], LEGACY),
        examples: &[
            ("dkms build hello/1.0", "for the running kernel"),
            ("dkms build hello/1.0 -k 6.12.9-amd64 -k 6.1.0-30-amd64", "for two kernels"),
        ],
        ..acting("build", "compile a module for a kernel", Run::Request(request::BUILD))
    },
    Verb {
        more: "A module that is not registered or built yet is added and built first. Without -k it is installed for the \
               running kernel.",
        operand: SOURCE,
        takes: Takes::Only(
            &[MODULE, KERNELS, BUILDING, TOOLCHAIN, CONF, SOURCES, FORCE, JOBS, INSTALLING, CHANGING],
            LEGACY,
        ),
        examples: &[
            ("dkms install hello/1.0", "for the running kernel"),
            ("dkms install hello-1.0.tar.gz -k 6.12.9-amd64", "from a source archive, for this kernel"),
            ("dkms install hello/1.0 --dry-run", "show what would be done, and do nothing"),
        ],
        ..acting("install", "add, build and put a module under a kernel", Run::Request(request::INSTALL))
    },
    Verb {
        more: "The build stays in the tree, so that another install need not compile. Without -k the running kernel is meant.",
        operand: REGISTERED,
        takes: Takes::Only(&[MODULE, KERNELS, ALL, UNMAKING, CHANGING], LEGACY),
        examples: &[
            ("dkms uninstall hello/1.0", "from the running kernel"),
            ("dkms uninstall hello/1.0 --all", "from every kernel"),
        ],
        ..acting(
            "uninstall",
            "take a module from a kernel and put the kernel's own back",
            Run::Request(request::UNINSTALL),
        )
    },
    Verb {
        more: "What is installed is uninstalled first. The module stays registered. Without -k the running kernel is meant.",
        operand: REGISTERED,
        takes: Takes::Only(&[MODULE, KERNELS, ALL, UNMAKING, CHANGING], LEGACY),
        examples: &[("dkms unbuild hello/1.0 -k 6.1.0-30-amd64", "delete the build for this kernel")],
        ..acting("unbuild", "delete the build for a kernel", Run::Request(request::UNBUILD))
    },
    Verb {
        more: "When no build is left, the module is forgotten. Its source in /usr/src stays. Without -k and --all the running \
               kernel is meant.",
        operand: REGISTERED,
        takes: Takes::Only(&[MODULE, KERNELS, ALL, UNMAKING, CHANGING], LEGACY),
        examples: &[
            ("dkms remove hello/1.0 --all", "from every kernel, and forget the module"),
            ("dkms remove hello/1.0 -k 6.1.0-30-amd64", "from this kernel"),
        ],
        ..acting("remove", "unbuild a module, and forget it when no build is left", Run::Request(request::REMOVE))
    },
    Verb {
        more: "Without a module, all that are installed for the template kernel are installed.",
        operand: REGISTERED,
        takes: Takes::Only(
            &[MODULE, KERNELS, TEMPLATE, BUILDING, TOOLCHAIN, FORCE, JOBS, INSTALLING, CHANGING],
            LEGACY,
        ),
        examples: &[(
            "dkms match --templatekernel 6.1.0-30-amd64 -k 6.12.9-amd64",
            "install for 6.12.9 what 6.1.0-30 has",
        )],
        ..acting("match", "install for one kernel what is installed for another", Run::Request(request::MATCH))
    },
    Verb {
        group: Group::Machine,
        more: "One line for each module and kernel: added, built or installed. What failed, and what waits for a package, \
               is told on standard error.",
        takes: Takes::Only(&[MODULE, KERNELS, JSON], &[ALL]),
        examples: &[
            ("dkms status", "every module"),
            ("dkms status hello/1.0 -k 6.12.9-amd64", "one module and one kernel"),
            ("dkms status --json", "the same for programs"),
        ],
        operand: Operand { shown: "[MODULE[/VERSION]]", meaning: "the module; default: every one", ..REGISTERED },
        ..acting("status", "list modules and their states", Run::Look(status::run))
    },
    Verb {
        group: Group::Machine,
        more: "Exit status 0: nothing is out of date; 1: something waits for a package or can be done now; 2: something \
               failed, or cannot be had.",
        takes: Takes::Only(&[MODULE, KERNELS, JSON, FORMAT], &[]),
        examples: &[
            ("dkms check --format openmetrics", "numbers for Prometheus, as its node_exporter reads them from a file"),
            ("dkms check", "every module and kernel; for monitoring"),
            ("dkms check -m hello -k 6.12.9-amd64", "one module and one kernel"),
        ],
        operand: Operand { shown: "[MODULE[/VERSION]]", meaning: "the module; default: every one", ..REGISTERED },
        ..acting("check", "report what is out of date, waits or failed", Run::Look(check::run))
    },
    Verb {
        group: Group::Machine,
        more: "Where it stands, what failed last and why, where the log is, for which kernels the module is good, and what would be \
               done next. Without -k every kernel is told of.",
        takes: Takes::Only(&[MODULE, KERNELS, JSON], &[]),
        examples: &[
            ("dkms why hello -k 6.12.9-amd64", "why hello is or is not there for this kernel"),
            ("dkms why hello/1.0 --json", "the same for programs, for every kernel"),
        ],
        operand: Operand { shown: "[MODULE[/VERSION]]", meaning: "the module; default: every one", ..REGISTERED },
        ..acting("why", "tell what became of a module on a kernel, and why", Run::Look(why::run))
    },
    Verb {
        group: Group::Machine,
        more: "Every module that should be there is built and installed, and what belongs to removed packages and kernels \
               is cleaned up: what package events do by themselves, for the case that one was missed. -m and -k limit it \
               and may be repeated.",
        operand: Operand { shown: "[MODULE[/VERSION]]", meaning: "the module; default: every one", ..REGISTERED },
        takes: Takes::Only(&[MODULE, KERNELS, BUILDING, TOOLCHAIN, FORCE, JOBS, INSTALLING, CHANGING], LEGACY),
        examples: &[
            ("dkms reconcile", "every module, for every kernel with headers"),
            ("dkms reconcile --dry-run", "show what is to be done and why"),
            ("dkms reconcile -m hello -m world -k 6.12.9-amd64", "two modules, one kernel"),
        ],
        ..acting("reconcile", "bring every module and kernel up to date", Run::Request(request::RECONCILE))
    },
    Verb {
        group: Group::Machine,
        more: "Modules whose dkms.conf says AUTOINSTALL=no are left out. Without -k it is done for the running kernel.",
        takes: Takes::Only(&[KERNELS, BUILDING, TOOLCHAIN, FORCE, JOBS, INSTALLING, CHANGING], LEGACY),
        examples: &[("dkms autoinstall -k 6.12.9-amd64", "for this kernel")],
        ..acting(
            "autoinstall",
            "install the newest version of every module for one kernel",
            Run::Request(request::AUTOINSTALL),
        )
    },
    Verb {
        group: Group::Machine,
        more: "Each finding is told with what repairs it, or what you can do. Exit status 0: all is well; 1: something was \
               found; 2: something could not be repaired.",
        takes: Takes::Only(&[REPAIR, CHANGING], &[]),
        examples: &[("dkms fsck", "look, change nothing"), ("dkms fsck --repair", "repair what can be repaired")],
        ..acting("fsck", "find damage in the tree and under the kernels, and repair it", Run::Look(fsck::run))
    },
    Verb {
        group: Group::Machine,
        position: Position::First,
        more: "The headers of a kernel, and sources of modules, are taken out of packages that are not installed (deb, rpm or \
               pkg.tar.zst), and every AUTOINSTALL module is built as it would be. Builds that end well are kept for the day \
               when the kernel comes. Without a package it is about the kernels that are installed. Exit status 0: all build, \
               or are not meant for that kernel; 1: of something it cannot be told; 2: something would not build.",
        operand: Operand {
            shown: "[PACKAGE-FILE...]",
            meaning: "packages with kernel headers or a module's source",
            most: usize::MAX,
            own: &[],
            words: &[],
            files: Files::Any,
        },
        takes: Takes::Only(&[MODULE, KERNELS, HEADERS, JOBS, JSON], &[]),
        examples: &[
            ("dkms preflight linux-headers-*.deb linux-kbuild-*.deb", "would every module build for these kernels?"),
            ("dkms preflight --from-repos", "would the next upgrade leave a kernel without its modules?"),
            ("dkms preflight --headers /srv/linux-6.12 -k 6.12.0 -m hello", "one module, against a folder of headers"),
        ],
        ..acting("preflight", "tell whether modules build for a kernel to come", Run::Look(preflight::run))
    },
    Verb {
        group: Group::Machine,
        position: Position::First,
        more: "For each module and kernel: does it load, load and taint the kernel, or not load, and why; and the one thing to \
               do next. The firmware, shim's lists and the kernels are read as they are. verify tells who signed a module, \
               and ends with 1 when the signature does not fit. enroll has the firmware take the key, and says what the next \
               start will ask; rotate makes another key and signs the modules again, without building them.",
        operand: Operand {
            shown: "[status|enroll|rotate] | verify FILE|MODULE/VERSION",
            meaning: "status is the default; -m and -k select",
            most: 2,
            own: mok::ACTIONS,
            words: &["modules"],
            files: Files::Any,
        },
        takes: Takes::Only(&[MODULE, KERNELS, JSON], &[]),
        examples: &[
            ("dkms mok", "would the modules load under Secure Boot?"),
            ("dkms mok enroll", "have Secure Boot accept the modules that are built here"),
            ("dkms mok verify hello/1.0", "who signed its files, and are they as they were signed?"),
        ],
        ..acting("mok", "tell what this machine trusts, and which modules load", Run::Look(mok::run))
    },
    Verb {
        group: Group::Machine,
        takes: Takes::Only(&[CHANGING], &[]),
        examples: &[("dkms generate_mok", "make them, unless they are there")],
        ..acting("generate_mok", "make the key and certificate that sign modules", Run::Key)
    },
    Verb {
        group: Group::Archives,
        operand: REGISTERED,
        takes: Takes::Only(&[MODULE, KERNELS, ALL, ARCHIVE, CHANGING], LEGACY),
        examples: &[
            ("dkms mktarball hello/1.0 --source-only", "the source, for any machine"),
            ("dkms mktarball hello/1.0 -k 6.12.9-amd64 --archive hello.dkms.tar.gz", "with one build, to this file"),
        ],
        ..acting("mktarball", "pack a module in an archive: source, builds or both", Run::Request(request::MKTARBALL))
    },
    Verb {
        group: Group::Archives,
        operand: Operand {
            shown: "ARCHIVE",
            meaning: "an archive of mktarball, or any with a dkms.conf in it",
            words: &[],
            ..SOURCE
        },
        takes: Takes::Only(&[&["archive"], FORCE, CHANGING], LEGACY),
        examples: &[("dkms ldtarball hello.dkms.tar.gz", "register what it holds, with its builds")],
        ..acting("ldtarball", "load such an archive", Run::Request(request::LDTARBALL))
    },
    Verb {
        group: Group::Archives,
        position: Position::First,
        more: "For systems whose /usr cannot be written: modules are built, and what their installation would change below \
               the folder of the kernel becomes an extension, which is copied to /var/lib/extensions of that system. Nothing is \
               installed here, and no script of a module is run. Without a module, every AUTOINSTALL module is in it. It is for one \
               build of one kernel: when the system brings another, it is made again.",
        operand: Operand { shown: "[MODULE[/VERSION]]", meaning: "the module; default: every one", ..REGISTERED },
        takes: Takes::Only(&[MODULE, KERNELS, OUTPUT, FORCE, JOBS], &[]),
        examples: &[
            ("dkms mksysext -k 6.12.9-amd64", "the folder dkms-6.12.9-amd64 with every module"),
            ("dkms mksysext hello/1.0 -k 6.12.9-amd64 -o hello.raw", "one module, as an image"),
        ],
        ..acting("mksysext", "make a system extension of the modules of a kernel", Run::Look(mksysext::run))
    },
];

/// The rows behind those of the packages.
const TOOLS: &[Verb] = &[
    Verb {
        group: Group::Hooks,
        takes: Takes::Only(&[KERNELS, CHANGING], LEGACY),
        ..acting("kernel_preinst", "a kernel is about to be unpacked", Run::Request(request::KERNEL_PREINST))
    },
    Verb {
        group: Group::Hooks,
        takes: Takes::Only(&[KERNELS, BUILDING, JOBS, CHANGING], LEGACY),
        ..acting(
            "kernel_postinst",
            "a kernel was installed: autoinstall for it",
            Run::Request(request::KERNEL_POSTINST),
        )
    },
    Verb {
        group: Group::Hooks,
        takes: Takes::Only(&[KERNELS, CHANGING], LEGACY),
        ..acting(
            "kernel_prerm",
            "a kernel is about to be removed: unbuild all for it",
            Run::Request(request::KERNEL_PRERM),
        )
    },
    Verb {
        name: "event",
        group: Group::Hooks,
        position: Position::First,
        meaning: "what a package manager's hook reports",
        more: "Options stand before the words of the hook, which dkms-event(8) lists. A recorded event can be looked \
               at again on any machine.",
        operand: Operand {
            shown: "WORD...",
            meaning: "what the package manager said",
            most: usize::MAX,
            own: &[],
            words: &[],
            files: Files::None,
        },
        arguments: event::arguments,
        takes: Takes::AllBut(&[]),
        examples: &[
            ("dkms event kernel postinst 6.12.9-amd64 --dry-run", "what the event would lead to"),
            ("dkms event replay FILE --dry-run", "the same of an event that --record kept"),
        ],
        run: Run::Words(event::run),
    },
    Verb {
        name: "conf",
        group: Group::Tools,
        position: Position::First,
        meaning: "show what DKMS reads in a dkms.conf, and from where",
        more: "The file is evaluated as a build for that kernel would evaluate it.",
        operand: Operand {
            shown: "FILE | FOLDER | MODULE/VERSION",
            meaning: "a dkms.conf, a folder with one, or a module of the tree",
            most: 1,
            own: &[],
            words: &["modules"],
            files: Files::Any,
        },
        arguments: typed,
        takes: Takes::Only(&[MODULE, KERNELS, CONF, &["kernel_config", "kernelsourcedir", "directives"], JSON], &[]),
        examples: &[
            ("dkms conf ./dkms.conf", "for the running kernel"),
            ("dkms conf hello/1.0 -k 6.12.9-amd64", "a module of the tree, for this kernel"),
        ],
        run: Run::Look(conf::run),
    },
    Verb {
        group: Group::Tools,
        position: Position::First,
        more: "The source is copied and patched, PRE_BUILD is run, and instead of make comes a shell, or the command behind `--`: \
               the same user, the same files, the same uname, no network. The line that make gets is shown first. Without -k \
               the running kernel is meant. What was built there goes when you leave; the tree stays locked until then.",
        operand: Operand {
            shown: "MODULE/VERSION [-- COMMAND...]",
            meaning: "a module of the tree; or -m MODULE -v VERSION. Default of the command: a shell",
            most: usize::MAX,
            ..REGISTERED
        },
        takes: Takes::Only(
            &[MODULE, KERNELS, CONF, &["kernel_config", "kernelsourcedir", "directives"], TOOLCHAIN, JOBS],
            &[],
        ),
        examples: &[
            ("dkms room hello/1.0 -k 6.12.9-amd64", "a shell where make would be run"),
            ("dkms room hello/1.0 -- make V=1", "a command there, for the running kernel"),
        ],
        ..acting("room", "look around where a module is built", Run::Look(room::run))
    },
    Verb {
        name: "help",
        group: Group::Tools,
        position: Position::First,
        meaning: "explain an action",
        more: "",
        operand: Operand {
            shown: "[ACTION]",
            meaning: "the action; default: a list of them",
            most: 1,
            own: &[],
            words: &["actions"],
            files: Files::None,
        },
        arguments: help::arguments,
        takes: Takes::AllBut(&[]),
        examples: &[("dkms help install", "the same as `dkms install --help`")],
        run: Run::Words(help::run),
    },
];

/// What reads words and gives the exit code.
type OfWords = fn(&[String]) -> u8;

/// Verbs for packaging and for shells; help lists them nowhere.
pub(crate) const HIDDEN: &[(&str, OfWords)] = &[
    ("complete", complete::run),
    ("generate", generate::run),
    (INSIDE, preflight::inside),
    (sysext::INSIDE, mksysext::inside),
    #[cfg(feature = "packages")]
    (MATRIX_INSIDE, super::package::matrix::inside),
];
