//! An engine in memory, for tests and for members that need no disk.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::engine::{Batch, Engine, EngineError, KeyRange, Order, PageLimit, Room, Row};

type Rows = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// Ordered maps behind a lock. Shared by clones, so a test can "restart" a store on the same content.
#[derive(Clone, Debug, Default)]
pub struct MemoryEngine {
    rooms: Arc<RwLock<BTreeMap<Room, Rows>>>,
}

impl Engine for MemoryEngine {
    fn get(&self, room: Room, key: &[u8]) -> Result<Option<Arc<[u8]>>, EngineError> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        Ok(rooms.get(&room).and_then(|rows| rows.get(key)).cloned())
    }

    fn scan(&self, room: Room, range: &KeyRange, limit: PageLimit) -> Result<Vec<Row>, EngineError> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let Some(rows) = rooms.get(&room).filter(|_| !range.is_empty()) else {
            return Ok(Vec::new());
        };
        let rows = rows.range::<[u8], _>(range.bounds());
        let rows: Box<dyn Iterator<Item = _>> = match range.order {
            Order::Forward => Box::new(rows),
            Order::Backward => Box::new(rows.rev()),
        };
        let mut bytes = 0;
        Ok(rows
            .take(limit.rows)
            .take_while(|(_, value)| {
                let is_within = bytes < limit.bytes;
                bytes += value.len();
                is_within
            })
            .map(|(key, value)| (key.clone(), Arc::clone(value)))
            .collect())
    }

    fn apply_batch(&self, batch: Batch) -> Result<(), EngineError> {
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        for item in batch {
            let rows = rooms.entry(item.room).or_default();
            match item.value {
                Some(value) => rows.insert(item.key, value),
                None => rows.remove(&item.key),
            };
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        Ok(0)
    }
}
