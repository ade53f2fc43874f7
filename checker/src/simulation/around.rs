//! The hands of a simulated cluster: network, clocks and timers, clients.

use std::sync::Arc;

use protocol::config::Config;
use protocol::input::RequestId;
use protocol::message::Message;
use protocol::output::{Outcome, ReadPoint, Refusal};
use protocol::timer::Timer;
use workloads::operation::Completion;

use super::clients::{Answer, Clients};
use super::clock::Clock;
use super::contents::Store;
use super::event::{Event, Happening};
use super::network::Network;
use super::queue::Queue;
use super::surroundings::Surroundings;
use super::timers::Timers;
use super::timing::Timing;
use crate::nemesis::dice::Dice;

/// Everything around the members.
pub struct Around {
    /// Virtual time.
    pub now_us: u64,
    /// What is planned.
    pub queue: Queue<Event>,
    /// The links.
    pub network: Network,
    /// By member.
    pub clocks: Vec<Clock>,
    /// By member.
    pub timers: Vec<Timers>,
    /// By member: which life it lives.
    pub lives: Vec<u32>,
    /// By member: a disk has something new to flush.
    pub disk_asked: Vec<bool>,
    /// Who asks.
    pub clients: Clients,
    /// How long timers run.
    pub timing: Timing,
    /// Entries in one answer to a fetch at most.
    pub batch_max: usize,
    /// What the network draws.
    pub network_dice: Dice,
    /// What timers and clients draw.
    pub dice: Dice,
}

/// The way between a client and a member, at most.
const CLIENT_DELAY_US: u64 = 1_000;

impl Around {
    /// Plans something for the present life of `member`.
    pub fn plan(&mut self, member: usize, after_us: u64, what: Happening) {
        let life = self.lives[member];
        self.queue
            .push(self.now_us + after_us, Event::Member { member, life, what });
    }

    /// The way between a client and a member, drawn.
    pub fn client_delay_us(&mut self) -> u64 {
        self.dice.between(1, CLIENT_DELAY_US)
    }

    /// An answer sets out to its client.
    pub fn reply(&mut self, id: RequestId, completion: Completion) {
        let at_us = self.now_us + self.client_delay_us();
        self.queue.push(at_us, Event::Reply(id, completion));
    }

    /// Puts a message on its way, without a look at cuts and losses beyond those of the network.
    fn carry(&mut self, mut message: Message) {
        let (from, to) = (usize::from(message.from.0), usize::from(message.to.0));
        if to >= self.lives.len() || from >= self.lives.len() {
            return;
        }
        if let protocol::message::Body::FetchResponse { entries, .. } = &mut message.body {
            entries.truncate(self.batch_max);
        }
        let arrivals = self.network.carry(self.now_us, &message, &mut self.network_dice);
        let lives = (self.lives[from], self.lives[to]);
        if let Some(again_us) = arrivals.0[1] {
            self.queue.push(again_us, Event::Deliver(message.clone(), lives));
        }
        if let Some(at_us) = arrivals.0[0] {
            self.queue.push(at_us, Event::Deliver(message, lives));
        }
    }
}

impl Surroundings for Around {
    fn send(&mut self, message: Message) {
        self.carry(message);
    }

    fn arm(&mut self, member: usize, timer: Timer) {
        let duration_us = self.timing.draw_us(timer, &mut self.dice);
        let deadline_us = self.clocks[member].deadline_us(self.now_us, duration_us);
        if let Some(wake_us) = self.timers[member].arm(timer, deadline_us) {
            self.plan(member, wake_us - self.now_us, Happening::Wake(timer, wake_us));
        }
    }

    fn disarm(&mut self, member: usize, timer: Timer) {
        self.timers[member].disarm(timer);
    }

    fn disk_asked(&mut self, member: usize) {
        self.disk_asked[member] = true;
    }

    fn resolve(&mut self, member: usize, config: Arc<Config>) {
        self.plan(member, 100, Happening::Resolved(config));
    }

    fn complete(&mut self, _member: usize, id: RequestId, outcome: Outcome) {
        if let Some(completion) = self.clients.judge(id, Answer::Outcome(outcome)) {
            self.reply(id, completion);
        }
    }

    fn refuse(&mut self, _member: usize, id: RequestId, refusal: Refusal) {
        if let Some(completion) = self.clients.judge(id, Answer::Refusal(refusal)) {
            self.reply(id, completion);
        }
    }

    fn serve(&mut self, _member: usize, id: RequestId, at: ReadPoint, store: &Store) {
        if let Some(completion) = self.clients.serve(id, at, store) {
            self.reply(id, completion);
        }
    }
}
