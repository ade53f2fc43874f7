//! `$sample`: some documents, each as likely as any other.

use bson::{Bson, Document};

use super::pipeline::StageContext;
use super::source::Source;
use super::stage::{MemoryBudget, Stage};
use crate::query::error::{QueryError, QueryResult};
use crate::query::number::Number;

/// `$sample: { size }`.
pub(super) fn parse(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let specification = specification
        .as_document()
        .ok_or_else(|| QueryError::location(28745, "the $sample stage specification must be an object"))?;
    if let Some(unknown) = specification.keys().find(|key| *key != "size") {
        return Err(QueryError::location(
            28748,
            format!("unrecognized option to $sample: {unknown}"),
        ));
    }
    let size = specification
        .get("size")
        .ok_or_else(|| QueryError::location(28749, "$sample stage must specify a size"))?;
    let size = Number::from_bson(size)
        .ok_or_else(|| QueryError::location(28746, "size argument to $sample must be a number"))?
        .to_truncated_integer()
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0)
        .ok_or_else(|| QueryError::location(28747, "size argument to $sample must be a positive integer"))?;
    Ok(Box::new(Sample {
        size,
        state: context.seed,
        memory_bytes_max: context.memory_bytes_max,
        chosen: None,
    }))
}

struct Sample {
    size: usize,
    state: u64,
    memory_bytes_max: usize,
    chosen: Option<std::vec::IntoIter<Document>>,
}

impl Stage for Sample {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        if self.chosen.is_none() {
            self.chosen = Some(self.choose(input)?.into_iter());
        }
        Ok(self.chosen.as_mut().and_then(Iterator::next))
    }

    fn blocks(&self) -> bool {
        true
    }
}

impl Sample {
    /// Reservoir sampling: the n-th document takes a place with probability size / n.
    fn choose(&mut self, input: &mut dyn Source) -> QueryResult<Vec<Document>> {
        let mut reservoir: Vec<Document> = Vec::new();
        let mut budget = MemoryBudget::new("$sample", self.memory_bytes_max);
        let mut seen: u64 = 0;
        while let Some(document) = input.next()? {
            seen += 1;
            if reservoir.len() < self.size {
                budget.spend(&document)?;
                reservoir.push(document);
                continue;
            }
            let place = self.draw() % seen;
            if let Some(slot) = reservoir.get_mut(place as usize) {
                *slot = document;
            }
        }
        Ok(reservoir)
    }

    /// SplitMix64: small, seeded, good enough to choose documents.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }
}
