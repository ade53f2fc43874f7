//! Which keys a filter can be answered from, and in which order they come.

use std::ops::Bound;

use bson::{Bson, Document, RawDocument};

use super::alternatives::alternatives;
use super::bounds::{FieldBounds, Interval, value_key};
use super::error::CommandError;
use crate::query::compare::compare;
use crate::query::matcher::{Comparison, Node, Predicate};
use crate::query::sort::{Direction as SortDirection, SortPattern};
use crate::storage::key::{Direction, KEY_BYTES_MAX};
use crate::storage::store::{Collection, Index, KeyRange, Order};

/// Ranges that the values of several fields may multiply to; beyond it the later fields are left to the filter.
const RANGES_MAX: usize = 1_000;
/// The field that documents lie by.
const KEY_FIELD: &str = "_id";
/// Its index's name.
pub const KEY_INDEX: &str = "_id_";

/// How documents are found. Whatever comes this way is still asked of the filter.
#[derive(Clone, Debug)]
pub enum Path {
    /// By their own keys.
    Ids(Vec<Vec<u8>>),
    /// By ranges of their own keys.
    Keys(Vec<KeyRange>),
    /// By one secondary index: ranges of its entries.
    Index(String, Vec<KeyRange>),
    /// One way for each alternative of an `$or`, one after the other; a document may lie on several.
    Either(Vec<Plan>),
}

/// The order in which documents are wanted.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Any.
    Any,
    /// As they lie.
    Natural(Order),
    /// Sorted.
    Sorted(SortPattern),
}

/// What the client says about the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Nothing.
    None,
    /// No index.
    Natural,
    /// This index, by name.
    Index(String),
}

/// The way to the documents.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which keys, in the order in which they are read.
    pub path: Path,
    /// How the keys are read.
    pub order: Order,
    /// The documents come in the order that was wished for.
    pub sorts: bool,
    /// What is allowed for each field of the index (`explain`'s `indexBounds`); empty if all documents are read.
    pub bounds: Vec<FieldBounds>,
}

/// Chooses the way. `collection` offers its indexes; `is_single` says whether each document has just one entry in one.
pub fn choose(
    filter: &Node,
    wish: &Wish,
    hint: &Hint,
    collection: Option<&Collection>,
    is_single: &dyn Fn(&Index) -> bool,
) -> Plan {
    if matches!(hint, Hint::Natural) {
        return everything(wish);
    }
    if let Wish::Natural(_) = wish {
        let own = Candidate::of_keys(filter);
        return if own.equal_fields + own.sides > 0 {
            own.plan(wish)
        } else {
            everything(wish)
        };
    }
    let mut best: Option<Candidate> = None;
    let mut offer = |candidate: Candidate, name: &str| {
        let hinted = match hint {
            Hint::Index(hinted) => hinted == name,
            _ => candidate.equal_fields + candidate.sides > 0 || candidate.serves(wish).is_some(),
        };
        if hinted
            && best
                .as_ref()
                .is_none_or(|best| best.score(wish) < candidate.score(wish))
        {
            best = Some(candidate);
        }
    };
    let own = Candidate::of_keys(filter);
    // Nothing beats the documents' own keys.
    let is_decided = own.equal_fields > 0 && matches!(hint, Hint::None);
    offer(own, KEY_INDEX);
    let indexes = collection.map_or(&[][..], |collection| collection.indexes.as_slice());
    for index in indexes.iter().filter(|_| !is_decided) {
        let is_hinted = matches!(hint, Hint::Index(name) if *name == index.spec.name);
        if is_hidden(index) && !is_hinted {
            continue;
        }
        let candidate = Candidate::of_index(filter, index, is_single(index));
        // A sparse index lacks documents that have none of its fields; whoever asks for a value never wants them.
        if index.spec.is_sparse && candidate.equal_fields + candidate.sides == 0 && !is_hinted {
            continue;
        }
        offer(candidate, &index.spec.name);
    }
    let is_useful = |best: &Candidate| best.equal_fields + best.sides > 0 || best.serves(wish).is_some();
    if *hint == Hint::None && !best.as_ref().is_some_and(is_useful) {
        let choose_one = |filter: &Node| choose(filter, &Wish::Any, hint, collection, is_single);
        if let Some(plans) = alternatives(filter, choose_one) {
            return Plan {
                path: Path::Either(plans),
                order: Order::Forward,
                sorts: false,
                bounds: Vec::new(),
            };
        }
    }
    best.map_or_else(|| everything(wish), |best| best.plan(wish))
}

/// The way through a hinted index from the keys `min` on, and before the keys `max`.
///
/// # Errors
/// 51173 without a hint, 51174 when the keys are not the index's, 51175 when nothing can lie between.
pub fn between(
    hint: &Hint,
    collection: &Collection,
    min: &Document,
    max: &Document,
) -> Result<Plan, CommandError> {
    let Hint::Index(name) = hint else {
        let text = "When using min()/max() a hint of which index to use must be provided";
        return Err(CommandError::new(51173, text));
    };
    let own = [(KEY_FIELD.to_owned(), Direction::Ascending)];
    let index = collection.index(name);
    let fields = index.map_or(&own[..], |index| &index.spec.fields);
    let key = |given: &Document| {
        let is_same = given.keys().eq(fields.iter().map(|(path, _)| path));
        let key = fields
            .iter()
            .zip(given.values())
            .try_fold(Vec::new(), |prefix, ((_, direction), value)| {
                value_key(&prefix, value, *direction)
            });
        key.filter(|key| is_same && key.len() <= KEY_BYTES_MAX)
            .ok_or_else(|| {
                CommandError::new(
                    51174,
                    "The index chosen is not compatible with min/max: the keys are others",
                )
            })
    };
    let mut range = KeyRange::all();
    if !min.is_empty() {
        range.lower = Bound::Included(key(min)?);
    }
    if !max.is_empty() {
        range.upper = Bound::Excluded(key(max)?);
    }
    if let (Bound::Included(lower), Bound::Excluded(upper)) = (&range.lower, &range.upper)
        && lower >= upper
    {
        return Err(CommandError::new(
            51175,
            "The value provided for min() does not come before the one for max()",
        ));
    }
    Ok(Plan {
        path: match index {
            None => Path::Keys(vec![range]),
            Some(_) => Path::Index(name.clone(), vec![range]),
        },
        order: Order::Forward,
        sorts: false,
        bounds: Vec::new(),
    })
}

/// All documents, as they lie: by `_id`.
pub fn everything(wish: &Wish) -> Plan {
    let own = Candidate {
        name: None,
        fields: vec![FieldBounds::all(KEY_FIELD, Direction::Ascending)],
        equal_fields: 0,
        sides: 0,
        is_single: true,
        is_nothing: false,
    };
    Plan {
        bounds: Vec::new(),
        ..own.plan(wish)
    }
}

/// One index, and what the filter means for it.
struct Candidate {
    /// `None`: the documents' own keys.
    name: Option<String>,
    fields: Vec<FieldBounds>,
    /// Leading fields of which single values are asked for.
    equal_fields: usize,
    /// Ends that the field after them has.
    sides: usize,
    is_single: bool,
    /// No document can match.
    is_nothing: bool,
}

impl Candidate {
    fn of_keys(filter: &Node) -> Self {
        Self::new(
            filter,
            None,
            &[(KEY_FIELD.to_owned(), Direction::Ascending)],
            true,
        )
    }

    fn of_index(filter: &Node, index: &Index, is_single: bool) -> Self {
        Self::new(
            filter,
            Some(index.spec.name.clone()),
            &index.spec.fields,
            is_single,
        )
    }

    fn new(filter: &Node, name: Option<String>, paths: &[(String, Direction)], is_single: bool) -> Self {
        let mut candidate = Self {
            name,
            fields: Vec::new(),
            equal_fields: 0,
            sides: 0,
            is_single,
            is_nothing: false,
        };
        let (mut ranges, mut bytes) = (1_usize, 0_usize);
        let mut goes_on = true;
        for (path, direction) in paths {
            let intervals = if goes_on {
                intervals(filter, path, is_single)
            } else {
                None
            };
            let Some(intervals) = intervals else {
                goes_on = false;
                candidate.fields.push(FieldBounds::all(path, *direction));
                continue;
            };
            let is_first = candidate.fields.is_empty();
            ranges = ranges.saturating_mul(intervals.len());
            bytes += intervals.iter().map(Interval::key_bytes).max().unwrap_or(0);
            if (ranges > RANGES_MAX || bytes > KEY_BYTES_MAX) && !is_first {
                goes_on = false;
                candidate.fields.push(FieldBounds::all(path, *direction));
                continue;
            }
            candidate.is_nothing |= intervals.is_empty();
            let bounds = FieldBounds {
                path: path.clone(),
                direction: *direction,
                intervals,
            };
            goes_on = bounds.are_points();
            if goes_on {
                candidate.equal_fields += 1;
            } else {
                candidate.sides = bounds.intervals.iter().map(Interval::sides).min().unwrap_or(0);
            }
            candidate.fields.push(bounds);
        }
        candidate
    }

    /// Better is greater.
    fn score(&self, wish: &Wish) -> (usize, bool, usize) {
        let is_wished = !matches!(wish, Wish::Any);
        (
            self.equal_fields,
            is_wished && self.serves(wish).is_some(),
            self.sides,
        )
    }

    /// In which order its entries have to be read for the documents to come as wished; `None` if in neither.
    ///
    /// Of an array, an index has an entry for each value. Read as a whole it gives a document first at the value by
    /// which the document is sorted; a part of it may begin behind that value, so that with arrays only the fields
    /// without bounds are in order.
    fn serves(&self, wish: &Wish) -> Option<Order> {
        let pattern = match wish {
            Wish::Any => return None,
            Wish::Natural(order) => return self.name.is_none().then_some(*order),
            // One document at most.
            Wish::Sorted(_) if self.name.is_none() && self.fields[0].is_point() => {
                return Some(Order::Forward);
            }
            Wish::Sorted(pattern) => pattern,
        };
        // Entries with equal values lie by the documents' keys.
        let by_key = FieldBounds::all(KEY_FIELD, Direction::Ascending);
        let mut wanted = pattern
            .keys()
            .iter()
            .map(|(path, way)| (path.text(), *way))
            .peekable();
        let mut order = None;
        for field in self.fields.iter().chain(std::iter::once(&by_key)) {
            while self.is_single && wanted.next_if(|(path, _)| self.is_constant(path)).is_some() {}
            let Some((path, way)) = wanted.peek() else { break };
            if *path != field.path {
                if field.is_point() {
                    continue;
                }
                return None;
            }
            if !self.is_single && !field.is_all() {
                return None;
            }
            let is_same = (*way == SortDirection::Ascending) == (field.direction == Direction::Ascending);
            let needed = if is_same { Order::Forward } else { Order::Backward };
            if *order.get_or_insert(needed) != needed {
                return None;
            }
            // No two documents are equal there: what follows says nothing.
            if path == KEY_FIELD {
                return order;
            }
            wanted.next();
        }
        while self.is_single && wanted.next_if(|(path, _)| self.is_constant(path)).is_some() {}
        wanted.peek().is_none().then(|| order.unwrap_or(Order::Forward))
    }

    /// Has the field the same value in all documents that come this way?
    fn is_constant(&self, path: &str) -> bool {
        self.fields
            .iter()
            .any(|field| field.path == path && field.is_point())
    }

    fn plan(self, wish: &Wish) -> Plan {
        let served = self.serves(wish);
        let order = served.unwrap_or(Order::Forward);
        let mut prefixes = vec![Vec::new()];
        let mut ranges: Option<Vec<KeyRange>> = None;
        for field in &self.fields {
            if field.is_all() || self.is_nothing {
                break;
            }
            if field.are_points() {
                prefixes = prefixes
                    .iter()
                    .flat_map(|prefix| {
                        field
                            .intervals
                            .iter()
                            .filter_map(|point| point.key(prefix, field.direction))
                    })
                    .collect();
                continue;
            }
            let within = |prefix: &Vec<u8>| {
                let ranges = field.intervals.iter();
                ranges
                    .filter_map(|interval| interval.range(prefix, field.direction))
                    .collect::<Vec<_>>()
            };
            ranges = Some(prefixes.iter().flat_map(within).collect());
            break;
        }
        if self.is_nothing {
            prefixes.clear();
        }
        prefixes.sort();
        prefixes.dedup();
        if order == Order::Backward {
            prefixes.reverse();
        }
        if self.name.is_none() && ranges.is_none() && (self.equal_fields > 0 || self.is_nothing) {
            return Plan {
                path: Path::Ids(prefixes),
                order,
                sorts: served.is_some(),
                bounds: self.fields,
            };
        }
        let mut ranges = ranges.unwrap_or_else(|| prefixes.iter().map(|prefix| whole(prefix)).collect());
        ranges.sort_by(|left, right| start(left).cmp(start(right)));
        if order == Order::Backward {
            ranges = ranges.into_iter().rev().map(KeyRange::reversed).collect();
        }
        Plan {
            path: match self.name {
                None => Path::Keys(ranges),
                Some(name) => Path::Index(name, ranges),
            },
            order,
            sorts: served.is_some(),
            bounds: self.fields,
        }
    }
}

fn whole(prefix: &[u8]) -> KeyRange {
    if prefix.is_empty() {
        KeyRange::all()
    } else {
        KeyRange::prefix(prefix)
    }
}

fn start(range: &KeyRange) -> &[u8] {
    match &range.lower {
        Bound::Included(key) | Bound::Excluded(key) => key,
        Bound::Unbounded => &[],
    }
}

fn is_hidden(index: &Index) -> bool {
    let specification = RawDocument::from_bytes(&index.spec.document).ok();
    specification.is_some_and(|specification| specification.get_bool("hidden").unwrap_or(false))
}

/// What the filter allows for a field, in the order of values; `None` when it says nothing that keys can tell.
///
/// Of a field that may hold arrays only one condition counts: `{a: {$gt: 5, $lt: 3}}` finds `[1, 10]`, which has no
/// element between the two. Inside `$elemMatch` one element has to satisfy all of them.
fn intervals(filter: &Node, field: &str, is_single: bool) -> Option<Vec<Interval>> {
    let conditions = conditions(filter, field);
    if let Some(points) = conditions.iter().find_map(|condition| points(condition)) {
        return Some(points);
    }
    for condition in &conditions {
        if let Predicate::ElementSatisfies(inner) = condition {
            let inner: Vec<&Predicate> = inner.iter().collect();
            let found = inner.iter().find_map(|condition| points(condition));
            if let Some(found) = found.or_else(|| meet(&inner)) {
                return Some(found);
            }
        }
    }
    if is_single {
        return meet(&conditions);
    }
    let first = conditions.iter().find_map(|condition| compared(condition))?;
    Some(vec![first])
}

/// What all comparisons allow together; `None` when there are none.
fn meet(conditions: &[&Predicate]) -> Option<Vec<Interval>> {
    let mut all = conditions.iter().filter_map(|condition| compared(condition));
    let first = all.next()?;
    let met = all.try_fold(first, Interval::and);
    Some(met.into_iter().collect())
}

fn compared(condition: &Predicate) -> Option<Interval> {
    match condition {
        Predicate::Compare(comparison, operand) if is_keyed(operand) => {
            Some(Interval::of(*comparison, operand))
        }
        _ => None,
    }
}

/// The values of `field: value` and `field: {$in: values}`.
fn points(condition: &Predicate) -> Option<Vec<Interval>> {
    let mut values: Vec<&Bson> = match condition {
        Predicate::Compare(Comparison::Equal, value) => vec![value],
        Predicate::In(values, patterns) if patterns.is_empty() => values.iter().collect(),
        _ => return None,
    };
    if !values.iter().all(|value| is_keyed(value)) {
        return None;
    }
    values.sort_by(|left, right| compare(left, right));
    values.dedup_by(|left, right| compare(left, right).is_eq());
    Some(values.into_iter().map(Interval::point).collect())
}

/// The conditions on a field that must all hold.
fn conditions<'a>(filter: &'a Node, field: &str) -> Vec<&'a Predicate> {
    fn flatten<'a>(predicate: &'a Predicate, into: &mut Vec<&'a Predicate>) {
        match predicate {
            Predicate::All(predicates) => predicates.iter().for_each(|inner| flatten(inner, into)),
            other => into.push(other),
        }
    }
    let mut found = Vec::new();
    match filter {
        Node::And(nodes) => nodes
            .iter()
            .for_each(|node| found.extend(conditions(node, field))),
        Node::Path(path, predicate) if path.text() == field => flatten(predicate, &mut found),
        _ => {}
    }
    found
}

/// Does a key tell all that is equal to this value? Arrays are left out: they also match as elements. So are null,
/// which also finds what is missing or undefined, and not-a-number, which is in no order.
fn is_keyed(value: &Bson) -> bool {
    match value {
        Bson::Array(_) | Bson::Null | Bson::Undefined | Bson::RegularExpression(_) => false,
        Bson::MinKey | Bson::MaxKey => false,
        Bson::Double(number) if number.is_nan() => false,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::ObjectId(_) | Bson::Boolean(_) => true,
        _ => value_key(&[], value, Direction::Ascending).is_some_and(|key| key.len() <= KEY_BYTES_MAX),
    }
}
