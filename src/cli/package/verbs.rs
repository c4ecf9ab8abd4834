//! The rows of the verbs that make packages.

use clap::Args;

use crate::cli::common::TellArgs;
use crate::cli::mkrepo::{self, RepositoryArgs};
use crate::cli::verb::{Files, Group, Operand, Position, Run, Takes, Verb};
use crate::cli::{place, refuse, refuse_words, usage};
use crate::conf::Framework;
use crate::exit::Kind;
use crate::report::Reporter;
use crate::report::human::Human;
use crate::sys::System;

use super::args::PackageArgs;
use super::author::{self, AuthorArgs, AuthorCall, Task};
use super::matrix::{self, MatrixArgs};
use super::{PackageCall, Product};

const INPUT: Operand = Operand {
    shown: "INPUT",
    meaning: "a source archive, a folder or a module of the tree; or -m MODULE -v VERSION of the tree",
    most: 1,
    own: &[],
    words: &["modules"],
    files: Files::Any,
};

const fn packages(name: &'static str, meaning: &'static str, run: fn(&'static Verb, &[String]) -> u8) -> Verb {
    Verb {
        name,
        group: Group::Packages,
        position: Position::First,
        meaning,
        more: "",
        operand: INPUT,
        arguments: PackageArgs::augment_args,
        takes: Takes::AllBut(&[]),
        examples: &[],
        run: Run::Words(run),
    }
}

/// What recipes have no use for: they package a source, and are not signed.
const NO_RECIPE: &[&str] =
    &["binaries", "follow", "beside_source", "kernels", "arches", "sign_key", "sign_passphrase_file", "provenance"];

pub(crate) const PACKAGES: &[Verb] = &[
    Verb {
        more: "The package carries the source, and the machine that installs it builds the module. Nothing of the source is \
               run, and no tools of the distribution are needed.",
        examples: &[
            ("dkms mkdeb hello-1.0.tar.gz", "hello-dkms_1.0-1_all.deb in the current folder"),
            ("dkms mkdeb hello/1.0 --binaries -k 6.12.9-amd64", "what is built for this kernel"),
        ],
        ..packages("mkdeb", "make a Debian package", |verb, words| make(verb, Product::Deb, words))
    },
    Verb {
        more: "The package carries the source, and the machine that installs it builds the module. Nothing of the source is \
               run, and no tools of the distribution are needed.",
        examples: &[
            ("dkms mkrpm hello-1.0.tar.gz", "hello-dkms-1.0-1.noarch.rpm in the current folder"),
            ("dkms mkrpm hello/1.0 --binaries -k 5.14.0-503.el9.x86_64 --for el9", "what is built, for its kABI"),
        ],
        ..packages("mkrpm", "make an RPM package", |verb, words| make(verb, Product::Rpm, words))
    },
    Verb {
        more: "Each distribution of --for gets its package in a folder of its name.",
        examples: &[("dkms mkpkg hello-1.0.tar.gz --for debian12,el9", "debian12/….deb and el9/….rpm")],
        ..packages("mkpkg", "make packages for several distributions at once", |verb, words| {
            make(verb, Product::Pkg, words)
        })
    },
    Verb {
        more: "rpmbuild makes from them the package that mkrpm makes.",
        takes: Takes::AllBut(NO_RECIPE),
        examples: &[("dkms mkspec hello-1.0.tar.gz -o hello", "into the folder hello")],
        ..packages("mkspec", "write a spec file and its sources, for rpmbuild", |verb, words| {
            make(verb, Product::Spec, words)
        })
    },
    Verb {
        more: "dpkg-buildpackage makes the package from it, with dh-dkms.",
        takes: Takes::AllBut(NO_RECIPE),
        examples: &[("dkms mkdsc hello-1.0.tar.gz -o hello", "into the folder hello")],
        ..packages("mkdsc", "write a Debian source package", |verb, words| make(verb, Product::Dsc, words))
    },
    Verb {
        more: "What the makefiles say becomes directives; what could not be found out is told. With --modernize the \
               dkms.conf that is there is brought up to date instead.",
        operand: Operand { meaning: "a source archive, a folder, a dkms.conf or a module of the tree", ..INPUT },
        arguments: AuthorArgs::augment_args,
        examples: &[
            ("dkms mkconf ./hello-1.0", "print it"),
            ("dkms mkconf ./hello-1.0 -o ./hello-1.0", "write hello-1.0/dkms.conf"),
            ("dkms mkconf ./hello-1.0 --try -k 6.12.9-amd64", "and build once with it, to see that it works"),
            ("dkms mkconf ./hello-1.0 --modernize", "print the one that is there, brought up to date"),
        ],
        ..packages("mkconf", "write a dkms.conf for a source, or bring one up to date", |verb, words| {
            write(verb, Task::Write, words)
        })
    },
    Verb {
        more: "Exit status 1: something would fail.",
        operand: Operand { meaning: "a source archive, a folder, a dkms.conf or a module of the tree", ..INPUT },
        arguments: AuthorArgs::augment_args,
        takes: Takes::AllBut(&["output", "force", "modernize", "trial", "kernel"]),
        examples: &[("dkms lint ./hello-1.0", "a source"), ("dkms lint dkms.conf", "a file alone")],
        ..packages("lint", "find what would fail in a dkms.conf, or is deprecated", |verb, words| {
            write(verb, Task::Lint, words)
        })
    },
    Verb {
        more: "Every folder below that holds packages becomes a repository.",
        operand: Operand { shown: "DIR", meaning: "the folder", words: &[], files: Files::Folders, ..INPUT },
        arguments: RepositoryArgs::augment_args,
        examples: &[
            ("dkms mkrepo packages --sign-key key.asc", "signed, for apt, dnf and zypper"),
            (
                "dkms mkrepo packages --sign-key key.asc --repo-package hello --url https://example.org/packages",
                "with a package hello-repo that sets it up on hosts",
            ),
        ],
        ..packages("mkrepo", "make folders of packages repositories of apt, dnf and zypper", publish)
    },
    Verb {
        more: "Kernel headers come from repositories and are not installed. Each cell is built once; one that does not build is \
               told and stops no other. The output has a package for each kernel, one for each flavour that follows the newest, \
               index.html and matrix.json, for hosts without compilers.",
        operand: Operand {
            shown: "SOURCE...",
            meaning: "archives, folders, packages or their names, modules of the tree",
            most: usize::MAX,
            ..INPUT
        },
        arguments: MatrixArgs::augment_args,
        examples: &[
            (
                "dkms mkmatrix v4l2loopback-dkms ./hello-1.0 --kernels amd64:2,cloud-amd64:2 --sign-key key.asc -o repo",
                "for the two newest kernels of two flavours, as a signed repository",
            ),
            (
                "dkms mkmatrix ./hello-1.0 --kernels '6.1.0-*' --store /srv/cells --jobs-for slurm",
                "as jobs for hosts that see /srv/cells; without --jobs-for it collects",
            ),
        ],
        ..packages("mkmatrix", "build modules for many kernels, into a repository", matrix)
    },
];

fn make(verb: &'static Verb, product: Product, words: &[String]) -> u8 {
    let args: PackageArgs = match usage::arguments(verb, words) {
        Ok(args) => args,
        Err(error) => return refuse_words(&error, words),
    };
    let reporter = args.tell.reporter();
    let system = match place::system(args.place.root.as_deref()) {
        Ok(system) => system,
        Err(error) => return refuse(&reporter, args.tell.json, &error),
    };
    let framework = settings(&system, &reporter);
    let call = PackageCall { product, args };
    match super::run(&call, &system, &framework, &reporter) {
        Ok(()) => 0,
        Err(error) => refuse(&reporter, call.args.tell.json, &error),
    }
}

fn write(verb: &'static Verb, task: Task, words: &[String]) -> u8 {
    let args: AuthorArgs = match usage::arguments(verb, words) {
        Ok(args) => args,
        Err(error) => return refuse_words(&error, words),
    };
    let call = AuthorCall { task, args };
    let reporter = call.reporter();
    let system = match place::system(call.args.place.root.as_deref()) {
        Ok(system) => system,
        Err(error) => return refuse(&reporter, call.args.tell.json, &error),
    };
    let framework = settings(&system, &reporter);
    match author::run(&call, &system, &framework, &reporter) {
        Ok(()) => 0,
        // The findings are the document; the exit code says the rest.
        Err(error) if error.kind() == Kind::LintFailed => crate::cli::fail(&reporter, &error),
        Err(error) => refuse(&reporter, call.args.tell.json, &error),
    }
}

fn matrix(verb: &'static Verb, words: &[String]) -> u8 {
    let args: MatrixArgs = match usage::arguments(verb, words) {
        Ok(args) => args,
        Err(error) => return refuse_words(&error, words),
    };
    matrix::run(&args)
}

fn publish(verb: &'static Verb, words: &[String]) -> u8 {
    let args: RepositoryArgs = match usage::arguments(verb, words) {
        Ok(args) => args,
        Err(error) => return refuse_words(&error, words),
    };
    let TellArgs { json, .. } = args.tell;
    let reporter = args.tell.reporter();
    match mkrepo::run(&args, &System::host(), &reporter) {
        Ok(()) => 0,
        Err(error) => refuse(&reporter, json, &error),
    }
}

fn settings(system: &System, reporter: &Human) -> Framework {
    let (framework, warnings) = Framework::read(system);
    for warning in warnings {
        reporter.warn(warning);
    }
    framework
}
