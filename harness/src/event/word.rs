//! Words of a fixed list: written as text, read back as what they were.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde::{Deserialize, Deserializer};

/// A word of a fixed list, such as the name of a lane or of a reason. (The alias keeps
/// serde from borrowing it out of the text that is read.)
pub(super) type Word = &'static str;

/// Every word that was read; there are few different ones.
static READ: Mutex<BTreeSet<Word>> = Mutex::new(BTreeSet::new());

pub(super) fn word<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
    String::deserialize(from).map(kept)
}

pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Word>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(kept))
}

fn kept(text: String) -> Word {
    let mut read = READ.lock().unwrap_or_else(|broken| broken.into_inner());
    if let Some(word) = read.get(text.as_str()) {
        return word;
    }
    let word: Word = Box::leak(text.into_boxed_str());
    read.insert(word);
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_once() {
        let (one, other) = (kept("once".to_owned()), kept("once".to_owned()));
        assert!(std::ptr::eq(one, other));
        assert_eq!(one, "once");
    }
}
