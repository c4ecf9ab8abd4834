//! Yes and no, as settings say them.

pub(super) fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "1" | "on" => Some(true),
        "" | "n" | "no" | "false" | "0" | "off" => Some(false),
        _ => None,
    }
}
