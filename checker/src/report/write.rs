//! One run's page, from its directory.

use std::path::PathBuf;

use super::{error::ReportError, page, view::View};
use crate::record::{
    contents::RunContents,
    directory::{RunDirectory, RunFile, write_whole},
};

/// Reads the run's records and writes `report.html` beside them; returns its path. What is missing or torn is
/// told on the page: a run that died in the middle has a report too.
pub fn write_report(directory: &RunDirectory) -> Result<PathBuf, ReportError> {
    let view = View::new(RunContents::read(directory));
    let page = page::page(&view, directory)?;
    let path = directory.path(RunFile::Report);
    write_whole(&path, page.as_bytes())?;
    Ok(path)
}
