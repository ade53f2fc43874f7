//! Who must come before whom.

use super::{
    input::{Demand, End, Input},
    versions::AllVersions,
};
use crate::{
    checks::{
        budget::{Exhausted, Meter},
        linearizable::FastMap,
        watch::Watch,
    },
    history::Op,
};

/// Why one node comes before another. Values are bits, so that sets of kinds are masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    WriteWrite = 1,
    WriteRead = 2,
    ReadWrite = 4,
    Process = 8,
    RealTime = 16,
    /// From a helper node on: costs nothing, and is always allowed.
    Free = 32,
}

/// An edge; `key` tells on which list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) to: u32,
    pub(super) key: u32,
    pub(super) kind: Kind,
}

impl Edge {
    /// Whether it may be walked where `kinds` are.
    pub(super) const fn is_of(&self, kinds: u8) -> bool {
        matches!(self.kind, Kind::Free) || self.kind as u8 & kinds != 0
    }
}

/// The graph in compressed rows. Nodes below `transactions` are transactions; the others are helpers that keep
/// the number of edges linear: a chain of moments (for real time), and for each key "after its longest read".
#[derive(Debug)]
pub(super) struct Graph {
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Graph {
    /// Draws all edges.
    ///
    /// # Errors
    /// When the budget ends before.
    pub(super) fn of(
        input: &Input<'_>,
        versions: &AllVersions<'_>,
        meter: &Meter,
    ) -> Result<Self, Exhausted> {
        let mut drawing = Drawing {
            nodes: input.txns.len() as u32,
            edges: Vec::new(),
        };
        let present = present(input, versions, &mut Watch::of(meter, 0))?;
        drawing.versions(input, versions, &present, meter)?;
        drawing.sessions(input, &present, meter)?;
        drawing.real_time(input, &present, meter)?;
        // In order they are held twice.
        let mut watch = Watch::of(meter, drawing.held_bytes() * 2);
        Self::new(drawing.nodes, drawing.edges, &mut watch)
    }

    /// Of edges in any order.
    ///
    /// # Errors
    /// When the budget ends before.
    pub(super) fn new(nodes: u32, unsorted: Vec<(u32, Edge)>, watch: &mut Watch) -> Result<Self, Exhausted> {
        const NOTHING: Edge = Edge {
            to: 0,
            key: 0,
            kind: Kind::Free,
        };
        let mut starts = vec![0u32; nodes as usize + 1];
        for (from, _) in &unsorted {
            watch.step()?;
            starts[*from as usize + 1] += 1;
        }
        for node in 0..nodes as usize {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut edges = vec![NOTHING; unsorted.len()];
        for (from, edge) in unsorted {
            watch.step()?;
            let place = &mut next[from as usize];
            edges[*place as usize] = edge;
            *place += 1;
        }
        Ok(Self { starts, edges })
    }

    /// The part of some ascending nodes, which are numbered by their place in the list. `local` is room for a number of
    /// each node of this graph; what it holds does not matter.
    pub(super) fn within(&self, nodes: &[u32], local: &mut [u32]) -> Self {
        for (at, node) in (0u32..).zip(nodes) {
            local[*node as usize] = at;
        }
        let mut starts = vec![0u32];
        let mut edges = Vec::new();
        for node in nodes {
            edges.extend(self.edges(*node).iter().filter_map(|edge| {
                let to = local[edge.to as usize];
                // What is left in the room from other parts does not lead back.
                (nodes.get(to as usize) == Some(&edge.to)).then_some(Edge { to, ..*edge })
            }));
            starts.push(edges.len() as u32);
        }
        Self { starts, edges }
    }

    pub(super) const fn nodes(&self) -> u32 {
        self.starts.len() as u32 - 1
    }

    pub(super) fn edges(&self, node: u32) -> &[Edge] {
        &self.edges[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// Memory that it takes.
    pub(super) const fn held_bytes(&self) -> usize {
        self.edges.len() * size_of::<Edge>() + self.starts.len() * size_of::<u32>()
    }
}

/// Which transactions certainly happened: acknowledged, or seen.
fn present(input: &Input<'_>, versions: &AllVersions<'_>, watch: &mut Watch) -> Result<Vec<bool>, Exhausted> {
    let mut present: Vec<bool> = input.txns.iter().map(|txn| txn.end == End::Ok).collect();
    for (key, of_key) in &versions.keys {
        for value in of_key.order {
            watch.step()?;
            if let Some(writer) = versions.writers.get(&(*key, *value)) {
                present[writer.txn as usize] = true;
            }
        }
    }
    Ok(present)
}

struct Drawing {
    nodes: u32,
    edges: Vec<(u32, Edge)>,
}

impl Drawing {
    fn add(&mut self, from: u32, to: u32, kind: Kind, key: u32) {
        if from != to {
            self.edges.push((from, Edge { to, key, kind }));
        }
    }

    const fn held_bytes(&self) -> usize {
        self.edges.capacity() * size_of::<(u32, Edge)>()
    }

    fn node(&mut self) -> u32 {
        self.nodes += 1;
        self.nodes - 1
    }

    fn versions(
        &mut self,
        input: &Input<'_>,
        versions: &AllVersions<'_>,
        present: &[bool],
        meter: &Meter,
    ) -> Result<(), Exhausted> {
        for (key, of_key) in &versions.keys {
            let mut watch = Watch::of(meter, self.held_bytes());
            if of_key.longest_reader.is_none() {
                continue;
            }
            let writer = |value| versions.writers.get(&(*key, value)).map(|writer| writer.txn);
            let writers: Vec<Option<u32>> = of_key.order.iter().map(|value| writer(*value)).collect();
            for pair in writers.windows(2) {
                watch.step()?;
                if let [Some(before), Some(after)] = *pair {
                    self.add(before, after, Kind::WriteWrite, *key);
                }
            }
            // Everything acknowledged that the longest read lacks came after it.
            let after_longest = self.node();
            if let Some(Some(last)) = writers.last() {
                self.add(*last, after_longest, Kind::WriteWrite, *key);
            }
            for (reader, length) in &of_key.reads {
                watch.step()?;
                if *length > 0
                    && let Some(last) = writers[*length as usize - 1]
                {
                    self.add(last, *reader, Kind::WriteRead, *key);
                }
                match writers.get(*length as usize) {
                    Some(Some(next)) => self.add(*reader, *next, Kind::ReadWrite, *key),
                    Some(None) => {}
                    None => self.add(*reader, after_longest, Kind::ReadWrite, *key),
                }
            }
            let mut in_order: FastMap<u32, ()> = FastMap::default();
            in_order.extend(writers.iter().flatten().map(|txn| (*txn, ())));
            let longest: FastMap<u32, ()> = of_key
                .reads
                .iter()
                .filter(|(_, length)| *length as usize == of_key.order.len())
                .map(|(reader, _)| (*reader, ()))
                .collect();
            for (txn, _) in &of_key.appends {
                watch.step()?;
                // One that also made a longest read would seem to come before itself.
                let certain = present[*txn as usize] && input.txns[*txn as usize].end == End::Ok;
                if certain && !in_order.contains_key(txn) && !longest.contains_key(txn) {
                    self.add(after_longest, *txn, Kind::Free, *key);
                }
            }
        }
        Ok(())
    }

    fn sessions(&mut self, input: &Input<'_>, present: &[bool], meter: &Meter) -> Result<(), Exhausted> {
        let mut watch = Watch::of(meter, self.held_bytes());
        let mut before: FastMap<u32, u32> = FastMap::default();
        for (node, txn) in (0u32..).zip(&input.txns) {
            watch.step()?;
            if !present[node as usize] || txn.demand < Demand::Session {
                continue;
            }
            if let Some(before) = before.insert(txn.process, node) {
                self.add(before, node, Kind::Process, 0);
            }
        }
        Ok(())
    }

    fn real_time(&mut self, input: &Input<'_>, present: &[bool], meter: &Meter) -> Result<(), Exhausted> {
        // Where the events stand, and where they are sorted.
        let events_bytes = 4 * input.txns.len() * size_of::<(u32, u32)>();
        let mut watch = Watch::of(meter, self.held_bytes() + events_bytes);
        let mut events: Vec<(u32, u32)> = Vec::new();
        for (node, txn) in (0u32..).zip(&input.txns) {
            if present[node as usize] {
                if txn.demand == Demand::RealTime {
                    events.push((txn.call, node));
                }
                if txn.returned != Op::NEVER {
                    events.push((txn.returned, node));
                }
            }
        }
        watch.sort(&mut events)?;
        let mut moment: Option<u32> = None;
        let mut moment_is_used = true;
        for (place, node) in events {
            watch.step()?;
            if place == input.txns[node as usize].call {
                if let Some(moment) = moment {
                    self.add(moment, node, Kind::Free, 0);
                    moment_is_used = true;
                }
                continue;
            }
            let now = match moment {
                Some(moment) if !moment_is_used => moment,
                before => {
                    let now = self.node();
                    if let Some(before) = before {
                        self.add(before, now, Kind::Free, 0);
                    }
                    moment_is_used = false;
                    now
                }
            };
            moment = Some(now);
            self.add(node, now, Kind::RealTime, 0);
        }
        Ok(())
    }
}
