//! Disks that fail, stall, lie, and the crash at a chosen sync: by rules.

use std::time::Duration;

use nix::errno::Errno;

use super::{effects::Effects, files, processes};
use crate::{
    cluster::{
        error::ClusterError,
        rig::{PowerBackend, Rig},
        shim_layout::page::{
            DISK_RULES_MAX, OPERATION_OPEN, OPERATION_READ, OPERATION_SYNC, OPERATION_WRITE,
        },
        shim_page::{DiskAction, DiskOrder},
    },
    nemesis::fault::{DiskError, DiskOperation, Member},
};

/// A rule in force on a member's disk.
#[derive(Debug)]
pub(super) struct DiskRuled {
    member: Member,
    slot: usize,
    /// The fault is the process's death.
    deadly: bool,
}

impl DiskRuled {
    /// Some call was struck by now (and the process is dead of it, if that is the fault).
    pub(super) fn has_struck(&self, rig: &mut Rig) -> bool {
        let counts = rig.disk_rule_counts(self.member, self.slot).ok();
        let struck = counts.is_some_and(|(_, struck)| struck > 0);
        struck && (!self.deadly || !rig.process(self.member).is_running())
    }
}

/// Calls fail.
pub(super) fn fail(
    rig: &mut Rig,
    member: Member,
    operation: DiskOperation,
    error: DiskError,
    permille: u32,
) -> Result<DiskRuled, ClusterError> {
    let errno = match error {
        DiskError::InputOutput => Errno::EIO,
        DiskError::NoSpace => Errno::ENOSPC,
    };
    rule(rig, member, operation, DiskAction::Fail(errno), permille, 0)
}

/// Calls take longer.
pub(super) fn slow(
    rig: &mut Rig,
    member: Member,
    operation: DiskOperation,
    delay_ms: u64,
) -> Result<DiskRuled, ClusterError> {
    rule(
        rig,
        member,
        operation,
        DiskAction::Delay(Duration::from_millis(delay_ms)),
        1000,
        0,
    )
}

/// The process dies at its `count`-th sync from now.
pub(super) fn crash_at_sync(rig: &mut Rig, member: Member, count: u64) -> Result<DiskRuled, ClusterError> {
    let skip = count.saturating_sub(1);
    let ruled = rule(rig, member, DiskOperation::Sync, DiskAction::Kill, 1000, skip)?;
    Ok(DiskRuled {
        deadly: true,
        ..ruled
    })
}

/// Syncs are answered and not done, on all of the members.
pub(super) fn lie(rig: &mut Rig, members: &[Member]) -> Result<Vec<DiskRuled>, ClusterError> {
    if rig.power() == PowerBackend::None {
        return Err(ClusterError::NoPower { kind: "disk-lies" });
    }
    let mut ruled = Vec::new();
    for member in members {
        match rule(rig, *member, DiskOperation::Sync, DiskAction::Lie, 1000, 0) {
            Ok(one) => ruled.push(one),
            Err(error) => {
                for one in ruled {
                    let _ = heal(rig, &one);
                }
                return Err(error);
            }
        }
    }
    Ok(ruled)
}

/// The lie comes out: all lose power at once, and are started again on honest disks.
pub(super) async fn expose(rig: &mut Rig, ruled: Vec<DiskRuled>) -> (Effects, Result<(), ClusterError>) {
    let mut effects = Effects::default();
    let members: Vec<Member> = ruled
        .iter()
        .map(|ruled| ruled.member)
        .filter(|member| rig.process(*member).is_running())
        .collect();
    let lost = files::power_loss(rig, &members, 0, 0).await;
    let mut lifted = Ok(());
    for one in &ruled {
        rig.disk_slots.remove(&(one.member, one.slot));
        rig.blame(one.member);
        lifted = lifted.and(lift(rig, one, &mut effects));
    }
    let lied = effects.get("calls_struck");
    let (loss, restarted) = match lost {
        Ok(taken) => processes::give_back(rig, taken).await,
        Err(error) => (Effects::default(), Err(error)),
    };
    for (name, count) in &loss.counts {
        effects.add(name, *count);
    }
    effects.struck = lied > 0 && loss.struck;
    effects.remarks = loss.remarks;
    (effects, lifted.and(restarted))
}

/// Lifts the rule. A server may end when its disk fails (MongoDB's does, on purpose): it is started again.
pub(super) fn heal(rig: &mut Rig, ruled: &DiskRuled) -> (Effects, Result<(), ClusterError>) {
    let mut effects = Effects::default();
    rig.disk_slots.remove(&(ruled.member, ruled.slot));
    rig.blame(ruled.member);
    let lifted = lift(rig, ruled, &mut effects);
    let alive = rig.process(ruled.member).is_running();
    effects.add("processes_gone", u64::from(!alive));
    effects.struck = effects.get("calls_struck") > 0 && (!ruled.deadly || !alive);
    let restarted = if alive { Ok(()) } else { rig.restart(ruled.member) };
    if !alive && !ruled.deadly {
        effects
            .remarks
            .push(format!("n{} ended of it and was started again", ruled.member));
    }
    (effects, lifted.and(restarted))
}

fn lift(rig: &mut Rig, ruled: &DiskRuled, effects: &mut Effects) -> Result<(), ClusterError> {
    let (matched, struck) = rig.disk_rule_counts(ruled.member, ruled.slot)?;
    effects.add("calls_matched", matched);
    effects.add("calls_struck", struck);
    rig.set_disk_rule(ruled.member, ruled.slot, None)
}

fn rule(
    rig: &mut Rig,
    member: Member,
    operation: DiskOperation,
    action: DiskAction,
    permille: u32,
    skip: u64,
) -> Result<DiskRuled, ClusterError> {
    let operations = match operation {
        DiskOperation::Write => OPERATION_WRITE,
        DiskOperation::Sync => OPERATION_SYNC,
        DiskOperation::Read => OPERATION_READ,
        DiskOperation::Open => OPERATION_OPEN,
    };
    let free = (0..DISK_RULES_MAX).find(|slot| !rig.disk_slots.contains(&(member, *slot)));
    let slot = free.ok_or(ClusterError::DiskRulesFull { member })?;
    rig.set_disk_rule(
        member,
        slot,
        Some(DiskOrder {
            operations,
            action,
            permille,
            skip,
        }),
    )?;
    rig.disk_slots.insert((member, slot));
    rig.excuse(member);
    Ok(DiskRuled {
        member,
        slot,
        deadly: false,
    })
}
