//! What a package does and holds, as long as nobody says otherwise.

use crate::package::description::extra::Extra;
use crate::package::words::relations::{Relation, Script};

/// What a package needs, runs and holds because of what it carries.
#[derive(Debug, Default)]
pub(crate) struct Usual {
    pub(crate) relations: Vec<Relation>,
    pub(crate) scripts: Vec<Script>,
    pub(crate) extras: Vec<Extra>,
}
