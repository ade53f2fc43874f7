//! The `node` binary: options in, one replica-set member out.

fn main() {}
