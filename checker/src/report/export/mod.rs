//! What machines read: JUnit XML, GitHub's step summary and annotations, a trace for trace viewers.

pub mod case;
pub mod chrome_trace;
pub mod github;
pub mod junit;
