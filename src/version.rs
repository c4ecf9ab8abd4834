//! The order of module and kernel versions that DKMS has always used.

use std::cmp::Ordering;

/// Compares two versions: every run of one or two digits counts as three digits with leading zeros, then the strings
/// compare byte by byte. So `3.5` < `3.5-rc2` < `3.6` < `3.10`. Longer runs stay as they are.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    padded(left).cmp(&padded(right))
}

/// The string by which [`compare`] orders; what the function `VER` gives, which the original offers to a dkms.conf.
pub(crate) fn padded(version: &str) -> String {
    let mut key = String::with_capacity(version.len() * 2);
    let mut rest = version;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        if !digits.is_empty() {
            key.extend(std::iter::repeat_n('0', 3usize.saturating_sub(digits.len())));
            key.push_str(digits);
        }
        let (between, next) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        key.push_str(between);
        rest = next;
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
