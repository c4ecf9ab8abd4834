//! What a plan for every kernel would leave for later: modules that wait for headers, or for another module.

use crate::snapshot::Snapshot;
use crate::step::{Omission, Policy, Reason};

use super::autoinstall::autoinstall;

pub(crate) fn waiting(snapshot: &Snapshot) -> Vec<Omission> {
    let plans = snapshot.kernels.keys().map(|target| autoinstall(target, snapshot, &Policy::default()));
    let is_pending = |omission: &Omission| matches!(omission.reason, Reason::Pending { .. });
    plans.flat_map(|plan| plan.omissions).filter(is_pending).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sample::Sample;

    #[test]
    fn what_waits_is_named_with_what_it_waits_for() {
        let sample = Sample::default().kernels(&["6.1", "6.2-"]).module("a/1", &["+6.1"]).module("b/1", &["+6.2"]);
        let sample = sample.module("c/1", &[]).says("c/1", "needs=nobody").module("d/1", &[]).says("d/1", "noauto");
        let snapshot = sample.module("e/1", &[]).says("e/1", "excluded").done();
        let told: Vec<String> = waiting(&snapshot)
            .iter()
            .map(|omission| {
                let (module, target) = (omission.module.as_ref().unwrap(), omission.target.as_ref().unwrap());
                let Reason::Pending { on, .. } = &omission.reason else { panic!("{omission:?}") };
                format!("{module} {}: {on}", target.kernel)
            })
            .collect();
        let headers = "the headers of kernel 6.2";
        assert_eq!(
            told,
            ["c/1 6.1: nobody".to_owned(), format!("a/1 6.2: {headers}"), format!("c/1 6.2: {headers}")],
            "b/1 can be built for 6.1"
        );
    }
}
