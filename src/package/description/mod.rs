//! Everything that a package says about itself, settled once and read-only afterwards.
//!
//! [`resolve`] asks the command line ([`wishes`]), a [`template`], the source (a survey, in `module/`) and what is usual, in
//! this order, and gives a [`info::PackageInfo`] that knows who said what. First comes the [`identity`], the names that all the
//! rest speaks of; [`carries`] knows what a package is called and where its payload lies because of what it carries,
//! [`texts`] its summary and paragraphs, [`changelog`] what changed.
//!
//! What a package does as long as nobody says otherwise is [`usual`]: [`carrier`] has the relations and scripts of one with a module's source (those of built modules stand
//! in `package/built.rs`), [`scripts`] fills the texts of spec-templates/. What it holds besides its payload is an [`extra`],
//! ([`settle`] has what a running system has to be told of it),
//! a [`certificate`] for Secure Boot or a [`record`] that the driver is wanted for instance; [`contents`] puts both in order for the formats.

pub(crate) mod carrier;
pub(crate) mod carries;
pub(crate) mod certificate;
pub(crate) mod changelog;
pub(crate) mod contents;
pub(crate) mod extra;
pub(crate) mod identity;
pub(crate) mod info;
pub(crate) mod record;
pub(crate) mod resolve;
pub(crate) mod scripts;
pub(crate) mod settle;
pub(crate) mod template;
pub(crate) mod texts;
pub(crate) mod usual;
pub(crate) mod wishes;
