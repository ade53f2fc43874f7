//! One direction of one connection.

use std::{collections::VecDeque, io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{ReadHalf, WriteHalf},
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    board::{LinkCell, LinkState},
    link::{LinkRule, Passage, count},
};
use crate::nemesis::dice::Dice;

/// Bytes read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Bytes under way or held in one direction of one connection. When they are that many, reading stops and
/// the sender feels it, as with a full network.
const QUEUE_BYTES_MAX: usize = 256 * 1024;

/// Linux's shortest time until TCP sends a packet again; each further time it waits twice as long.
const RESEND_FIRST: Duration = Duration::from_millis(200);

/// No chunk is lost so often that it takes longer: whoever still waits then has given up long ago.
const RESEND_MAX: Duration = Duration::from_secs(3);

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The sender closed, and everything was delivered.
    Finished,
    /// A rule, a healing or a reset broke the connection.
    Broken,
    /// The receiving end is to go without the sender's knowing.
    Halved,
    /// One of the two ends broke it.
    Failed,
}

/// Carries bytes from `reader` to `writer` as the link's rule says, until the end.
pub(super) async fn pump(link: &LinkCell, reader: ReadHalf<'_>, writer: WriteHalf<'_>, dice: Dice) -> End {
    let watched = link.state.subscribe();
    let seen = *watched.borrow();
    let mut pump = Pump {
        link,
        watched,
        reader,
        writer,
        dice,
        seen,
        queue: VecDeque::new(),
        queued_bytes: 0,
        last_due: Instant::now(),
        line_free: Instant::now(),
        ended: false,
        touched: false,
    };
    let end = pump.run().await.unwrap_or(End::Failed);
    count(&link.counters.bytes_lost, pump.queued_bytes as u64);
    end
}

struct Pump<'a> {
    link: &'a LinkCell,
    watched: watch::Receiver<LinkState>,
    reader: ReadHalf<'a>,
    writer: WriteHalf<'a>,
    dice: Dice,
    /// The state that this direction last acted upon.
    seen: LinkState,
    queue: VecDeque<Chunk>,
    queued_bytes: usize,
    last_due: Instant,
    /// When a narrow link has passed on what it was given so far.
    line_free: Instant,
    /// The sender has closed.
    ended: bool,
    /// A hold has kept something of this direction.
    touched: bool,
}

struct Chunk {
    bytes: Vec<u8>,
    sent: usize,
    due: Instant,
}

impl Pump<'_> {
    async fn run(&mut self) -> io::Result<End> {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            if let Some(end) = self.look() {
                return Ok(end);
            }
            let holding = self.seen.rule.passage == Passage::Hold;
            if self.ended && self.queue.is_empty() && !holding {
                self.writer.shutdown().await?;
                return Ok(End::Finished);
            }
            let room = !self.ended && self.queued_bytes < QUEUE_BYTES_MAX;
            let due = self.queue.front().map(|chunk| chunk.due).filter(|_| !holding);
            let ready = due.is_some_and(|due| due <= Instant::now());
            // In this order, so that a rule that is older than the bytes applies to them: with a fair choice, a request
            // sent after the cut could still pass through it.
            tokio::select! {
                biased;
                changed = self.watched.changed() => {
                    if changed.is_err() {
                        return Ok(End::Broken);
                    }
                }
                written = self.writer.write(head(&self.queue)), if ready => self.wrote(written?),
                read = self.reader.read(&mut buffer), if room => {
                    let length = read?;
                    // The rule may have come between the look at it and the bytes.
                    if let Some(end) = self.look() {
                        return Ok(end);
                    }
                    match length {
                        0 => self.ended = true,
                        _ => self.take(&buffer[..length]),
                    }
                }
                () = sleep_until(due.unwrap_or(self.last_due)), if due.is_some() && !ready => {}
            }
        }
    }

    /// Takes notice of the link's state, which may be the connection's end.
    fn look(&mut self) -> Option<End> {
        let state = *self.watched.borrow_and_update();
        let end = if state.breaks(&self.seen, self.touched) {
            Some(End::Broken)
        } else {
            (state.halvings != self.seen.halvings).then_some(End::Halved)
        };
        if state.rule.passage == Passage::Hold
            && self.seen.rule.passage != Passage::Hold
            && self.queued_bytes > 0
        {
            self.touched = true;
            count(&self.link.counters.bytes_held, self.queued_bytes as u64);
        }
        if state.rule.passage == Passage::Deliver && self.seen.rule.passage == Passage::Hold {
            self.touched = false;
        }
        let was_slow = self.seen.rule != LinkRule::default();
        self.seen = state;
        if was_slow && state.rule == LinkRule::default() {
            self.hurry();
        }
        end
    }

    fn take(&mut self, bytes: &[u8]) {
        let holding = self.seen.rule.passage == Passage::Hold;
        let now = Instant::now();
        let wanted = self.arrival(now, bytes.len());
        let due = wanted.max(self.last_due);
        if due > now {
            count(&self.link.counters.chunks_delayed, 1);
        }
        if holding {
            self.touched = true;
            count(&self.link.counters.bytes_held, bytes.len() as u64);
        }
        self.last_due = due;
        self.queued_bytes += bytes.len();
        let mut bytes = bytes.to_vec();
        if self.dice.chance(self.seen.rule.corrupt_permille) {
            let place = self.dice.below(bytes.len() as u64) as usize;
            bytes[place] ^= 1 << self.dice.below(8);
            // The reader may wait for bytes that a wrong length promises: healing breaks the connection.
            self.touched = true;
            count(&self.link.counters.chunks_corrupted, 1);
        }
        self.queue.push_back(Chunk { bytes, sent: 0, due });
    }

    fn wrote(&mut self, length: usize) {
        self.queued_bytes -= length;
        count(&self.link.counters.bytes_delivered, length as u64);
        if let Some(chunk) = self.queue.front_mut() {
            chunk.sent += length;
            if chunk.sent == chunk.bytes.len() {
                self.queue.pop_front();
            }
        }
    }

    fn arrival(&mut self, now: Instant, length: usize) -> Instant {
        let LinkRule {
            delay,
            jitter,
            bytes_per_second,
            ..
        } = self.seen.rule;
        let jitter_ns = jitter.as_nanos() as u64;
        let drawn = if jitter_ns == 0 {
            0
        } else {
            self.dice.below(jitter_ns)
        };
        let resent = self.resent();
        if let Some(rate) = bytes_per_second {
            let passing = Duration::from_nanos((length as u64).saturating_mul(1_000_000_000) / rate.max(1));
            self.line_free = self.line_free.max(now) + passing;
        }
        let passed = if bytes_per_second.is_some() {
            self.line_free
        } else {
            now
        };
        passed + delay + Duration::from_nanos(drawn) + resent
    }

    /// How long TCP takes until a chunk is through.
    fn resent(&mut self) -> Duration {
        let permille = self.seen.rule.loss_permille;
        let (mut waited, mut timeout) = (Duration::ZERO, RESEND_FIRST);
        while permille > 0 && self.dice.chance(permille) && waited < RESEND_MAX {
            waited += timeout;
            timeout *= 2;
        }
        if !waited.is_zero() {
            count(&self.link.counters.chunks_lost, 1);
        }
        waited
    }

    /// The link is fast again: nothing waits any longer because it once was slow.
    fn hurry(&mut self) {
        let now = Instant::now();
        self.last_due = now;
        self.line_free = now;
        for chunk in &mut self.queue {
            chunk.due = chunk.due.min(now);
        }
    }
}

fn head(queue: &VecDeque<Chunk>) -> &[u8] {
    queue.front().map_or(&[], |chunk| &chunk.bytes[chunk.sent..])
}
