//! What machines read: JUnit XML, GitHub's summary and annotations, a trace for trace viewers.
