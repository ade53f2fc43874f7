//! The check itself: events in order of time, one clock a session.

use workloads::operation::{Action, Key, Observed, Value};

use super::pasts::{Pasts, Place, Write};
use crate::{
    checks::{
        Budget, Check, Verdict,
        anomaly_list::Anomalies,
        budget::Exhausted,
        describe::{describe, describe_all},
        linearizable::FastSet,
        promised::keeps_session,
        watch::{Watch, within},
    },
    history::{History, Op},
};

pub(in crate::checks) const CHECK: Check = Check {
    name: "causal-order",
    promise: "a causal session with majority reads and writes sees everything that comes before it in causal order, \
              through any number of sessions",
    complexity: "O(n C + R)",
    source: "Ahamad et al., Causal Memory, 1995; Bouajjani et al., On Verifying Causal Consistency, 2017; MongoDB, \
             \"Causal Consistency and Read and Write Concerns\"",
    anomalies: &["forgotten-write", "causal-gap"],
    run,
};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Call(u32),
    Return(u32),
}

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let mut pasts = Pasts::of(history, watch)?;
    // A row of each write, and of each session.
    watch.holds::<u32>((pasts.writes.len() + pasts.sessions.len()) * pasts.sessions.len());
    watch.look()?;
    // A write counts from its call on, a read from its return on: so a read comes after what it saw.
    let mut moments: Vec<(u32, Moment)> = Vec::new();
    for (number, write) in (0u32..).zip(&pasts.writes) {
        moments.push((write.op.call, Moment::Call(number)));
    }
    for (position, op) in (0u32..).zip(&history.ops) {
        watch.step()?;
        if op.request.action.is_read() && op.is_ok() && keeps_session(&op.request) {
            moments.push((op.returned, Moment::Return(position)));
        }
    }
    // Where they stand, and where they are sorted.
    watch.holds::<[(u32, Moment); 2]>(moments.len());
    watch.sort(&mut moments)?;
    let mut reads = 0;
    for (_, moment) in moments {
        watch.step()?;
        match moment {
            Moment::Call(number) => pasts.call(number as usize),
            Moment::Return(position) => {
                reads += 1;
                look(&mut pasts, &history.ops[position as usize], watch, anomalies)?;
            }
        }
    }
    let operations = pasts.writes.len() as u64 + reads;
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!(
            "{reads} reads of {} sessions saw all that came before them",
            pasts.sessions.len()
        )
    }))
}

fn look<'a>(
    pasts: &mut Pasts<'a>,
    read: &'a Op,
    watch: &mut Watch,
    anomalies: &mut Anomalies,
) -> Result<(), Exhausted> {
    let Some(session) = pasts.sessions.get(&read.process).copied() else {
        return Ok(());
    };
    match (&read.request.action, read.observed()) {
        (Action::Read { key }, Some(Observed::Register(found))) => {
            look_at_register(pasts, session, *key, *found, read, anomalies);
        }
        (Action::ReadSet { key }, Some(Observed::Elements(found))) => {
            // Each element is looked up, and then each write that the session knows.
            watch.steps(3 * found.len())?;
            look_at_set(pasts, session, *key, found, read, anomalies);
        }
        _ => {}
    }
    Ok(())
}

fn look_at_register<'a>(
    pasts: &mut Pasts<'a>,
    session: u32,
    key: Key,
    found: Option<Value>,
    read: &'a Op,
    anomalies: &mut Anomalies,
) {
    let place = Place::Register(key);
    let seen = match found {
        Some(value) => match pasts.writer.get(&(place, value)) {
            Some(number) => Some(*number),
            // Written outside of all sessions: nothing is known of its past.
            None => return,
        },
        None => None,
    };
    if let Some(number) = seen {
        pasts.see(session, number, read);
    }
    for (other, numbers) in pasts.of_place.get(&place).into_iter().flatten() {
        let known = pasts.clocks[session as usize][*other as usize];
        let past = numbers.partition_point(|number| pasts.writes[*number].turn <= known);
        let Some(newer) = past.checked_sub(1).map(|last| &pasts.writes[numbers[last]]) else {
            continue;
        };
        let seen = seen.map(|number| &pasts.writes[number]);
        let overwritten =
            seen.is_none_or(|seen| seen.op.number != newer.op.number && pasts.precedes(seen, newer));
        if overwritten {
            let words = format!(
                "{} shows an older state of key {key} than {}{}",
                describe(read),
                describe(newer.op),
                why(pasts, session, newer, read)
            );
            let mut way = pasts.way(session, newer);
            // That what was seen is older is a part of the proof.
            way.extend(seen.into_iter().flat_map(|seen| pasts.way(newer.session, seen)));
            let involved = witness(seen, newer, way, read);
            anomalies.add("forgotten-write", key, words, &involved);
            return;
        }
    }
}

fn look_at_set<'a>(
    pasts: &mut Pasts<'a>,
    session: u32,
    key: Key,
    found: &[Value],
    read: &'a Op,
    anomalies: &mut Anomalies,
) {
    let place = Place::Set(key);
    for value in found {
        if let Some(number) = pasts.writer.get(&(place, *value)).copied() {
            pasts.see(session, number, read);
        }
    }
    let present: FastSet<Value> = found.iter().copied().collect();
    for (other, numbers) in pasts.of_place.get(&place).into_iter().flatten() {
        let known = pasts.clocks[session as usize][*other as usize];
        let past = numbers.iter().map(|number| &pasts.writes[*number]);
        for write in past.take_while(|write| write.turn <= known) {
            if let Some(missing) = added(write.op).iter().find(|value| !present.contains(value)) {
                let words = format!(
                    "{} lacks {missing} of {}{}",
                    describe(read),
                    describe(write.op),
                    why(pasts, session, write, read)
                );
                let involved = witness(None, write, pasts.way(session, write), read);
                anomalies.add("causal-gap", key, words, &involved);
                return;
            }
        }
    }
}

fn added(op: &Op) -> &[Value] {
    match &op.request.action {
        Action::Add { value, .. } => std::slice::from_ref(value),
        Action::AddMany { values, .. } => values,
        _ => &[],
    }
}

/// Why the write comes before the read.
fn why(pasts: &Pasts<'_>, session: u32, write: &Write<'_>, read: &Op) -> String {
    let mut way = pasts.way(session, write);
    way.retain(|op| op.number != read.number);
    way.reverse();
    if way.is_empty() {
        return ", which comes before it".to_owned();
    }
    format!(", which comes before it over {}", describe_all(way))
}

fn witness<'a>(seen: Option<&Write<'a>>, newer: &Write<'a>, way: Vec<&'a Op>, read: &'a Op) -> Vec<&'a Op> {
    let mut involved: Vec<&Op> = seen.map(|write| write.op).into_iter().collect();
    involved.extend([newer.op]);
    involved.extend(way);
    involved.push(read);
    involved.sort_by_key(|op| op.call);
    involved.dedup_by_key(|op| op.number);
    involved
}
