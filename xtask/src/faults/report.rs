//! What a run of the scenarios came to, by its JUnit report.

/// A scenario in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suite {
    /// The scenario, and the lane in brackets.
    pub(super) name: String,
    /// Probes.
    pub(super) failures: u64,
    /// Probes that came to nothing.
    pub(super) errors: u64,
}

impl Suite {
    /// Without a failing probe, and without one that came to nothing.
    pub(super) fn is_green(&self) -> bool {
        self.failures == 0 && self.errors == 0
    }

    /// Whether it was judged in the lane.
    pub(super) fn is_in(&self, lane: &str) -> bool {
        let (_, lane_and_mode) = self.name.rsplit_once(" [").unwrap_or_default();
        let lane_and_mode = lane_and_mode.trim_end_matches(']');
        lane_and_mode.split('/').next() == Some(lane)
    }
}

/// The suites of a report; none if it is no whole report.
pub(super) fn suites(report: &str) -> Vec<Suite> {
    let suites = report.split("<testsuite ").skip(1);
    suites
        .filter_map(|suite| {
            let head = suite.split_once('>')?.0;
            let value = |name: &str| {
                let start = format!("{name}=\"");
                Some(head.split_once(start.as_str())?.1.split_once('"')?.0)
            };
            Some(Suite {
                name: value("name")?.to_owned(),
                failures: value(" failures")?.parse().ok()?,
                errors: value(" errors")?.parse().ok()?,
            })
        })
        .collect()
}

/// How many probes failed, in a lane or in all.
pub(super) fn red(suites: &[Suite], lane: Option<&str>) -> u64 {
    let in_lane = (suites.iter()).filter(|suite| lane.is_none_or(|lane| suite.is_in(lane)));
    in_lane.map(|suite| suite.failures).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "<testsuites name=\"n\" failures=\"5\">\n\
        <testsuite name=\"a [testrun]\" tests=\"1\" errors=\"0\" failures=\"1\">\n\
        </testsuite>\n\
        <testsuite name=\"b [wire/native]\" tests=\"1\" errors=\"0\" failures=\"0\">\n\
        <testsuite name=\"c [wire/generic]\" tests=\"1\" errors=\"2\" failures=\"4\"/>";

    #[test]
    fn a_suite_without_failures_and_errors_is_green() {
        let suites = suites(REPORT);
        let green: Vec<&str> = (suites.iter())
            .filter(|suite| suite.is_green())
            .map(|suite| suite.name.as_str())
            .collect();
        assert_eq!(green, ["b [wire/native]"]);
    }

    #[test]
    fn failures_are_counted_by_lane() {
        let suites = suites(REPORT);
        for (lane, expected) in [
            (Some("testrun"), 1),
            (Some("wire"), 4),
            (Some("model"), 0),
            (None, 5),
        ] {
            assert_eq!(red(&suites, lane), expected, "{lane:?}");
        }
        assert!(super::suites("").is_empty());
    }
}
