//! Recipes of tools that build modules without a DKMS, as far as shells and rpm read them.

use super::{Workshop, needs};

const CONF: &str = "PACKAGE_NAME=demo\nPACKAGE_VERSION=1.2-rc1\nBUILT_MODULE_NAME=demo\nBUILT_MODULE_LOCATION=src\n\
                    DEST_MODULE_NAME=it-is-demo\nDEST_MODULE_LOCATION=/extra\nAUTOINSTALL=yes\nBUILD_EXCLUSIVE_KERNEL_MIN=5.1\n\
                    MAKE=\"make KVER=$kernelver KDIR='$kernel_source_dir' %x\"\n";

fn workshop() -> Workshop {
    let workshop = Workshop::new();
    std::fs::write(workshop.path("demo-v1.2/dkms.conf"), CONF).unwrap();
    workshop
}

fn text(workshop: &Workshop, name: &str) -> String {
    std::fs::read_to_string(workshop.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn each_recipe_lies_in_its_folder_with_its_sources_and_says_what_it_leaves_out() {
    let workshop = workshop();
    let output = workshop.dkms(&["mkpkg", "demo-v1.2", "--for", "alpine,akmod,kmp,nix", "--output", "out", "--json"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("BUILD_EXCLUSIVE_KERNEL_MIN, which is for DKMS alone"), "{told}");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let formats: Vec<&str> =
        document["packages"].as_array().unwrap().iter().filter_map(|package| package["format"].as_str()).collect();
    assert_eq!(formats, ["apk", "rpm", "rpm", "nix"]);
    for file in ["alpine/APKBUILD", "akmod/demo-kmod.spec", "kmp/demo.spec", "nix/default.nix"] {
        let folder = file.split('/').next().unwrap();
        assert!(workshop.path(&format!("out/{folder}/demo-1.2-rc1.tar.gz")).is_file(), "{folder}");
        let is_mark = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase());
        assert!(!text(&workshop, &format!("out/{file}")).split('@').any(is_mark), "{file}: a mark is left");
    }
    let apkbuild = text(&workshop, "out/alpine/APKBUILD");
    assert!(apkbuild.contains("pkgname='demo-src'\npkgver='1.2_rc1'\n"), "{apkbuild}");
    let akmbuild = text(&workshop, "out/alpine/AKMBUILD");
    assert!(akmbuild.contains("built_modules='src/it-is-demo.ko'\n"), "{akmbuild}");
    assert!(akmbuild.contains("\tmake KVER=\"$kernelver\" KDIR=''\"$kernel_source_dir\"'' %x\n"), "{akmbuild}");
    assert!(
        text(&workshop, "out/akmod/demo-kmod.spec")
            .contains("    make KVER=\"$kernelver\" KDIR=''\"$kernel_source_dir\"'' %%x\n")
    );
    assert!(text(&workshop, "out/nix/default.nix").contains("KDIR='''\"$kernel_source_dir\"''' %x\n"));
    for file in ["APKBUILD", "AKMBUILD"] {
        let status =
            std::process::Command::new("sh").arg("-n").arg(workshop.path(&format!("out/alpine/{file}"))).status();
        assert!(status.unwrap().success(), "{file}");
    }
}

#[test]
fn rpm_reads_the_specs() {
    needs!("rpmspec");
    let workshop = workshop();
    let output = workshop.dkms(&["mkpkg", "demo-v1.2", "--for", "akmod,kmp", "--output", "out"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (spec, name) in [("akmod/demo-kmod.spec", "demo-kmod-common"), ("kmp/demo.spec", "demo-KMP")] {
        let macros = [
            "kernel_module_package %{nil}",
            "kernel_module_package_buildreqs make",
            "flavors_to_build default",
            "kernel_source() /k",
        ];
        let mut command = std::process::Command::new("rpmspec");
        command.args(["-q", "--qf", "%{NAME} %{VERSION}\n"]);
        for text in macros {
            command.args(["--define", text]);
        }
        let output = command.arg(workshop.path(&format!("out/{spec}"))).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains(name), "{spec}: {said}");
    }
}

#[test]
fn a_recipe_that_cannot_say_what_the_dkms_conf_does_is_refused() {
    let workshop = workshop();
    std::fs::write(
        workshop.path("demo-v1.2/dkms.conf"),
        format!("{CONF}case $kernelver in 5*) MAKE='make new' ;; esac\n"),
    )
    .unwrap();
    let output = workshop.dkms(&["mkpkg", "demo-v1.2", "--for", "alpine", "--output", "out"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("of dkms.conf decides by the kernel"), "{told}");
    assert!(!workshop.path("out").exists(), "nothing is left");
    let wrong = workshop.dkms(&["mkrpm", "demo-v1.2", "--for", "akmod"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
}
