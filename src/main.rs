//! The command `posterfs`.

fn main() {}
