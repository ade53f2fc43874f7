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

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The sender closed, and everything was delivered.
    Finished,
    /// A rule, a healing or a reset broke the connection.
    Broken,
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
            if self.look() {
                return Ok(End::Broken);
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
                    if self.look() {
                        return Ok(End::Broken);
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

    /// Takes notice of the link's state; true: break.
    fn look(&mut self) -> bool {
        let state = *self.watched.borrow_and_update();
        let breaks = state.breaks(&self.seen, self.touched);
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
        breaks
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
        self.queue.push_back(Chunk {
            bytes: bytes.to_vec(),
            sent: 0,
            due,
        });
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
        if let Some(rate) = bytes_per_second {
            let passing = Duration::from_nanos((length as u64).saturating_mul(1_000_000_000) / rate.max(1));
            self.line_free = self.line_free.max(now) + passing;
        }
        let passed = if bytes_per_second.is_some() {
            self.line_free
        } else {
            now
        };
        passed + delay + Duration::from_nanos(drawn)
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
