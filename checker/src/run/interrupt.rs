//! Ctrl-C: once means "heal, judge what there is, write the report", twice means "stop now".

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// What the user, or whoever runs us, has asked for so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Nothing: go on.
    #[default]
    GoOn,
    /// Stop disturbing, and finish in order.
    Finish,
    /// Ctrl-C again: stop at once.
    Stop,
    /// SIGTERM after a first signal: stop at once.
    Terminate,
}

/// Tells tasks what was asked for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<Wish>);

/// The other end: sets the wish. Kept alive by whoever runs the run.
#[derive(Debug)]
pub struct Interrupter(watch::Sender<Wish>);

impl Interrupter {
    /// A pair that no signal reaches: for tests and for callers with their own ways.
    pub fn pair() -> (Self, Interrupt) {
        let (sender, receiver) = watch::channel(Wish::GoOn);
        (Self(sender), Interrupt(receiver))
    }

    /// Asks for more than was asked before; never for less.
    pub fn wish(&self, wish: Wish) {
        self.0.send_if_modified(|current| {
            let more = wish > *current;
            *current = (*current).max(wish);
            more
        });
    }

    /// Counts SIGINT and SIGTERM for ever. Must run inside a tokio runtime.
    ///
    /// # Errors
    /// When the handlers cannot be set.
    pub fn listen(self) -> std::io::Result<impl Future<Output = ()>> {
        let mut interrupt: Signal = signal(SignalKind::interrupt())?;
        let mut terminate: Signal = signal(SignalKind::terminate())?;
        Ok(async move {
            loop {
                let again = tokio::select! {
                    _ = interrupt.recv() => Wish::Stop,
                    _ = terminate.recv() => Wish::Terminate,
                };
                let first = *self.0.borrow() == Wish::GoOn;
                self.wish(if first { Wish::Finish } else { again });
            }
        })
    }
}

impl Interrupt {
    /// What was asked for so far.
    pub fn wish(&self) -> Wish {
        *self.0.borrow()
    }

    /// Waits until at least `wish` is asked for; for ever when it never is.
    pub async fn until(&self, wish: Wish) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|current| *current >= wish).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wishes_only_grow_and_wake_who_waits() {
        let (interrupter, interrupt) = Interrupter::pair();
        interrupter.wish(Wish::Finish);
        interrupt.until(Wish::Finish).await;
        interrupter.wish(Wish::GoOn);
        assert_eq!(interrupt.wish(), Wish::Finish);
        interrupter.wish(Wish::Stop);
        interrupt.until(Wish::Stop).await;
    }
}
