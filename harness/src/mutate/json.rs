//! Scores as one JSON object.

use netverdict_policy::mutate::Mutation;
use serde::Serialize;

use super::score::{Judged, Outcome, Score, Scored};
use super::total::{Counts, Total};

#[derive(Serialize)]
struct Document<'a> {
    /// Never: by the model alone.
    kernel_asked: bool,
    interrupted: bool,
    scenarios: Vec<Scenario<'a>>,
    total: Sum,
}

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
enum Scenario<'a> {
    Xfail {
        path: &'a str,
        reason: &'a str,
    },
    NotGreen {
        path: &'a str,
        probe: &'a str,
    },
    Scored {
        path: &'a str,
        possible: usize,
        tried: usize,
        interrupted: bool,
        sum: Sum,
        mutants: Vec<Mutant<'a>>,
    },
}

#[derive(Serialize)]
struct Sum {
    /// Percent; null where there is nothing to notice.
    score: Option<f64>,
    killed: usize,
    survived: usize,
    masked: usize,
    equivalent: usize,
    out_of_reach: usize,
}

#[derive(Serialize)]
struct Mutant<'a> {
    operator: &'static str,
    location: String,
    words: &'a str,
    outcome: &'static str,
    /// The probe that noticed.
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<&'a str>,
    /// The bypass that hides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bypass: Option<String>,
    /// The probe that would notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'a str>,
    /// The step to whose probes that one belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a str>,
}

/// What became of every mutant.
pub fn render(scored: &[Scored<'_>], total: &Total) -> String {
    let document = Document {
        kernel_asked: false,
        interrupted: total.interrupted,
        scenarios: scored.iter().map(scenario).collect(),
        total: sum(&total.all),
    };
    serde_json::to_string_pretty(&document).expect("scores are plain data")
}

fn scenario<'a>(scored: &'a Scored<'_>) -> Scenario<'a> {
    match scored {
        Scored::Xfail(scenario) => Scenario::Xfail {
            path: &scenario.file.path,
            reason: (scenario.xfail.as_ref()).map_or("", |xfail| xfail.reason.as_str()),
        },
        Scored::NotGreen(scenario, probe) => Scenario::NotGreen {
            path: &scenario.file.path,
            probe,
        },
        Scored::Score(score) => Scenario::Scored {
            path: &score.scenario.file.path,
            possible: score.possible,
            tried: score.chosen,
            interrupted: score.interrupted,
            sum: sum(&Counts::of(score)),
            mutants: score.mutants.iter().map(|it| mutant(score, it)).collect(),
        },
    }
}

fn mutant<'a>(score: &'a Score<'_>, judged: &'a Judged) -> Mutant<'a> {
    let Judged {
        mutation:
            Mutation {
                operator,
                location,
                words,
            },
        outcome,
    } = judged;
    let mut mutant = Mutant {
        operator: operator.slug(),
        location: location.to_string(),
        words,
        outcome: "",
        probe: None,
        bypass: None,
        missing: None,
        step: None,
    };
    mutant.outcome = match outcome {
        Outcome::Killed(probe) => {
            mutant.probe = Some(probe);
            "killed"
        }
        Outcome::Equivalent => "equivalent",
        Outcome::Masked(bypass) => {
            mutant.bypass = Some(bypass.to_string());
            "masked"
        }
        Outcome::OutOfReach => "out-of-reach",
        Outcome::Survived(number) => {
            let suggestion = &score.suggestions[*number];
            mutant.missing = Some(&suggestion.line);
            mutant.step = suggestion.step.as_deref();
            "survived"
        }
    };
    mutant
}

fn sum(counts: &Counts) -> Sum {
    let Counts {
        killed,
        survived,
        masked,
        equivalent,
        out_of_reach,
    } = *counts;
    Sum {
        score: counts.score(),
        killed,
        survived,
        masked,
        equivalent,
        out_of_reach,
    }
}
