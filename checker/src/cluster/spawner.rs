//! One thread that starts all child processes, and lives as long as the checker.
//!
//! A child asks for SIGKILL at its parent's death, and to Linux the parent is the *thread* that started it:
//!
//! 1. an executor's worker starts a node; 2. the worker has been idle and its pool ends it; 3. the node is
//!    killed, and the run blames the node.
//!
//! This thread ends with the process only.

use std::{
    io,
    process::{Child, Command},
    sync::{Mutex, OnceLock, mpsc},
    thread,
};

use super::switch::Room;

struct Order {
    command: Command,
    room: Option<Room>,
    reply: mpsc::Sender<io::Result<Child>>,
}

/// Starts `command` from the lasting thread, in that network namespace if one is named.
pub(crate) fn spawn(command: Command, room: Option<Room>) -> io::Result<Child> {
    static ORDERS: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<Order>();
        // If the thread cannot be started the channel is closed, and `spawn` says so below.
        let _ = thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || serve(&receiver));
        Mutex::new(sender)
    });
    let (reply, answer) = mpsc::channel();
    let lost = || io::Error::other("the thread that starts processes is gone");
    orders
        .lock()
        .map_err(|_| lost())?
        .send(Order { command, room, reply })
        .map_err(|_| lost())?;
    answer.recv().map_err(|_| lost())?
}

fn serve(orders: &mpsc::Receiver<Order>) {
    while let Ok(mut order) = orders.recv() {
        let started = start(&mut order.command, order.room.as_ref());
        // Who asked may have given up: then the child is dropped, and found by its parent-death signal.
        let _ = order.reply.send(started);
    }
}

/// A child has the network namespace of the thread that started it.
fn start(command: &mut Command, room: Option<&Room>) -> io::Result<Child> {
    let Some(room) = room else {
        return command.spawn();
    };
    let own = Room::here()?;
    room.enter()?;
    let started = command.spawn();
    own.enter()?;
    started
}
