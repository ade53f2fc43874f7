//! Faults from plan to record.

use std::time::Instant;

use super::{
    binaries::{self, Swapped},
    clocks::{self, BentClock},
    commands::{self, Asked},
    copies,
    disks::{self, DiskRuled},
    effects::Effects,
    enroll::{self, Enrolled},
    files,
    limits::{self, Limited},
    links::{self, HeldLinks},
    load,
    membership::{self, Rearranged},
    processes::{self, Taken},
    throttle::{self, Throttles},
};
use crate::{
    cluster::{error::ClusterError, proxy::Heal, rig::Rig},
    nemesis::fault::Fault,
    record::fault::{FaultRecord, Recovery},
};

/// Applies and heals faults on a rig, and writes their records.
#[derive(Debug)]
pub struct Sufferer {
    start: Instant,
    next_index: u32,
}

/// A fault in force (or one that could not be applied).
#[derive(Debug)]
pub struct Ongoing {
    record: FaultRecord,
    applied: Option<Applied>,
}

/// What healing and measuring need to know.
#[derive(Debug)]
enum Applied {
    Taken(Taken),
    Throttled(Throttles),
    Links(HeldLinks),
    Clock(BentClock),
    Disk(DiskRuled),
    Lying(Vec<DiskRuled>),
    Asked(Asked),
    Rearranged(Rearranged),
    Enrolled(Enrolled),
    Swapped(Swapped),
    Limited(Limited),
    /// It is over as soon as it is done.
    Done(Effects),
}

impl Sufferer {
    /// `start` is the zero of all recorded times: the history's.
    pub fn new(start: Instant) -> Self {
        Self { start, next_index: 0 }
    }

    /// Applies a fault. It never fails as a whole: a fault that could not be applied is an answer too, and
    /// its record says why.
    pub async fn apply(&mut self, rig: &mut Rig, nemesis: &str, fault: Fault) -> Ongoing {
        let planned_ns = self.now_ns();
        let applied = apply(rig, &fault).await;
        let index = self.next_index;
        self.next_index += 1;
        let mut record = FaultRecord {
            index,
            nemesis: nemesis.to_owned(),
            planned_ns,
            applied_ns: applied.is_ok().then(|| self.now_ns()),
            healed_ns: None,
            took_effect: false,
            effect: std::collections::BTreeMap::new(),
            words: fault.to_string(),
            fault,
            recovery: Recovery::default(),
        };
        let applied = match applied {
            Ok(applied) => Some(applied),
            Err(error) => {
                record.words = format!("{}: not applied: {error}", record.words);
                None
            }
        };
        Ongoing { record, applied }
    }

    /// Ends a fault and measures what it did. Whatever happens, everything that can be healed is healed.
    pub async fn heal(&mut self, rig: &mut Rig, ongoing: Ongoing) -> FaultRecord {
        let Ongoing { mut record, applied } = ongoing;
        let Some(applied) = applied else { return record };
        let (effects, healed) = heal(rig, applied).await;
        record.effect = effects.counts;
        record.took_effect = effects.struck;
        for remark in effects.remarks {
            record.words = format!("{}; {remark}", record.words);
        }
        match healed {
            Ok(()) => record.healed_ns = Some(self.now_ns()),
            Err(error) => record.words = format!("{}; not healed: {error}", record.words),
        }
        record
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Ongoing {
    /// Whether there is no use in waiting for its effect: it could not be applied, or was refused.
    pub fn is_vain(&self) -> bool {
        match &self.applied {
            None => true,
            Some(Applied::Asked(asked)) => !asked.has_struck(),
            Some(Applied::Rearranged(rearranged)) => !rearranged.has_struck(),
            Some(Applied::Enrolled(enrolled)) => !enrolled.has_struck(),
            Some(Applied::Done(effects)) => !effects.struck,
            Some(_) => false,
        }
    }

    /// Whether its effect shows by now: healed at once, it would be recorded as having struck. A fault that
    /// waits for traffic (a cut link, a failing disk) takes its time; whoever holds it should wait for this,
    /// within reason.
    pub fn has_struck(&self, rig: &mut Rig) -> bool {
        match &self.applied {
            None => false,
            Some(Applied::Taken(taken)) => taken.effects.struck || !taken.paused.is_empty(),
            Some(Applied::Throttled(throttles)) => throttles.have_struck(),
            Some(Applied::Links(held)) => held.have_struck(rig),
            Some(Applied::Clock(bent)) => bent.has_struck(rig),
            Some(Applied::Disk(ruled)) => ruled.has_struck(rig),
            Some(Applied::Asked(asked)) => asked.has_struck(),
            Some(Applied::Rearranged(rearranged)) => rearranged.has_struck(),
            Some(Applied::Enrolled(enrolled)) => enrolled.has_struck(),
            Some(Applied::Swapped(swapped)) => swapped.taken.effects.struck,
            Some(Applied::Done(effects)) => effects.struck,
            Some(Applied::Limited(limited)) => limited.has_struck(rig),
            Some(Applied::Lying(ruled)) => ruled.iter().all(|ruled| ruled.has_struck(rig)),
        }
    }

    /// The record as it stands: the first of a fault's two lines.
    pub fn record(&self) -> &FaultRecord {
        &self.record
    }
}

async fn apply(rig: &mut Rig, fault: &Fault) -> Result<Applied, ClusterError> {
    match fault {
        Fault::Kill { members } => processes::kill(rig, members).await.map(Applied::Taken),
        Fault::Terminate { members } => processes::terminate(rig, members).await.map(Applied::Taken),
        Fault::Pause { members } => processes::pause(rig, members).await.map(Applied::Taken),
        Fault::Throttle {
            members,
            run_ms,
            stop_ms,
        } => throttle::start(rig, members, *run_ms, *stop_ms).map(Applied::Throttled),
        Fault::Partition { links, .. } => Ok(Applied::Links(links::hold(rig, links, Heal::Reset))),
        Fault::Jam { links, .. } => Ok(Applied::Links(links::hold(rig, links, Heal::Deliver))),
        Fault::SlowLinks {
            links,
            delay_ms,
            jitter_ms,
            bytes_per_second,
        } => Ok(Applied::Links(links::slow(
            rig,
            links,
            (*delay_ms, *jitter_ms),
            *bytes_per_second,
        ))),
        Fault::ResetConnections { links } => Ok(Applied::Links(links::reset(rig, links))),
        Fault::ClockJump { member, offset_ms } => clocks::jump(rig, *member, *offset_ms).map(Applied::Clock),
        Fault::ClockStrobe {
            member,
            offset_ms,
            period_ms,
        } => clocks::strobe(rig, *member, *offset_ms, *period_ms).map(Applied::Clock),
        Fault::ClockDrift {
            member,
            rate_permille,
        } => clocks::drift(rig, *member, *rate_permille).map(Applied::Clock),
        Fault::PowerLoss {
            members,
            keep_permille,
            seed,
        } => files::power_loss(rig, members, *keep_permille, *seed)
            .await
            .map(Applied::Taken),
        Fault::DiskError {
            member,
            operation,
            error,
            permille,
        } => disks::fail(rig, *member, *operation, *error, *permille).map(Applied::Disk),
        Fault::DiskSlow {
            member,
            operation,
            delay_ms,
        } => disks::slow(rig, *member, *operation, *delay_ms).map(Applied::Disk),
        Fault::DiskLies { members } => disks::lie(rig, members).map(Applied::Lying),
        Fault::CrashAtSync { member, count } => disks::crash_at_sync(rig, *member, *count).map(Applied::Disk),
        Fault::TruncateFile { member, bytes, seed } => files::truncate(rig, *member, *bytes, *seed)
            .await
            .map(Applied::Taken),
        Fault::StepDown { member, seconds } => commands::step_down(rig, *member, *seconds)
            .await
            .map(Applied::Asked),
        Fault::StepUp { member } => commands::step_up(rig, *member).await.map(Applied::Asked),
        Fault::Freeze { member, seconds } => {
            commands::freeze(rig, *member, *seconds).await.map(Applied::Asked)
        }
        Fault::ShutDown { members } => commands::shut_down(rig, members).await.map(Applied::Taken),
        Fault::ClientLinks { members, way, deed } => {
            Ok(Applied::Links(links::disturb_clients(rig, members, *way, *deed)))
        }
        Fault::HalfOpen { links, .. } => Ok(Applied::Links(links::halve(rig, links))),
        Fault::CorruptLinks { links, permille } => Ok(Applied::Links(links::corrupt(rig, links, *permille))),
        Fault::LossyLinks { links, permille } => Ok(Applied::Links(links::lose(rig, links, *permille))),
        Fault::DuplicateLinks { links, permille } => {
            links::duplicate(rig, links, *permille).map(Applied::Links)
        }
        Fault::ReorderLinks { links, permille } => links::reorder(rig, links, *permille).map(Applied::Links),
        Fault::FileLimit { member, spare } => limits::files(rig, *member, *spare).map(Applied::Limited),
        Fault::MemoryLimit { member, spare_mb } => limits::memory(rig, *member, *spare_mb)
            .await
            .map(Applied::Limited),
        Fault::WipeData { member } => copies::wipe(rig, *member).await.map(Applied::Taken),
        Fault::Resync { member } => copies::resync(rig, *member).await.map(Applied::Done),
        Fault::Reconfigure {
            member,
            change,
            wait_ms,
        } => membership::reconfigure(rig, *member, *change, *wait_ms)
            .await
            .map(Applied::Rearranged),
        Fault::Enroll { member, wait_ms } => enroll::enroll(rig, *member, *wait_ms)
            .await
            .map(Applied::Enrolled),
        Fault::SwapBinary { members } => binaries::swap(rig, members).await.map(Applied::Swapped),
        Fault::FillOplog { megabytes } => load::fill(rig, *megabytes).await.map(Applied::Done),
        Fault::BitRot { member, flips, seed } => files::bit_rot(rig, *member, *flips, *seed)
            .await
            .map(Applied::Taken),
    }
}

async fn heal(rig: &mut Rig, applied: Applied) -> (Effects, Result<(), ClusterError>) {
    match applied {
        Applied::Taken(taken) => processes::give_back(rig, taken).await,
        Applied::Throttled(throttles) => throttle::end(rig, throttles).await,
        Applied::Links(held) => (links::heal(rig, held), Ok(())),
        Applied::Clock(bent) => clocks::heal(rig, &bent),
        Applied::Disk(ruled) => disks::heal(rig, &ruled),
        Applied::Lying(ruled) => disks::expose(rig, ruled).await,
        Applied::Asked(asked) => commands::heal(rig, asked).await,
        Applied::Rearranged(rearranged) => membership::heal(rig, rearranged).await,
        Applied::Enrolled(enrolled) => enroll::heal(rig, enrolled).await,
        Applied::Swapped(swapped) => binaries::heal(rig, swapped).await,
        Applied::Done(effects) => (effects, Ok(())),
        Applied::Limited(limited) => limits::heal(rig, limited),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
