//! `--kernels`: which of the kernels that repositories offer are meant.

use std::collections::BTreeMap;

use regex::Regex;

use super::offer::Offer;
use crate::ids::near::nearest;
use crate::version;

/// `cloud-amd64`, `6.1.0-*`, `*:2`, `5.14.0-*.el9*:kabi`.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    text: String,
    /// A flavour, a release, or a pattern of releases.
    word: String,
    extent: Extent,
}

/// How many of those that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    All,
    /// So many of each flavour.
    Newest(usize),
    /// The oldest of each flavour and release of Enterprise Linux: what is built for it names the versions of the symbols that it
    /// needs, and serves the later ones that have these.
    Kabi,
}

/// Why a selector means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelectorError {
    #[error("`{0}` says of no kernel which are meant")]
    Empty(String),
    #[error("`{0}` ends with `{1}`, which is neither a number of kernels nor `kabi`")]
    Extent(String, String),
}

impl Selector {
    pub(crate) fn parse(text: &str) -> Result<Self, SelectorError> {
        let (word, extent) = match text.rsplit_once(':') {
            None => (text, Extent::All),
            Some((word, "kabi")) => (word, Extent::Kabi),
            Some((word, number)) => match number.parse() {
                Ok(number) if number > 0 => (word, Extent::Newest(number)),
                _ => return Err(SelectorError::Extent(text.to_owned(), number.to_owned())),
            },
        };
        if word.is_empty() {
            return Err(SelectorError::Empty(text.to_owned()));
        }
        Ok(Self { text: text.to_owned(), word: word.to_owned(), extent })
    }

    /// Those that are meant, oldest first.
    pub(crate) fn choose<'o>(&self, offered: &'o [Offer]) -> Vec<&'o Offer> {
        let mut groups: BTreeMap<(Option<&str>, Option<&str>), Vec<&Offer>> = BTreeMap::new();
        for offer in offered.iter().filter(|offer| self.fits(offer)) {
            let stream = stream(offer.kernel.as_str());
            let group = match self.extent {
                Extent::Kabi if stream.is_none() => continue,
                Extent::Kabi => stream,
                Extent::All | Extent::Newest(_) => None,
            };
            groups.entry((offer.flavour.as_deref(), group)).or_default().push(offer);
        }
        let mut chosen: Vec<&Offer> = groups.into_values().flat_map(|group| self.some_of(group)).collect();
        sort(&mut chosen);
        chosen
    }

    fn some_of<'o>(&self, mut group: Vec<&'o Offer>) -> Vec<&'o Offer> {
        sort(&mut group);
        match self.extent {
            Extent::All => group,
            Extent::Newest(number) => group.split_off(group.len().saturating_sub(number)),
            Extent::Kabi => group.into_iter().take(1).collect(),
        }
    }

    fn fits(&self, offer: &Offer) -> bool {
        let release = offer.kernel.as_str();
        if self.word.contains(['*', '?']) {
            return pattern(&self.word).is_some_and(|pattern| pattern.is_match(release));
        }
        release == self.word || offer.flavour.as_deref() == Some(&self.word)
    }

    /// What to say where none fits.
    pub(crate) fn misses(&self, offered: &[Offer]) -> (String, String) {
        let mut flavours: Vec<&str> = offered.iter().filter_map(|offer| offer.flavour.as_deref()).collect();
        flavours.sort_unstable();
        flavours.dedup();
        let text = match (self.extent, offered.iter().any(|offer| self.fits(offer))) {
            (Extent::Kabi, true) => {
                format!("`{}` means kernels of Enterprise Linux, and none of these is one", self.text)
            }
            _ => format!("no kernel is what `{}` means", self.text),
        };
        let releases: Vec<&str> = offered.iter().map(|offer| offer.kernel.as_str()).collect();
        let near = nearest(&self.word, &[&flavours[..], &releases].concat());
        let near = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        let hint = match (flavours.as_slice(), releases.as_slice()) {
            ([], []) => {
                "the repositories offer no kernel headers; for those of this machine, `apt-get update` asks anew"
                    .to_owned()
            }
            ([], releases) => format!("{near}there are {}", releases.join(", ")),
            (flavours, releases) => {
                format!("{near}there are {} kernels, of the flavours {}", releases.len(), flavours.join(", "))
            }
        };
        (text, hint)
    }
}

fn sort(offers: &mut [&Offer]) {
    offers.sort_by(|one, other| version::compare(one.kernel.as_str(), other.kernel.as_str()));
}

fn pattern(word: &str) -> Option<Regex> {
    let text = regex::escape(word).replace(r"\*", ".*").replace(r"\?", ".");
    Regex::new(&format!("^{text}$")).ok()
}

/// `el9` of `5.14.0-503.11.1.el9_5.x86_64`.
fn stream(kernel: &str) -> Option<&str> {
    kernel
        .split('.')
        .find(|part| part.starts_with("el"))
        .map(|part| part.split_once('_').map_or(part, |(major, _)| major))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::matrix::offer::tests::offer;

    #[test]
    fn flavours_releases_patterns_and_numbers_of_the_newest_are_understood() {
        let debian = [
            "6.1.0-9-amd64",
            "6.1.0-47-cloud-amd64",
            "6.1.0-50-amd64",
            "6.1.0-50-cloud-amd64",
            "6.12.107+deb12-amd64",
            "6.12.107+deb12-cloud-amd64",
        ];
        let enterprise = [
            "5.14.0-503.11.1.el9_5.x86_64",
            "5.14.0-427.13.1.el9_4.x86_64",
            "5.14.0-427.13.1.el9_4.x86_64+rt",
            "4.18.0-553.el8_10.x86_64",
        ];
        let cases: &[(&[&str], &str, &[&str])] = &[
            (&debian, "cloud-amd64", &["6.1.0-47-cloud-amd64", "6.1.0-50-cloud-amd64", "6.12.107+deb12-cloud-amd64"]),
            (&debian, "6.1.0-50-amd64", &["6.1.0-50-amd64"]),
            (&debian, "amd64:2", &["6.1.0-50-amd64", "6.12.107+deb12-amd64"]),
            (&debian, "6.1.0-*:1", &["6.1.0-50-amd64", "6.1.0-50-cloud-amd64"]),
            (&debian, "6.1.0-?-*", &["6.1.0-9-amd64"]),
            (&debian, "6.1.0-.*", &[]),
            (&debian, "rt-amd64", &[]),
            (&debian, "*:kabi", &[]),
            (
                &enterprise,
                "*:kabi",
                &["4.18.0-553.el8_10.x86_64", "5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.13.1.el9_4.x86_64+rt"],
            ),
            (&enterprise, "rt", &["5.14.0-427.13.1.el9_4.x86_64+rt"]),
        ];
        for (kernels, text, expected) in cases {
            let offered: Vec<Offer> = kernels.iter().map(|kernel| offer(kernel)).collect();
            let selector = Selector::parse(text).unwrap();
            let chosen: Vec<&str> = selector.choose(&offered).iter().map(|offer| offer.kernel.as_str()).collect();
            assert_eq!(chosen, *expected, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_refused_and_what_fits_nothing_names_what_there_is() {
        for text in ["", ":2", "amd64:", "amd64:0", "amd64:newest", "*:-1"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
        let offered = [offer("6.1.0-50-amd64"), offer("6.1.0-50-cloud-amd64")];
        let miss = |text: &str| Selector::parse(text).unwrap().misses(&offered);
        let (_, hint) = miss("clod-amd64");
        assert_eq!(hint, "did you mean cloud-amd64? there are 2 kernels, of the flavours amd64, cloud-amd64");
        assert!(miss("*:kabi").0.contains("Enterprise"), "{:?}", miss("*:kabi"));
    }
}
