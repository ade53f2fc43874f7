//! What a message may be, by name. The hello reply announces the same numbers.

/// Largest message in bytes, header included (`maxMessageSizeBytes`).
pub const MESSAGE_BYTES_MAX: usize = 48_000_000;
/// Largest document that a user may store, in bytes (`maxBsonObjectSize`).
pub const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a command or a reply may add around one largest document (MongoDB's `BSONObjMaxInternalSize`).
pub const DOCUMENT_OVERHEAD_BYTES: usize = 16 * 1024;
/// Largest document anywhere on the wire, in bytes.
pub const WIRE_DOCUMENT_BYTES_MAX: usize = DOCUMENT_BYTES_MAX + DOCUMENT_OVERHEAD_BYTES;
/// Deepest nesting of documents and arrays; the outermost document is level 1.
pub const NESTING_DEPTH_MAX: usize = 200;
/// Most write statements in one command (`maxWriteBatchSize`).
pub const WRITE_BATCH_MAX: usize = 100_000;
/// Most document sequences in one message; the client-level bulk write uses two.
pub const SEQUENCES_MAX: usize = 16;
