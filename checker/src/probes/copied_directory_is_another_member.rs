//! A member that is started on a copy of another one's directory is not that one.

use std::{fs, io, path::Path};

use bson::{Document, doc};

use super::{
    ground::Ground,
    probe::{Finding, Probe},
    stage::{Stage, StageError, find, first_batch},
};
use crate::nemesis::fault::Fault;

pub(super) const PROBE: Probe = Probe {
    name: "copied-directory-is-another-member",
    promise: "no two members have one identity, also when one begins with a copy of the other's files (R-98)",
    hold: |ground| Box::pin(hold(ground)),
};

async fn hold(ground: &Ground) -> Result<Finding, StageError> {
    let mut stage = Stage::of_three(ground).await?;
    let leader = stage.leader().await?;
    stage
        .insert(leader, "c", vec![doc! { "_id": 1 }], "majority")
        .await?;
    let others = stage.others(&[leader]);
    let (original, copy) = (others[0], others[1]);
    let down = stage
        .strike(Fault::Kill {
            members: others.clone(),
        })
        .await?;
    let (from, to) = (stage.seat(original).data.clone(), stage.seat(copy).data.clone());
    fs::remove_dir_all(&to)?;
    copy_directory(&from, &to)?;
    stage.heal(down).await;
    let own = stage.seat(copy).advertised.to_string();
    let mut told = String::new();
    let recovered = stage
        .until("the copy to be known by its own name", async || {
            let hello = stage.try_ask(copy, "admin", doc! { "hello": 1 }).await?;
            told = hello.get_str("me").unwrap_or_default().to_owned();
            (told == own || !told.is_empty()).then_some(())
        })
        .await;
    recovered?;
    if told != own {
        return Ok(Finding::Broken(format!(
            "n{copy} at {own} says that it is {told}"
        )));
    }
    let ids = [identity(&stage, original).await?, identity(&stage, copy).await?];
    if ids[0] == ids[1] {
        return Ok(Finding::Broken(format!(
            "n{original} and n{copy} have one identity: {:?}",
            ids[0]
        )));
    }
    if let Some(lost) = stage.is_lost(copy).await {
        return Ok(Finding::Broken(lost));
    }
    Ok(Finding::Kept(
        "the copy took a name of its own and came back".to_owned(),
    ))
}

async fn identity(stage: &Stage, member: u8) -> Result<Option<Document>, StageError> {
    let answer = stage.ask(member, "local", find("me", doc! {})).await?;
    let me = first_batch(&answer).into_iter().next();
    Ok(me.map(|me| doc! { "_id": me.get("_id").cloned() }))
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
