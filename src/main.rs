//! `dkms`: see the library's documentation for the map.

use std::process::ExitCode;

use dkms::exit::Kind;

fn main() -> ExitCode {
    // A panic's own code, 101, has a meaning for callers.
    let code = std::panic::catch_unwind(|| dkms::cli::main(std::env::args_os().collect()));
    ExitCode::from(code.unwrap_or(Kind::Internal.code()))
}
