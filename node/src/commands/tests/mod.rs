//! Commands as a client sends them, on a store in memory.

mod catalog;
mod crud;
mod cursors;
mod dispatch;
mod harness;
mod noise;
mod planning;
mod ranges;
mod senseless;
mod ways;
