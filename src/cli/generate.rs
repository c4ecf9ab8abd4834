//! `dkms generate man|completions DIR`: the manual pages and the shells' completions, made from the table of verbs when
//! the program is packaged.

use std::path::Path;

use crate::error::{Error, Result};
use crate::exit::Kind;

use super::{completions, man, plain_reporter};

pub(crate) fn run(words: &[String]) -> u8 {
    super::end(&plain_reporter(), generate(words))
}

fn generate(words: &[String]) -> Result<()> {
    let [what, folder] = words else {
        return Err(Error::new(Kind::Usage, "generate needs what (man, completions) and a folder"));
    };
    let folder = Path::new(folder);
    let failed = |error| Error::io(format!("cannot write in {}", folder.display()), error);
    fs_err::create_dir_all(folder).map_err(failed)?;
    match what.as_str() {
        "man" => man::write(folder).map_err(failed),
        "completions" => completions::write(folder).map_err(failed),
        other => Err(Error::new(Kind::Usage, format!("`{other}` cannot be generated"))),
    }
}
