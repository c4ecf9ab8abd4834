//! Small pieces of work that do not depend on each other, on several processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A thread costs as much as this many pieces.
const PIECES_PER_THREAD: usize = 4;

/// Locks what several share and only add to: what was noted before a panic is as good as ever.
pub(crate) fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `work` makes of each item, in their order. Few items are worked on by the caller alone. A panic is passed on.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_in(super::processors().min(items.len() / PIECES_PER_THREAD), items, work)
}

fn map_in<T: Sync, R: Send>(threads: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            done.push((at, work(item)));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let mut done = share();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_whoever_made_them() {
        let items: Vec<u64> = (0..100).collect();
        let slow = |item: &u64| {
            std::thread::sleep(std::time::Duration::from_micros(item % 7 * 50));
            (*item, std::thread::current().id())
        };
        for threads in [0, 1, 3] {
            let made = map_in(threads, &items, slow);
            assert_eq!(made.iter().map(|(item, _)| *item).collect::<Vec<_>>(), items, "{threads}");
            let workers: std::collections::HashSet<_> = made.iter().map(|(_, worker)| worker).collect();
            assert_eq!(workers.len(), threads.max(1), "{threads}");
        }
        assert_eq!(map(&[] as &[u64], slow), []);
    }
}
