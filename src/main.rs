//! The command `posterfs`: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    posterfs::cli::run(std::env::args_os())
}
