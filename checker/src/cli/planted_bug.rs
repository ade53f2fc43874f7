//! `--planted-bug`: ids and names of the exam's bugs.

/// The id of the bug with this id or name.
#[cfg(feature = "planted-bugs")]
pub(super) fn parse(wanted: &str) -> Result<String, String> {
    use crate::hunt::question::Question;
    let known = || {
        let ids = Question::all().into_iter().map(|question| question.id);
        ids.collect::<Vec<_>>().join(", ")
    };
    let found = Question::find(wanted).map(|question| question.id.to_owned());
    found.ok_or_else(|| format!("known are {}", known()))
}

/// The core with this bug.
#[cfg(feature = "planted-bugs")]
pub(super) fn rules(id: &str) -> Option<protocol::member::Rules> {
    protocol::bugs::find(id).map(protocol::bugs::Bug::plant)
}

/// There are none in this build.
#[cfg(not(feature = "planted-bugs"))]
pub(super) fn rules(_: &str) -> Option<protocol::member::Rules> {
    None
}

/// There are none in this build.
#[cfg(not(feature = "planted-bugs"))]
pub(super) fn parse(_: &str) -> Result<String, String> {
    Err("this checker was built without the feature `planted-bugs`".to_owned())
}
