//! What is outside, and who is meant for it.

use std::str::FromStr;

use thiserror::Error;

use crate::model::{Object, Objects, Service};
use crate::prefix::{Family, Prefix};
use crate::region::Region;

/// Ranges that nobody outside has, and the words for them. The first are those that one
/// may have at home; what follows cannot send from afar at all (RFC 1918, 6598, 1122,
/// 3927, 1112, 4193, 4291).
const AT_HOME: [&str; 8] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

/// From 224.0.0.0 on there are groups and what is reserved.
const NEVER: [&str; 2] = ["0.0.0.0/8", "224.0.0.0/3"];

/// What is given out of IPv6 (RFC 4291, section 2.4).
const GLOBAL_V6: &str = "2000::/3";

fn prefix(text: &str) -> Prefix {
    text.parse().expect("a constant")
}

/// Prefixes of private ranges.
pub(super) fn private() -> Vec<Prefix> {
    AT_HOME.map(prefix).to_vec()
}

/// Addresses that may be anybody's.
pub(super) fn outside() -> Region {
    let inside = (AT_HOME.iter().chain(&NEVER)).map(|text| prefix(text));
    let v4 = Region::all(Family::V4).minus(&Region::from_prefixes(inside));
    v4.union(&Region::of(prefix(GLOBAL_V6)))
}

/// An annotation or label that marks a Service which is meant for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicMark {
    key: String,
    /// Any but `false` where there is none.
    value: Option<String>,
}

/// Why a text is no [`PublicMark`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected KEY or KEY=VALUE, as in example.com/exposure=internet")]
pub struct PublicMarkError;

impl Default for PublicMark {
    fn default() -> PublicMark {
        PublicMark {
            key: "service.beta.kubernetes.io/public".to_owned(),
            value: None,
        }
    }
}

impl FromStr for PublicMark {
    type Err = PublicMarkError;

    fn from_str(text: &str) -> Result<PublicMark, PublicMarkError> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        if key.trim().is_empty() || key.contains(char::is_whitespace) {
            return Err(PublicMarkError);
        }
        Ok(PublicMark {
            key: key.to_owned(),
            value,
        })
    }
}

impl PublicMark {
    /// Whether an object has it.
    pub fn is_on(&self, object: &Object) -> bool {
        let annotation = (object.annotations.get(&self.key)).map(|it| &it.value);
        let label = object.labels.get(&self.key);
        annotation
            .into_iter()
            .chain(label)
            .any(|value| match &self.value {
                Some(wanted) => value == wanted,
                None => value != "false",
            })
    }
}

/// Whether the Service is marked as meant for everybody.
pub(super) fn is_public(service: &Service, objects: &Objects, marks: &[PublicMark]) -> bool {
    (objects.get("Service", &service.name))
        .is_some_and(|object| marks.iter().any(|mark| mark.is_on(object)))
}
