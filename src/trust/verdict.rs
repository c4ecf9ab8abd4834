//! Would this kernel load this module? Pure: what the kernel asks for, and what is known of the signature.
//! (kernel/module/signing.c: a signature of a known key that does not fit is refused always; none, or one of an unknown key,
//! where signatures are enforced.)

use super::firmware::{Ban, Enrolment, Place};
use super::signed::Intact;

/// What a kernel does about signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asks {
    pub(crate) manner: Manner,
    /// Whether it takes keys of the firmware's own database for modules: a patch that some distributions have.
    pub(crate) takes_database: bool,
    /// Whether it takes machine owner keys for modules.
    pub(crate) takes_mok: bool,
    /// Whether it refuses what is signed by a certificate in a list of what is forbidden.
    pub(crate) heeds_forbidden_certificates: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Built without CONFIG_MODULE_SIG.
    Never,
    /// Loads all, and notes what it does not trust.
    Notes,
    /// Loads what is signed by a key that it knows; why.
    Enforces(&'static str),
}

/// What is known of a module's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signature {
    None,
    /// What is wrong with it.
    Unreadable(String),
    /// Of a certificate at hand.
    Ours {
        subject: String,
        intact: Intact,
        enrolment: Enrolment,
    },
    /// Of somebody else. `known`: whether the running kernel has that key, where it could be asked.
    Foreign {
        signer: String,
        known: Option<bool>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Loads,
    /// Loads, and the kernel counts as tainted; why.
    Taints(String),
    Refused(String),
    CannotTell(String),
}

impl Answer {
    /// As documents name it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Answer::Loads => "loads",
            Answer::Taints(_) => "loads-and-taints",
            Answer::Refused(_) => "refused",
            Answer::CannotTell(_) => "unknown",
        }
    }

    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Answer::Loads => None,
            Answer::Taints(why) | Answer::Refused(why) | Answer::CannotTell(why) => Some(why),
        }
    }
}

/// The answer to a module with these signatures: one of a known key is enough, where none is of those that are refused always.
/// (crypto/asymmetric_keys/pkcs7_trust.c; the list of what is revoked is asked in the same way.)
pub(crate) fn answer(asks: Asks, signatures: &[Signature]) -> Answer {
    let notes = Asks { manner: Manner::Notes, ..asks };
    let is_refused_always = |signature: &&Signature| matches!(to_one(notes, signature), Answer::Refused(_));
    if let Some(refused) = signatures.iter().find(is_refused_always) {
        return to_one(asks, refused);
    }
    let answers = signatures.iter().map(|signature| to_one(asks, signature));
    let best = answers.min_by_key(|answer| match answer {
        Answer::Loads => 0,
        Answer::CannotTell(_) => 1,
        Answer::Taints(_) | Answer::Refused(_) => 2,
    });
    best.unwrap_or_else(|| to_one(asks, &Signature::None))
}

fn to_one(asks: Asks, signature: &Signature) -> Answer {
    if asks.manner == Manner::Never {
        return Answer::Loads;
    }
    let untrusted = |why: String| match asks.manner {
        Manner::Enforces(reason) => {
            Answer::Refused(format!("{why}, and this kernel takes trusted modules only: {reason}"))
        }
        _ => Answer::Taints(why),
    };
    match signature {
        Signature::None => untrusted("it is not signed".to_owned()),
        Signature::Unreadable(what) => Answer::Refused(what.clone()),
        // Without the key nothing is compared, and it counts as any other of an unknown key.
        Signature::Ours { intact: Intact::No, enrolment: Enrolment::At(_), .. } => {
            Answer::Refused("its signature does not fit: the file was changed after it was signed".to_owned())
        }
        Signature::Ours { intact: Intact::No, enrolment: Enrolment::Revoked(Ban::Certificate), .. }
            if !matches!(asks.manner, Manner::Enforces(_)) =>
        {
            Answer::CannotTell("its signature does not fit, and its key was revoked".to_owned())
        }
        Signature::Ours { intact: Intact::No, .. } => {
            untrusted("its signature does not fit, and this machine does not know its key".to_owned())
        }
        Signature::Ours { intact: Intact::Unknown(why), .. } => {
            Answer::CannotTell(format!("its signature was not checked: {why}"))
        }
        Signature::Ours { subject, intact: Intact::Yes, enrolment } => match enrolment {
            Enrolment::At(Place::Kernel) => Answer::Loads,
            Enrolment::At(Place::Mok) if asks.takes_mok => Answer::Loads,
            Enrolment::At(Place::Database) if asks.takes_database => Answer::Loads,
            Enrolment::At(place) => {
                Answer::CannotTell(format!("its key is {}, which not every kernel takes for modules", place.text()))
            }
            Enrolment::Revoked(Ban::Certificate) => Answer::Refused(format!("its key was revoked ({subject})")),
            Enrolment::Revoked(Ban::Digest) => untrusted(format!("its key was revoked ({subject})")),
            Enrolment::Pending => untrusted(format!("its key waits to be confirmed at the next start ({subject})")),
            Enrolment::LeftOut => {
                untrusted(format!("its key is in shim's list, which kernels read only with Secure Boot ({subject})"))
            }
            Enrolment::Not => untrusted(format!("this machine does not know its key ({subject})")),
        },
        Signature::Foreign { known: Some(true), .. } => Answer::Loads,
        Signature::Foreign { signer, known: Some(false) } => {
            untrusted(format!("this kernel does not know its key ({signer})"))
        }
        Signature::Foreign { signer, known: None } => {
            Answer::CannotTell(format!("it is signed by {signer}, whom this kernel may know or not"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_loads_if_its_signature_fits_and_its_key_is_known_or_nobody_asks() {
        let ours =
            |intact: Intact, enrolment: Enrolment| Signature::Ours { subject: "CN=a".to_owned(), intact, enrolment };
        let whole = |enrolment: Enrolment| ours(Intact::Yes, enrolment);
        let foreign = |known: Option<bool>| Signature::Foreign { signer: "CN=b".to_owned(), known };
        let enforces = Manner::Enforces("Secure Boot is on");
        // Of a kernel that checks nothing, one that notes, one that enforces.
        for (signature, never, notes, enforced) in [
            (Signature::None, "loads", "loads-and-taints", "refused"),
            (Signature::Unreadable("cut".to_owned()), "loads", "refused", "refused"),
            (ours(Intact::No, Enrolment::At(Place::Mok)), "loads", "refused", "refused"),
            (ours(Intact::No, Enrolment::Not), "loads", "loads-and-taints", "refused"),
            (ours(Intact::Unknown("EC".to_owned()), Enrolment::At(Place::Mok)), "loads", "unknown", "unknown"),
            (whole(Enrolment::At(Place::Mok)), "loads", "loads", "loads"),
            (whole(Enrolment::At(Place::Kernel)), "loads", "loads", "loads"),
            (whole(Enrolment::At(Place::Database)), "loads", "unknown", "unknown"),
            (whole(Enrolment::Pending), "loads", "loads-and-taints", "refused"),
            (whole(Enrolment::Revoked(Ban::Digest)), "loads", "loads-and-taints", "refused"),
            (whole(Enrolment::Revoked(Ban::Certificate)), "loads", "refused", "refused"),
            (ours(Intact::No, Enrolment::Revoked(Ban::Certificate)), "loads", "unknown", "refused"),
            (whole(Enrolment::LeftOut), "loads", "loads-and-taints", "refused"),
            (ours(Intact::No, Enrolment::LeftOut), "loads", "loads-and-taints", "refused"),
            (whole(Enrolment::Not), "loads", "loads-and-taints", "refused"),
            (foreign(Some(true)), "loads", "loads", "loads"),
            (foreign(Some(false)), "loads", "loads-and-taints", "refused"),
            (foreign(None), "loads", "unknown", "unknown"),
        ] {
            for (manner, expected) in [(Manner::Never, never), (Manner::Notes, notes), (enforces, enforced)] {
                let asks = Asks { manner, takes_database: false, takes_mok: true, heeds_forbidden_certificates: true };
                assert_eq!(to_one(asks, &signature).word(), expected, "{signature:?} under {manner:?}");
            }
        }
        let asks =
            Asks { manner: enforces, takes_database: true, takes_mok: false, heeds_forbidden_certificates: false };
        assert_eq!(to_one(asks, &whole(Enrolment::At(Place::Database))), Answer::Loads);
        assert_eq!(to_one(asks, &whole(Enrolment::At(Place::Mok))).word(), "unknown");
    }

    #[test]
    fn of_several_signatures_one_of_a_known_key_is_enough_unless_another_is_refused_always() {
        let ours = |intact: Intact, enrolment| Signature::Ours { subject: "CN=a".to_owned(), intact, enrolment };
        let known = || ours(Intact::Yes, Enrolment::At(Place::Mok));
        let unknown = || ours(Intact::Yes, Enrolment::Not);
        let changed = || ours(Intact::No, Enrolment::At(Place::Mok));
        let revoked = || ours(Intact::Yes, Enrolment::Revoked(Ban::Certificate));
        let untold = || Signature::Foreign { signer: "CN=b".to_owned(), known: None };
        for (signatures, notes, enforced) in [
            (vec![known(), unknown()], "loads", "loads"),
            (vec![unknown(), known()], "loads", "loads"),
            (vec![unknown(), unknown()], "loads-and-taints", "refused"),
            (vec![unknown(), untold()], "unknown", "unknown"),
            (vec![known(), untold()], "loads", "loads"),
            (vec![known(), changed()], "refused", "refused"),
            (vec![known(), revoked()], "refused", "refused"),
            (vec![], "loads-and-taints", "refused"),
        ] {
            for (manner, expected) in [(Manner::Notes, notes), (Manner::Enforces("Secure Boot is on"), enforced)] {
                let asks = Asks { manner, takes_database: false, takes_mok: true, heeds_forbidden_certificates: true };
                assert_eq!(answer(asks, &signatures).word(), expected, "{signatures:?} under {manner:?}");
            }
        }
    }
}
