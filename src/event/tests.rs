use super::*;

fn parsed(line: &str) -> String {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    match parse(&words) {
        Ok(Event::KernelArrived { kernel }) => format!("kernel arrived {kernel}"),
        Ok(Event::KernelLeaves { kernel }) => format!("kernel leaves {kernel}"),
        Ok(Event::ModuleArrived { id, archives: Some(folder), .. }) => {
            format!("module arrived {id}, maybe in {}", folder.display())
        }
        Ok(Event::ModuleArrived { id, .. }) => format!("module arrived {id}"),
        Ok(Event::ModuleLeaves { id, .. }) => format!("module leaves {id}"),
        Ok(Event::ModuleIsReplaced { id, .. }) => format!("module is replaced {id}"),
        Ok(Event::Start { kernel }) => {
            format!("start {}", kernel.map_or("running".into(), |kernel| kernel.to_string()))
        }
        Ok(Event::Nothing { .. }) => "nothing".to_owned(),
        Err(_) => "error".to_owned(),
    }
}

#[test]
fn each_form_in_which_a_manager_calls_its_scripts_is_understood() {
    for (line, expected) in [
        ("kernel postinst 6.1.0-56-amd64 /boot/vmlinuz-6.1.0-56-amd64", "kernel arrived 6.1.0-56-amd64"),
        ("kernel header_postinst 6.1.0-56-amd64", "kernel arrived 6.1.0-56-amd64"),
        ("kernel preinst 6.1.0-56-amd64 /boot/vmlinuz-6.1.0-56-amd64", "nothing"),
        ("kernel prerm 6.1.0-56-amd64 /boot/vmlinuz-6.1.0-56-amd64", "kernel leaves 6.1.0-56-amd64"),
        ("kernel postrm 6.1.0-56-amd64", "nothing"),
        ("kernel other 6.1.0", "error"),
        ("kernel postinst", "error"),
        ("kernel postinst ../../etc", "error"),
        ("kernel-install add 6.5.0 /efi/entry /lib/modules/6.5.0/vmlinuz", "kernel arrived 6.5.0"),
        ("kernel-install remove 6.5.0 /efi/entry", "kernel leaves 6.5.0"),
        ("kernel-install inspect", "nothing"),
        ("autoinstaller start", "start running"),
        ("autoinstaller start 6.1.0", "start 6.1.0"),
        ("autoinstaller stop", "nothing"),
        ("autoinstaller frob", "error"),
        ("dpkg postinst foo 1.0 configure", "module arrived foo/1.0"),
        ("dpkg postinst foo 1.0 configure 0.9-1", "module arrived foo/1.0"),
        ("dpkg postinst foo 1.0 abort-upgrade 1.1-1", "module arrived foo/1.0"),
        ("dpkg postinst foo 1.0 abort-remove", "module arrived foo/1.0"),
        ("dpkg postinst foo 1.0 triggered /usr/src", "nothing"),
        ("dpkg prerm foo 1.0 upgrade 1.1-1", "module is replaced foo/1.0"),
        ("dpkg prerm foo 1.0 failed-upgrade 1.1-1", "module is replaced foo/1.0"),
        ("dpkg prerm foo 1.0 remove", "module leaves foo/1.0"),
        ("dpkg prerm foo 1.0 deconfigure in-favour bar 2.0", "module leaves foo/1.0"),
        ("dpkg postrm foo 1.0 purge", "nothing"),
        ("dpkg postinst foo", "error"),
        ("common-postinst foo 1.0 /usr/share/foo-dkms  0.9", "module arrived foo/1.0, maybe in /usr/share/foo-dkms"),
        ("common-postinst foo", "error"),
        ("rpm post foo 1.0 1", "nothing"),
        ("rpm post foo 1.0 2", "nothing"),
        ("rpm preun foo 1.0 0", "module leaves foo/1.0"),
        ("rpm preun foo 1.0 1", "module is replaced foo/1.0"),
        ("rpm posttrans foo 1.0 1", "module arrived foo/1.0"),
        ("rpm posttrans foo 1.0 0", "module arrived foo/1.0"),
        ("rpm posttrans foo 1.0", "module arrived foo/1.0"),
        ("rpm frob foo 1.0", "error"),
        ("pacman", "error"),
    ] {
        assert_eq!(parsed(line), expected, "{line}");
    }
}
