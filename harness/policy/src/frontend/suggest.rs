//! What the author may have meant.

/// A help line for a name that is not known.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = closest(name, known.clone()) {
        return format!("did you mean '{near}'?");
    }
    let mut names: Vec<&str> = known.into_iter().collect();
    let total = names.len();
    names.truncate(20);
    match (names.is_empty(), total - names.len()) {
        (true, _) => "there is none to choose from".to_owned(),
        (false, 0) => format!("known are: {}", names.join(", ")),
        (false, more) => format!("known are: {} and {more} more", names.join(", ")),
    }
}

/// The known name that is nearest to `name`, if one is near at all.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_listed() {
        let known = ["monitoring", "scanner", "office"];
        for (name, expected) in [
            ("monitorin", "did you mean 'monitoring'?"),
            ("Scanner", "did you mean 'scanner'?"),
            ("offcie", "did you mean 'office'?"),
            ("internet", "known are: monitoring, scanner, office"),
        ] {
            assert_eq!(did_you_mean(name, known), expected, "{name}");
        }
        assert_eq!(did_you_mean("x", []), "there is none to choose from");
    }
}
