use super::*;
use crate::package::words::names;

fn of(text: &str) -> Result<Template, String> {
    parse(Path::new("x.spec"), text, &names::check("foo", "v1.0").unwrap(), 0).map_err(|error| error.to_string())
}

#[test]
fn a_template_of_dkms_2_says_what_the_package_is() {
    let template = of("%{?!module_name: %{error: no name}}\n%{?!packager: %define packager A <a@b.org>}\n\
         # %{comment with nonsense %(id)\nSummary: %{module_name} %{version} dkms package\nName: %{module_name}\n\
         Version: %{version}\nRelease: 1dkms\nLicense: GPL\nBuildArch: noarch\nPackager: %packager\n\
         Requires: dkms >= 1.95 bash\nRequires(post,preun): dkms\nProvides: %{module_name}-driver = 2\n\
         %if \"%{kernel_versions}\" == \"\"\nSuggests: tool\n%else\nSuggests: no\n%endif\n\
         %description\nKernel modules for %{module_name}.\n\nMore.\n%prep\n%(rm -rf /)\n%setup\n%install\nexit 1\n\
         %post\ndkms add -m %{module_name} -v %{version}\necho ${x%%%%y}\n%preun\ntrue\n%files\n/usr/src\n\
         %changelog\n* Tue Nov 14 2023 A <a@b.org> - 1\n- x\n")
    .unwrap();
    assert_eq!(template.said.summary.as_deref(), Some("foo v1.0 dkms package"));
    assert_eq!((template.said.package_name.as_deref(), template.said.release.as_deref()), (Some("foo"), Some("1dkms")));
    assert_eq!(template.said.maintainer.as_deref(), Some("A <a@b.org>"));
    let relations: Vec<String> =
        template.relations.iter().map(|it| format!("{:?} {} {:?}", it.kind, it.name, it.phase)).collect();
    let expected = [
        "Requires dkms None",
        "Requires bash None",
        "Requires dkms Some(AfterInstall)",
        "Requires dkms Some(BeforeRemoval)",
        "Provides foo-driver None",
        "Suggests tool None",
    ];
    assert_eq!(relations, expected);
    assert_eq!(template.said.description.as_deref(), Some("Kernel modules for foo.\n\nMore.\n"));
    let scripts: Vec<(Phase, &str)> = template.scripts.iter().map(|it| (it.phase, it.text.as_str())).collect();
    let post = "dkms add -m foo -v v1.0\necho ${x%%y}\n";
    assert_eq!(scripts, [(Phase::AfterInstall, post), (Phase::BeforeRemoval, "true\n")]);
    assert!(template.said.changelog[0].changes == ["x"] && template.unused.is_empty());
}

#[test]
fn what_only_rpmbuild_can_do_is_named_with_its_line() {
    for (text, said) in [
        ("Name: x\nVersion: %(cat version)\n", "line 2 of x.spec: `%(cat version)` runs a command"),
        ("%ifarch x86_64\n%endif\n", "line 1"),
        ("%if foo\n%endif\n", "not a condition"),
        ("%if 1\n", "no %endif"),
        ("%endif\n", "without %if"),
        ("%post -p <lua>\nx\n", "/bin/sh"),
        ("Epoch: x\n", "not a number"),
        ("Requires: a b |\n", "|"),
        ("%files\n%config(noreplace) /etc/modprobe.d/x.conf\n", "`%config(noreplace) /etc/modprobe.d/x.conf`"),
        ("%files\n/usr/src\n%{_sysconfdir}/x\n", "`/etc/x`"),
        ("%files devel\n/usr/include\n", "`%files devel`"),
        ("%package devel\nSummary: y\n", "`%package devel`"),
        ("%triggerin -- dkms\nx\n", "`%triggerin"),
    ] {
        let error = of(text).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    let kept = "%files\n%defattr(-,root,root)\n\n# x\n%doc README\n%dir %{_usrsrc}/%{module_name}-%{version}\n%attr(0644,root,root) /usr/src/*\n";
    assert!(of(kept).is_ok(), "{:?}", of(kept));
    let dated = of("Name: x\n%changelog\n* %(date \"+%a %b %d %Y\") A <a@b.org> 1\n- made\n").unwrap();
    assert_eq!((dated.said.changelog[0].date, dated.said.changelog[0].changes.len()), (Some(43_200), 1));
}

#[test]
fn branches_that_do_not_hold_are_not_looked_at() {
    let text = "%if 0\nName: %(a)\n%if x\n%endif\n%elif 1\nName: b\n%else\nName: c\n%endif\n";
    assert_eq!(of(text).unwrap().said.package_name.as_deref(), Some("b"));
}
