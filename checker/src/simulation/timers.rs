//! One member's armed timers. Most are armed afresh long before they fire, so a timer keeps one wake-up in the
//! queue and, woken early, goes back to sleep until its true deadline.

use protocol::config::MemberId;
use protocol::timer::Timer;

/// Deadlines by timer.
#[derive(Clone, Debug)]
pub struct Timers {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// When it shall fire.
    deadline_us: Option<u64>,
    /// The earliest wake-up in the queue.
    wake_us: Option<u64>,
}

/// What a wake-up finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// It fires.
    Fire,
    /// Wake again then.
    Later(u64),
    /// Nothing: it was disarmed, or another wake-up is planned.
    Nothing,
}

impl Timers {
    /// None armed.
    #[must_use]
    pub fn new(members: usize) -> Self {
        Self {
            slots: vec![Slot::default(); NAMED + OF_A_MEMBER * members],
        }
    }

    /// Arms `timer`; gives the time of a wake-up to plan, if one is needed.
    pub fn arm(&mut self, timer: Timer, deadline_us: u64) -> Option<u64> {
        let slot = &mut self.slots[slot_of(timer)];
        slot.deadline_us = Some(deadline_us);
        if slot.wake_us.is_some_and(|wake| wake <= deadline_us) {
            return None;
        }
        slot.wake_us = Some(deadline_us);
        slot.wake_us
    }

    /// Disarms `timer`.
    pub fn disarm(&mut self, timer: Timer) {
        self.slots[slot_of(timer)].deadline_us = None;
    }

    /// Disarms all; wake-ups that are still planned will find nothing.
    pub fn clear(&mut self) {
        self.slots.fill(Slot::default());
    }

    /// A wake-up planned for `planned_us` has come, at `now_us` (later, if the process was stopped).
    pub fn wake(&mut self, timer: Timer, planned_us: u64, now_us: u64) -> Woken {
        let slot = &mut self.slots[slot_of(timer)];
        if slot.wake_us != Some(planned_us) {
            return Woken::Nothing;
        }
        slot.wake_us = None;
        match slot.deadline_us {
            None => Woken::Nothing,
            Some(deadline) if deadline > now_us => {
                slot.wake_us = Some(deadline);
                Woken::Later(deadline)
            }
            Some(_) => {
                slot.deadline_us = None;
                Woken::Fire
            }
        }
    }
}

const NAMED: usize = 11;
/// Slots of one member.
const OF_A_MEMBER: usize = 6;

fn slot_of(timer: Timer) -> usize {
    let pair = |MemberId(id): MemberId, which| NAMED + OF_A_MEMBER * usize::from(id) + which;
    match timer {
        Timer::Election => 0,
        Timer::Fetch => 1,
        Timer::SyncSource => 2,
        Timer::CatchUp => 3,
        Timer::StepDown => 4,
        Timer::Unfreeze => 5,
        Timer::KeepAlive => 6,
        Timer::Sync => 7,
        Timer::CatchUpTakeover => 8,
        Timer::Ripen => 9,
        Timer::Suspicion => 10,
        // By how many members are preferred, and there are fewer of them than members. With one slot for all: another
        // configuration gives another rank, the wake-up of the former fires the former, and the new one never comes.
        Timer::PriorityTakeover(rank) => pair(MemberId(rank), 5),
        Timer::Heartbeat(id) => pair(id, 0),
        Timer::Silence(id) => pair(id, 1),
        Timer::Forgive(id, why) => pair(id, 2 + why as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armed_afresh_it_fires_once_at_the_last_deadline() {
        let mut timers = Timers::new(1);
        assert_eq!(timers.arm(Timer::Election, 10), Some(10));
        assert_eq!(
            timers.arm(Timer::Election, 25),
            None,
            "the wake-up at 10 will see to it"
        );
        assert_eq!(timers.wake(Timer::Election, 10, 10), Woken::Later(25));
        assert_eq!(timers.wake(Timer::Election, 25, 25), Woken::Fire);
        assert_eq!(timers.wake(Timer::Election, 25, 25), Woken::Nothing);
    }

    #[test]
    fn armed_earlier_it_needs_a_new_wake_up_and_the_old_one_finds_nothing() {
        let mut timers = Timers::new(1);
        timers.arm(Timer::Fetch, 10);
        assert_eq!(timers.arm(Timer::Fetch, 5), Some(5));
        assert_eq!(timers.wake(Timer::Fetch, 5, 5), Woken::Fire);
        assert_eq!(timers.wake(Timer::Fetch, 10, 10), Woken::Nothing);
        timers.arm(Timer::Fetch, 20);
        timers.disarm(Timer::Fetch);
        assert_eq!(timers.wake(Timer::Fetch, 20, 20), Woken::Nothing);
    }

    /// Simulated seed 104867: the takeover of the new rank was never heard of, and the member waited for it for ever.
    #[test]
    fn a_takeover_of_another_rank_is_another_timer() {
        let mut timers = Timers::new(3);
        let (former, present) = (Timer::PriorityTakeover(1), Timer::PriorityTakeover(0));
        assert_eq!(timers.arm(former, 20), Some(20));
        assert_eq!(timers.arm(present, 25), Some(25));
        assert_eq!(timers.wake(former, 20, 20), Woken::Fire);
        assert_eq!(timers.wake(present, 25, 25), Woken::Fire);
    }
}
