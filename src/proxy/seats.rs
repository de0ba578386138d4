//! Who is connected, and who has to go when the house is full or closes.
//!
//! When every seat is taken, the connection that has been quiet for longest makes
//! room: a thousand sockets that never finish a request must not keep the agent
//! out. One that is being answered is never asked to leave for another.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{sync::Notify, time::Instant};

/// What a connection is told; a later one in the list overrides an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Order {
    Stay,
    /// Make room, unless a request has begun in the meantime.
    LeaveIfQuiet,
    /// Finish what is being answered, then leave.
    Finish,
    Leave,
}

/// All seats of one listener.
pub(super) struct Seats {
    room: usize,
    next: u64,
    taken: Arc<Taken>,
}

#[derive(Default)]
struct Taken {
    seats: Mutex<HashMap<u64, Arc<Occupant>>>,
    /// Somebody left, or has been answered.
    changed: Arc<Notify>,
}

impl Taken {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Occupant>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    pub(super) fn new(room: usize) -> Self {
        Self { room: room.max(1), next: 0, taken: Arc::default() }
    }

    /// Takes a seat, when necessary that of the connection that has been quiet for longest.
    pub(super) async fn take(&mut self) -> Seat {
        loop {
            let changed = self.taken.changed.notified();
            {
                let mut seats = self.taken.lock();
                if seats.len() < self.room {
                    self.next += 1;
                    let occupant = Arc::new(Occupant::new(Arc::clone(&self.taken.changed)));
                    seats.insert(self.next, Arc::clone(&occupant));
                    return Seat { number: self.next, occupant, taken: Arc::clone(&self.taken) };
                }
                let quiet = seats.values().filter(|occupant| occupant.is_quiet());
                // Those that never sent a whole request go before those that may come back with one.
                if let Some(occupant) = quiet.min_by_key(|occupant| (occupant.requests() > 0, occupant.since())) {
                    occupant.tell(Order::LeaveIfQuiet);
                }
            }
            changed.await;
        }
    }

    /// Tells everyone the same.
    pub(super) fn tell_all(&self, order: Order) {
        for occupant in self.taken.lock().values() {
            occupant.tell(order);
        }
    }

    /// Waits until nobody is left.
    pub(super) async fn emptied(&self) {
        loop {
            let changed = self.taken.changed.notified();
            if self.taken.lock().is_empty() {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn count(&self) -> usize {
        self.taken.lock().len()
    }
}

/// Whoever drops the server wants its connections gone.
impl Drop for Seats {
    fn drop(&mut self) {
        self.tell_all(Order::Leave);
    }
}

/// A seat, free again when dropped.
pub(super) struct Seat {
    number: u64,
    pub(super) occupant: Arc<Occupant>,
    taken: Arc<Taken>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.lock().remove(&self.number);
        self.taken.changed.notify_one();
    }
}

/// What a connection is doing, as far as others need to know.
pub(super) struct Occupant {
    answering: AtomicBool,
    /// An answer is over for us, but the client has not taken its end yet.
    writing: AtomicBool,
    /// Requests so far, the one being answered included.
    requests: AtomicU64,
    quiet_since: AtomicU64,
    seated: Instant,
    order: AtomicU8,
    told: Notify,
    changed: Arc<Notify>,
}

impl Occupant {
    fn new(changed: Arc<Notify>) -> Self {
        Self {
            answering: AtomicBool::new(false),
            writing: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            quiet_since: AtomicU64::new(0),
            seated: Instant::now(),
            order: AtomicU8::new(Order::Stay as u8),
            told: Notify::new(),
            changed,
        }
    }

    pub(super) fn is_answering(&self) -> bool {
        self.answering.load(Relaxed)
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    pub(super) fn is_quiet(&self) -> bool {
        !self.is_answering() && !self.writing.load(Relaxed)
    }

    pub(super) fn set_writing(&self, writing: bool) {
        self.writing.store(writing, Relaxed);
        if !writing {
            self.changed.notify_one();
        }
    }

    fn since(&self) -> Instant {
        self.seated + std::time::Duration::from_millis(self.quiet_since.load(Relaxed))
    }

    fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, Relaxed);
        self.told.notify_one();
    }

    /// Waits for an order.
    pub(super) async fn order(&self) -> Order {
        self.told.notified().await;
        match self.order.load(Relaxed) {
            0 => Order::Stay,
            1 => Order::LeaveIfQuiet,
            2 => Order::Finish,
            _ => Order::Leave,
        }
    }

    /// Declines to make room, because a request has begun.
    pub(super) fn decline(&self) {
        let (asked, stay) = (Order::LeaveIfQuiet as u8, Order::Stay as u8);
        let _ = self.order.compare_exchange(asked, stay, Relaxed, Relaxed);
        self.changed.notify_one();
    }
}

/// Held from a request's head to its answer's last byte.
pub(super) struct Answering(Arc<Occupant>);

impl Answering {
    pub(super) fn begin(occupant: &Arc<Occupant>) -> Self {
        occupant.requests.fetch_add(1, Relaxed);
        occupant.answering.store(true, Relaxed);
        Self(Arc::clone(occupant))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let quiet_since = u64::try_from(self.0.seated.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.quiet_since.store(quiet_since, Relaxed);
        self.0.answering.store(false, Relaxed);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{advance, timeout};

    use super::*;

    /// Whether a seat can be had without anyone leaving by himself.
    async fn has_room(seats: &mut Seats) -> Option<Seat> {
        timeout(Duration::from_secs(1), seats.take()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_never_asked_makes_room_before_one_that_was_served() {
        let mut seats = Seats::new(2);
        let regular = seats.take().await;
        drop(Answering::begin(&regular.occupant));
        advance(Duration::from_secs(5)).await;
        let stranger = seats.take().await;
        assert!(has_room(&mut seats).await.is_none());
        assert_eq!(stranger.occupant.order().await, Order::LeaveIfQuiet);
        assert!(timeout(Duration::from_secs(1), regular.occupant.order()).await.is_err());
        drop(stranger);
        assert!(has_room(&mut seats).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_sent_away_in_the_middle_of_an_answer() {
        let mut seats = Seats::new(1);
        let seat = seats.take().await;
        let answering = Answering::begin(&seat.occupant);
        assert!(has_room(&mut seats).await.is_none());
        assert!(timeout(Duration::from_secs(1), seat.occupant.order()).await.is_err());
        drop(answering);
        assert!(has_room(&mut seats).await.is_none());
        assert_eq!(seat.occupant.order().await, Order::LeaveIfQuiet);
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_the_seats_sends_everyone_away() {
        let mut seats = Seats::new(2);
        let (one, two) = (seats.take().await, seats.take().await);
        drop(seats);
        assert_eq!((one.occupant.order().await, two.occupant.order().await), (Order::Leave, Order::Leave));
    }
}
