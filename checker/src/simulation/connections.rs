//! Connections break with the process at their end: the others see it, if the network lets them, and see it again as
//! long as nobody takes the place of the dead.

use protocol::config::MemberId;
use protocol::input::Input;

use super::event::Happening;
use super::violation::Violation;
use super::world::World;
use crate::nemesis::fault::Link;

/// From a death to its news, at most.
const NEWS_US: u64 = 2_000;
/// The server tries anew after this time, after twice as long, and so on.
const AGAIN_US: u64 = 50_000;
/// The last try that tells.
const AGAIN_US_MAX: u64 = 10_000_000;
/// So many of a thousand members hear of a death: a machine without power says nothing.
const HEARD_PERMILLE: u32 = 800;

impl World {
    /// The process is gone; its connections, too.
    pub(super) fn break_connections(&mut self, member: usize) {
        for other in 0..self.cluster.machines.len() {
            let heard = other != member && self.cluster.machines[other].up;
            if heard && self.hardship.dice.chance(HEARD_PERMILLE) {
                let after_us = self.hardship.dice.between(1, NEWS_US);
                let loss = Happening::Loss {
                    of: member,
                    wait_us: AGAIN_US,
                };
                self.around.plan(other, after_us, loss);
            }
        }
    }

    /// Connections that break while both ends live: the server dials anew and says nothing, mostly. What it says now
    /// and then may not do harm.
    pub(super) fn reset_connections(&mut self, links: &[Link]) {
        for (from, to) in links
            .iter()
            .map(|link| (usize::from(link.0), usize::from(link.1)))
        {
            if self.cluster.machines[from].up && self.hardship.dice.chance(500) {
                let after_us = self.hardship.dice.between(1, NEWS_US);
                let told = Happening::Told(Input::Disconnected(MemberId(to as u8)));
                self.around.plan(from, after_us, told);
            }
        }
    }

    /// The member dials: is nobody there still?
    pub(super) fn notice_loss(&mut self, member: usize, of: usize, wait_us: u64) -> Result<(), Violation> {
        if self.cluster.machines[of].up {
            return Ok(());
        }
        if wait_us <= AGAIN_US_MAX {
            let again = Happening::Loss {
                of,
                wait_us: 2 * wait_us,
            };
            self.around.plan(member, wait_us, again);
        }
        // Who is cut off hears no refusal.
        if self.around.network.is_cut(member, of) || self.around.network.is_cut(of, member) {
            return Ok(());
        }
        self.tell(member, Input::Disconnected(MemberId(of as u8)))
    }
}
