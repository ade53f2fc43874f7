//! Which fields of a document stay, and which are computed: `find`'s projection, `$project`, `$addFields`, `$unset`.

mod add_fields;
mod apply;
mod parse;
mod tree;

pub use add_fields::AddFields;
pub use parse::Dialect;
pub use tree::Projection;

#[cfg(test)]
mod tests;
