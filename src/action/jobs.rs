//! How many compilers may run at once: one number for all builds of a run, shared through a GNU make jobserver.

use std::num::NonZeroUsize;

use crate::conf::Framework;
use crate::step::Policy;
use crate::sys::{System, memory};

/// The compilers that the builds of a run share.
///
/// A single build gets `-jN` on its make line. Several builds share a jobserver instead, because `-jN` on a make would
/// leave it. A dkms that runs below an outer make uses that one's jobserver.
#[derive(Debug)]
pub(crate) struct Jobs {
    limit: Option<NonZeroUsize>,
    builds: usize,
    client: Option<jobserver::Client>,
}

/// Which of the jobs a build runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// The one that this process may run of itself: it needs no token.
    Own,
    /// One for which a token of the jobserver is needed.
    Pooled,
}

/// A build's right to run one job; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    // Only its Drop matters: it puts the token back.
    _token: Option<jobserver::Acquired>,
}

impl Jobs {
    /// For this many builds that could run at once: `-j`, else framework.conf's parallel_jobs, else one job per
    /// processor for which there is memory; 0 means no limit. A jobserver that cannot be made leaves each build its share as
    /// `-jN`.
    pub(crate) fn new(system: &System, framework: &Framework, policy: &Policy, builds: usize) -> Self {
        let wanted = policy.jobs.or(framework.parallel_jobs);
        let of_itself = || affordable(processors(), memory::available(), framework.memory_per_job);
        let limit = wanted.map_or_else(|| Some(of_itself()), NonZeroUsize::new);
        let builds = builds.max(1).min(limit.map_or(usize::MAX, NonZeroUsize::get));
        let own = || match limit {
            // One job needs no token: it is the one that every process may run of itself.
            Some(limit) if builds > 1 => jobserver::Client::new(limit.get() - 1).ok(),
            _ => None,
        };
        Self { limit, builds, client: outer(system).or_else(own) }
    }

    /// One build at a time with this many jobs and no jobserver.
    #[cfg(test)]
    pub(crate) fn alone(jobs: NonZeroUsize) -> Self {
        Self { limit: Some(jobs), builds: 1, client: None }
    }

    /// How many builds may run at once.
    pub(crate) fn builds(&self) -> usize {
        self.builds
    }

    /// What one build is told as `parallel_jobs`: its share when several may run at once, at least 1.
    pub(crate) fn share(&self) -> usize {
        let limit = self.limit.map_or_else(|| processors().get(), NonZeroUsize::get);
        (limit / self.builds).max(1)
    }

    /// What stands behind the word make: `-jN`, `-j` without a limit, nothing when the jobserver says it.
    pub(crate) fn make_flag(&self) -> Option<String> {
        match (&self.client, self.limit) {
            (Some(_), _) => None,
            (None, None) => Some("-j".to_owned()),
            (None, Some(_)) => Some(format!("-j{}", self.share())),
        }
    }

    /// The jobserver for [`crate::sys::Command::jobserver`] of the make command, if several builds share one.
    pub(crate) fn jobserver(&self) -> Option<&jobserver::Client> {
        self.client.as_ref()
    }

    /// Waits for the right to start one more build.
    pub(super) fn slot(&self, job: Job) -> std::io::Result<Slot> {
        let token = match &self.client {
            Some(client) if job == Job::Pooled => Some(client.acquire()?),
            _ => None,
        };
        Ok(Slot { _token: token })
    }
}

/// As many jobs as there is memory for, at least one.
fn affordable(processors: NonZeroUsize, available: Option<u64>, per_job: u64) -> NonZeroUsize {
    let fits = available.and_then(|bytes| bytes.checked_div(per_job)).and_then(|jobs| usize::try_from(jobs).ok());
    fits.map_or(processors, |jobs| NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN).min(processors))
}

fn processors() -> NonZeroUsize {
    NonZeroUsize::new(crate::sys::processors()).unwrap_or(NonZeroUsize::MIN)
}

/// The jobserver of a make that runs us, if its descriptors reached us.
fn outer(system: &System) -> Option<jobserver::Client> {
    system.variable("MAKEFLAGS")?;
    // SAFETY: the descriptors that MAKEFLAGS names were opened by the make above us for its children; they are checked
    // to be pipes, and nothing else in this process owns them.
    unsafe { jobserver::Client::from_env_ext(true) }.client.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(limit: Option<usize>, builds: usize) -> Jobs {
        Jobs { limit: limit.and_then(NonZeroUsize::new), builds, client: None }
    }

    #[test]
    fn a_build_gets_its_share_of_the_processors() {
        for (limit, builds, share) in [(Some(8), 1, 8), (Some(8), 2, 4), (Some(8), 3, 2), (Some(2), 4, 1)] {
            assert_eq!(jobs(limit, builds).share(), share, "{limit:?} over {builds}");
        }
    }

    #[test]
    fn no_more_jobs_run_than_memory_allows() {
        let number = |jobs| NonZeroUsize::new(jobs).unwrap();
        for (processors, available, per_job, expected) in [
            (8, Some(1 << 30), 256 << 20, 4),
            (8, Some(64 << 30), 256 << 20, 8),
            (8, Some(1 << 20), 256 << 20, 1),
            (8, Some(1 << 20), 0, 8),
            (8, None, 256 << 20, 8),
        ] {
            let jobs = affordable(number(processors), available, per_job);
            assert_eq!(jobs.get(), expected, "{available:?} for {per_job} each");
        }
    }

    #[test]
    fn make_is_told_a_number_only_where_no_jobserver_tells_it() {
        assert_eq!(jobs(Some(8), 2).make_flag().as_deref(), Some("-j4"));
        assert_eq!(jobs(None, 3).make_flag().as_deref(), Some("-j"));
        let shared = Jobs { client: jobserver::Client::new(3).ok(), ..jobs(Some(4), 2) };
        assert_eq!(shared.make_flag(), None);
    }
}
