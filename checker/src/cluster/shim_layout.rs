//! What the preload library and the checker agree upon, compiled into both from one text.
//!
//! The checker never links the library: it writes the page as a file, at these structs' offsets.

#[path = "../../shim/src/page.rs"]
pub mod page;
#[path = "../../shim/src/skew.rs"]
pub mod skew;
#[path = "../../shim/src/undo_format.rs"]
pub mod undo_format;
