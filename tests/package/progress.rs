//! Bars for large sources: on a terminal, and nowhere else.

use std::process::Command;

use super::{DEB, Workshop, needs};

#[test]
fn a_large_source_shows_bars_on_a_terminal_only() {
    needs!("script");
    let workshop = Workshop::new();
    let mut state = 1u64;
    let noise = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    std::fs::write(workshop.path("demo-v1.2/large.h"), (0..9 << 20).map(noise).collect::<Vec<u8>>()).unwrap();
    workshop.archive();
    let words = ["mkdeb", "demo-v1.2.tar.gz", "--compress", "gzip", "--force"];
    let plain = workshop.dkms(&words);
    let told = [plain.stdout, plain.stderr].concat();
    assert!(plain.status.success() && !told.contains(&0x1b) && !told.contains(&b'\r'));
    // script(1) gives it a terminal.
    let line = format!("{} {}", env!("CARGO_BIN_EXE_dkms"), words.join(" "));
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).current_dir(workshop.path("")).env("TERM", "xterm");
    let output = script.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("unpacking demo-v1.2.tar.gz") && text.contains(DEB), "{text}");
}
