//! `dkms`: see the library's documentation for the map.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(dkms::main(std::env::args_os().collect()))
}
