//! `dkms check --format openmetrics`: what was found as numbers for Prometheus, whose node_exporter reads such a file
//! (textfile collector). The format is that of OpenMetrics 1.0.

use crate::engine::document::{Checked, Standing};

/// The text of a file with these numbers.
pub(super) fn text(found: &Checked<'_>) -> String {
    let mut text = String::new();
    let count = |standing: &str| found.standings.iter().filter(|one| one.standing == standing).count();
    gauge(
        &mut text,
        "dkms_check_code",
        "exit status of dkms check: 0 as wanted, 1 something waits, 2 something failed",
    );
    line(&mut text, "dkms_check_code", &[], u64::from(found.error.map_or(0, |error| error.kind().code())));
    gauge(&mut text, "dkms_standings", "modules on kernels, by how they stand");
    for standing in Standing::ALL {
        line(&mut text, "dkms_standings", &[("standing", standing)], count(standing) as u64);
    }
    gauge(&mut text, "dkms_standing", "1 for each module on each kernel, with how it stands");
    for Standing { module, target, standing } in &found.standings {
        let labels = [
            ("module", module.name.as_str()),
            ("version", module.version.as_str()),
            ("kernel", target.kernel.as_str()),
            ("standing", standing),
        ];
        line(&mut text, "dkms_standing", &labels, 1);
    }
    gauge(&mut text, "dkms_failed_seconds", "when the last attempt failed, in seconds since 1970");
    for failure in found.failed {
        let kernel = failure.target.as_ref().map_or("", |target| target.kernel.as_str());
        let labels = [
            ("module", failure.module.name.as_str()),
            ("version", failure.module.version.as_str()),
            ("kernel", kernel),
            ("operation", &failure.step),
        ];
        line(&mut text, "dkms_failed_seconds", &labels, failure.time);
    }
    text + "# EOF"
}

fn gauge(text: &mut String, name: &str, help: &str) {
    text.push_str(&format!("# TYPE {name} gauge\n# HELP {name} {help}\n"));
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    text.push_str(&format!("{name}{labels} {value}\n"));
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
