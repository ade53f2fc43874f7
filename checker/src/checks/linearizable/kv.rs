//! A string that is put, appended to and read: the object of Porcupine's key-value histories.

use std::cell::RefCell;

use super::{
    fast_hash::{FastMap, FastSet},
    model::{Model, Role, Timed},
};
use crate::history::Op;

/// An operation on one string; strings are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KvEffect {
    /// Saw this string.
    Get(u32),
    /// Leaves this string.
    Put(u32),
    /// Adds this string at the end.
    Append(u32),
}

/// The strings met so far, by number; 0 is the empty string, with which every key begins.
#[derive(Debug)]
pub(crate) struct KvModel {
    strings: RefCell<Strings>,
}

/// The number that stands for every string that leads to nothing.
const LOST: u32 = 1;

#[derive(Debug, Default)]
struct Strings {
    texts: Vec<String>,
    numbers: FastMap<String, u32>,
    appended: FastMap<(u32, u32), u32>,
}

impl KvModel {
    /// Knows the empty string only.
    pub(crate) fn new() -> Self {
        let model = Self {
            strings: RefCell::default(),
        };
        model.number("");
        // Never the number of a string that is seen: see `lost`.
        model.strings.borrow_mut().texts.push(String::new());
        model
    }

    /// The number of a string.
    pub(crate) fn number(&self, text: &str) -> u32 {
        self.strings.borrow_mut().number(text)
    }
}

impl Strings {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).expect("fewer strings than memory");
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn append(&mut self, state: u32, added: u32) -> u32 {
        if state == LOST {
            return LOST;
        }
        if let Some(number) = self.appended.get(&(state, added)) {
            return *number;
        }
        let text = format!("{}{}", self.texts[state as usize], self.texts[added as usize]);
        let number = self.number(&text);
        self.appended.insert((state, added), number);
        number
    }
}

impl Model for KvModel {
    type State = u32;
    type Effect = KvEffect;

    fn initial(&self) -> u32 {
        0
    }

    fn step(&self, state: u32, effect: KvEffect) -> Option<u32> {
        match effect {
            KvEffect::Get(seen) => (seen == state).then_some(state),
            KvEffect::Put(text) => Some(text),
            KvEffect::Append(text) => Some(self.strings.borrow_mut().append(state, text)),
        }
    }

    fn role(&self, effect: KvEffect) -> Role {
        match effect {
            KvEffect::Get(_) => Role::Observation,
            KvEffect::Put(_) => Role::Blind,
            KvEffect::Append(_) => Role::Mutation,
        }
    }

    /// Appending only makes longer.
    fn reaches(&self, state: u32, wanted: u32) -> bool {
        let strings = self.strings.borrow();
        state != LOST && strings.texts[wanted as usize].starts_with(&strings.texts[state as usize])
    }

    fn lost(&self) -> Option<u32> {
        Some(LOST)
    }

    const PRUNES: bool = true;

    /// What is put is seen at the beginning of a string, what is appended somewhere in it; else nobody has seen it.
    fn usefulness(&self, ops: &[Timed<KvEffect>]) -> Box<dyn Fn(KvEffect) -> bool> {
        let strings = self.strings.borrow();
        let text = |number: u32| strings.texts[number as usize].as_str();
        let mut seen: Vec<&str> = Vec::new();
        for op in ops.iter().filter(|op| op.returned != Op::NEVER) {
            if let KvEffect::Get(number) = op.effect {
                seen.push(text(number));
            }
        }
        // Of strings that begin each other the longest shows all that the others show.
        seen.sort_unstable();
        let longest = |position: usize| {
            seen.get(position + 1)
                .is_none_or(|next| !next.starts_with(seen[position]))
        };
        let longest: Vec<&str> = (0..seen.len())
            .filter(|position| longest(*position))
            .map(|position| seen[position])
            .collect();
        let is_useful = |effect: &KvEffect| match effect {
            KvEffect::Get(_) => true,
            KvEffect::Put(begin) => longest.iter().any(|seen| seen.starts_with(text(*begin))),
            KvEffect::Append(part) => longest.iter().any(|seen| seen.contains(text(*part))),
        };
        let useful: FastSet<KvEffect> = ops.iter().map(|op| op.effect).filter(is_useful).collect();
        Box::new(move |effect| useful.contains(&effect))
    }

    fn wanted(&self, effect: KvEffect) -> Option<u32> {
        match effect {
            KvEffect::Get(seen) => Some(seen),
            KvEffect::Put(_) | KvEffect::Append(_) => None,
        }
    }
}
