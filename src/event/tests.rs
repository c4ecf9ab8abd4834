use std::collections::BTreeMap;

use super::*;

/// `NAME=VALUE… WORD…` with lines of standard input after `<`.
pub(super) fn call(text: &str) -> Call {
    let (line, input) = text.split_once(" < ").unwrap_or((text, ""));
    let is_variable = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let variables = line.split(' ').take_while(is_variable).filter_map(|word| word.split_once('='));
    let environment: BTreeMap<_, _> =
        variables.map(|(name, value)| (name.into(), value.replace('+', " ").into())).collect();
    let words: Vec<String> = line.split(' ').skip_while(is_variable).map(|word| word.replace('+', " ")).collect();
    let mut call = Call::new(&words, &environment);
    call.read(input.replace(' ', "\n").as_bytes(), Keep::Telling).expect("lines");
    call
}

fn parsed(text: &str) -> String {
    match parse(&call(text)) {
        Ok(Event::KernelArrived { kernel }) => format!("kernel arrived {kernel}"),
        Ok(Event::KernelLeaves { kernel }) => format!("kernel leaves {kernel}"),
        Ok(Event::ModuleArrived { id, archives: Some(folder), .. }) => {
            format!("module arrived {id}, maybe in {}", folder.display())
        }
        Ok(Event::ModuleArrived { id, .. }) => format!("module arrived {id}"),
        Ok(Event::ModuleLeaves { id, .. }) => format!("module leaves {id}"),
        Ok(Event::ModuleIsReplaced { id, .. }) => format!("module is replaced {id}"),
        Ok(Event::DiskChanged { why }) => format!("disk: {why}"),
        Ok(Event::SourcesMayLeave { folders }) => format!("may leave: {}", Vec::from_iter(folders).join(" ")),
        Ok(Event::SourcesLeaveWithOurs { folders }) => format!("leave: {}", Vec::from_iter(folders).join(" ")),
        Ok(Event::OursLeaves { .. }) => "ours leaves".to_owned(),
        Ok(Event::Start) => "start".to_owned(),
        Ok(Event::Autoinstall { kernel }) => {
            format!("autoinstall {}", kernel.map_or("running".into(), |kernel| kernel.to_string()))
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
        ("kernel postrm 6.1.0-56-amd64", "disk: kernel 6.1.0-56-amd64 has gone"),
        ("DEB_MAINT_PARAMS=purge kernel postrm 6.1 /boot/vmlinuz-6.1", "disk: kernel 6.1 has gone"),
        ("DEB_MAINT_PARAMS=remove+ kernel postrm 6.1 /boot/vmlinuz-6.1", "disk: kernel 6.1 has gone"),
        ("DEB_MAINT_PARAMS=upgrade+6.1.4-1 kernel postrm 6.1 /boot/vmlinuz-6.1", "nothing"),
        ("DEB_MAINT_PARAMS=configure+ kernel postinst 6.1 /boot/vmlinuz-6.1", "kernel arrived 6.1"),
        ("kernel other 6.1.0", "error"),
        ("kernel postinst", "error"),
        ("kernel postinst ../../etc", "error"),
        ("kernel-install add 6.5.0 /efi/entry /lib/modules/6.5.0/vmlinuz", "kernel arrived 6.5.0"),
        ("kernel-install remove 6.5.0 /efi/entry", "kernel leaves 6.5.0"),
        ("kernel-install add 6.5.0 /efi/entry /boot/vmlinuz /boot/initrd.img", "kernel arrived 6.5.0"),
        ("KERNEL_INSTALL_BYPASS=1 kernel-install add 6.5.0 /efi/entry /boot/vmlinuz", "nothing"),
        ("KERNEL_INSTALL_BYPASS=0 kernel-install remove 6.5.0 /efi/entry", "kernel leaves 6.5.0"),
        ("KERNEL_INSTALL_LAYOUT=ostree KERNEL_INSTALL_VERBOSE=1 kernel-install add 6.5.0 x y", "kernel arrived 6.5.0"),
        ("kernel-install inspect", "nothing"),
        ("kernel-install add", "error"),
        ("start", "start"),
        ("autoinstaller start", "autoinstall running"),
        ("autoinstaller start 6.1.0", "autoinstall 6.1.0"),
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
        ("rpm-self preun 0", "ours leaves"),
        ("rpm-self preun 1", "nothing"),
        ("rpm-self preun", "nothing"),
        ("rpm-self post 1", "nothing"),
        ("rpm-self frob", "error"),
        // rpm 4 gives one count, rpm 6 two.
        (
            "rpm-trigger transfiletriggerin 0 < /usr/src /usr/src/blink-1.0 /usr/src/blink-1.0/dkms.conf",
            "disk: packages brought source blink-1.0",
        ),
        (
            "rpm-trigger transfiletriggerin 1 2 < /lib/modules/6.5.0 /lib/modules/6.5.0/vmlinuz /usr/src/kernels/6.5.0/x",
            "disk: packages brought kernel 6.5.0; headers kernels/6.5.0",
        ),
        ("rpm-trigger transfiletriggerin 0 < /usr/src /lib/modules-load.d/x.conf", "nothing"),
        ("rpm-trigger transfiletriggerun 0 < /lib/modules/6.5.0/vmlinuz /usr/src/blink-1.0/dkms.conf", "nothing"),
        ("rpm-trigger transfiletriggerpostun 0", "disk: packages took files away"),
        ("rpm-trigger frob", "error"),
        ("dpkg-self postinst configure ", "disk: dkms itself was installed"),
        ("dpkg-self postinst configure 0.1", "disk: dkms itself was installed"),
        ("dpkg-self postinst triggered /usr/lib/modules+/usr/src", "disk: packages changed /usr/lib/modules /usr/src"),
        ("dpkg-self postinst abort-remove", "disk: dkms itself was installed"),
        ("dpkg-self prerm remove", "ours leaves"),
        ("dpkg-self prerm remove in-favour dkms 3.0", "ours leaves"),
        ("dpkg-self prerm upgrade 0.2", "nothing"),
        ("dpkg-self prerm", "error"),
        ("dpkg-self frob x", "error"),
        (
            "pacman post < usr/src/blink-1.0/dkms.conf usr/lib/modules/6.5.0-arch1-1/modules.order",
            "disk: packages changed source blink-1.0; kernel 6.5.0-arch1-1",
        ),
        (
            "pacman pre < usr/src/blink-1.0/dkms.conf usr/lib/modules/6.5.0-arch1-1/modules.order",
            "may leave: blink-1.0",
        ),
        ("pacman post < usr/lib/dkms/event", "disk: packages changed dkms itself"),
        ("pacman leave < usr/lib/dkms/event usr/src/blink-1.0/dkms.conf", "leave: blink-1.0"),
        ("pacman leave < usr/src/blink-1.0/dkms.conf", "nothing"),
        ("pacman post", "nothing"),
        ("pacman frob < usr/src/blink-1.0/dkms.conf", "error"),
        ("pacman", "error"),
    ] {
        assert_eq!(parsed(line), expected, "{line}");
    }
}
