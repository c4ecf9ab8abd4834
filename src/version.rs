//! The order of module and kernel versions that DKMS has always used.

use std::cmp::Ordering;

/// Compares two versions: every run of one or two digits counts as three digits with leading zeros, then the strings
/// compare byte by byte. So `3.5` < `3.5-rc2` < `3.6` < `3.10`. Longer runs stay as they are.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    key(left).cmp(&key(right))
}

/// The string by which [`compare`] orders.
fn key(version: &str) -> Vec<u8> {
    let bytes = version.as_bytes();
    let mut key = Vec::with_capacity(bytes.len() * 2);
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            key.push(bytes[at]);
            at += 1;
            continue;
        }
        key.extend(std::iter::repeat_n(b'0', 3usize.saturating_sub(digits)));
        key.extend_from_slice(&bytes[at..at + digits]);
        at += digits;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_dkms_sorts_them() {
        let sorted = ["0.1", "3.5", "3.5-rc2", "3.6", "3.10", "3.100", "v6.04.00"];
        for pair in sorted.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert_eq!(compare("1.02", "1.2"), Ordering::Equal);
        assert_eq!(compare("1.2000", "1.300"), Ordering::Less, "four digits are compared as text");
    }
}
