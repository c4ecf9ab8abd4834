//! Before kernels leave: is one of them the last that has every essential module?

use crate::event::planned;
use crate::ids::{KernelRelease, Target};
use crate::sys::journal::{self, Gravity};

use super::app::App;
use super::essential::{self, Essentials};

/// Warns when packages with these names are the last such kernels.
pub(crate) fn before(app: &App, leaving: &[String]) {
    let leaves = |target: &Target| leaving.iter().any(|name| planned::is_image_of(name, target.kernel.as_str()));
    if !leaving.is_empty() {
        warn(app, &leaves);
    }
}

/// The same of one kernel.
pub(crate) fn before_kernel(app: &App, kernel: &KernelRelease) {
    warn(app, &|target| target.kernel == *kernel);
}

fn warn(app: &App, leaves: &dyn Fn(&Target) -> bool) {
    let essentials = Essentials::now(app).unwrap_or_default();
    let Some(text) = last(&essentials, leaves) else { return };
    let names = essential::names(&app.framework.policies.essential_modules);
    let text = format!("{text} with the essential {names}: no other kernel has it; keep it until another one does");
    journal::tell(&app.system, &app.reporter, Gravity::Critical, &text, &[]);
}

fn last(essentials: &Essentials, leaves: &dyn Fn(&Target) -> bool) -> Option<String> {
    let (going, staying): (Vec<&Target>, Vec<&Target>) = essentials.sound.iter().partition(|target| leaves(target));
    let kernel = going.last().filter(|_| staying.is_empty())?;
    Some(format!("kernel {} is about to be removed, the last one", kernel.kernel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Arch;

    #[test]
    fn only_the_last_sound_kernel_is_worth_a_word() {
        let target = |kernel: &str| Target::new(KernelRelease::new(kernel).unwrap(), Arch::new("x86_64").unwrap());
        let essentials = Essentials { sound: vec![target("6.1"), target("6.2")], lacks: Vec::new() };
        let told = |going: &[&str]| last(&essentials, &|target| going.contains(&target.kernel.as_str()));
        assert_eq!(told(&["6.1"]), None);
        assert_eq!(told(&["6.3"]), None);
        assert!(told(&["6.1", "6.2"]).unwrap().contains("kernel 6.2"));
        assert_eq!(last(&Essentials::default(), &|_| true), None, "where nothing is essential, nothing is said");
    }
}
