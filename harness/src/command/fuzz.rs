//! `netverdict fuzz`

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::isolate::{isolated, signals};
use netverdict_policy::image::{MapImage, Verdict};
use netverdict_policy::write::{Manifest, Written};
use serde_json::json;

use super::print::{Stream, lacking};
use super::progress::Progress;
use crate::cli::{FuzzArgs, FuzzLane, FuzzOutput, Misread};
use crate::exit::Exit;
use crate::fuzz::check::Tamper;
use crate::fuzz::hunt::{Ended, Hunted, Settings, hunt};
use crate::fuzz::save::save;
use crate::fuzz::{Finding, Property, Seed};
use crate::object::{self, Object};
use crate::words::counted;

/// Cases, where nobody says how many or how long.
const CASES: u64 = 20_000;

/// Where findings are replayed from for ever after.
const REGRESSIONS: &str = "scenarios/regressions";

/// Tries cases, and prints and saves what is found.
pub fn run(args: &FuzzArgs) -> Exit {
    let object = match object::open(args.filter.as_deref()) {
        Ok(object) => object,
        Err(error) => {
            Stream::Err.line(&error.to_string());
            return Exit::BadInput;
        }
    };
    let seed = args.seed.unwrap_or_else(any_seed);
    // The first signal ends the hunt, with what was found; the second ends it at once.
    // Where they cannot be noted they end it as usual.
    let _ = signals::note();
    if args.lane == FuzzLane::Model {
        return execute(args, &object, seed);
    }
    let missing = missing_for(Needs {
        test_run: true,
        wire: false,
    });
    if !missing.is_empty() {
        let text = lacking(&missing);
        Stream::Err.line(&format!("{text}`--lane model` runs without privileges"));
        return Exit::Lacking;
    }
    match isolated(|| execute(args, &object, seed).code()) {
        Ok(code) => Exit::from_code(code).unwrap_or_else(|| {
            Stream::Err.line(&format!("ended from outside (status {code})"));
            Exit::Inconclusive
        }),
        Err(error) => {
            Stream::Err.line(&format!("failed to make namespaces: {error}"));
            Exit::Lacking
        }
    }
}

/// A seed that the system's randomness makes up.
fn any_seed() -> Seed {
    Seed(RandomState::new().hash_one("netverdict fuzz"))
}

fn execute(args: &FuzzArgs, object: &Object, seed: Seed) -> Exit {
    let properties: &[Property] = match &args.property[..] {
        [] => &Property::ALL,
        chosen => chosen,
    };
    let kernel = match args.lane {
        FuzzLane::Model => None,
        FuzzLane::Testrun => Some(&object.bytes[..]),
    };
    let cases = args.cases.or(args.time.is_none().then_some(CASES));
    let progress = Progress::new(cases.and_then(|cases| usize::try_from(cases).ok()));
    let settings = Settings {
        seed,
        cases,
        time: args.time,
        properties,
        object: kernel,
        tamper: args.sabotage.map(tamper),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        stop: &|| signals::noted().is_some(),
        tried: &|cases| progress.at(cases),
    };
    Stream::Err.line(&format!("seed: {seed}"));
    let folder = folder(args.save.as_deref());
    let mut unwritable = false;
    let hunted = hunt(settings, |finding| {
        let text = Text::of(finding);
        match text.save(&folder, &finding.name()) {
            Ok(path) => finding.saved = Some(path),
            Err(error) => {
                unwritable = true;
                let folder = folder.display();
                let text = format!("failed to save the finding to {folder}: {error}");
                progress.aside(|| Stream::Err.line(&text));
            }
        }
        progress.aside(|| Stream::Out.line(&shown(args.output, finding, &text)));
    });
    drop(progress);
    let hunted = match hunted {
        Ok(hunted) => hunted,
        Err(error) => {
            Stream::Err.line(&format!("failed to {error}"));
            return match args.filter {
                Some(_) => Exit::BadInput,
                None => Exit::Inconclusive,
            };
        }
    };
    Stream::Out.line(&summary(args.output, &hunted, seed));
    let exit = match hunted.findings.is_empty() {
        true => Exit::AsExpected,
        false => Exit::Mismatch,
    };
    match unwritable {
        true => exit.with_unwritable_report(),
        false => exit,
    }
}

/// Where findings are saved.
fn folder(given: Option<&Path>) -> PathBuf {
    match given {
        Some(folder) => folder.to_owned(),
        None if Path::new(REGRESSIONS).is_dir() => PathBuf::from(REGRESSIONS),
        None => PathBuf::from("reports"),
    }
}

/// What a test wants the interpreter to read.
fn tamper(misread: Misread) -> Tamper {
    match misread {
        Misread::DefaultFlipped => |image: &mut MapImage| {
            for stage in image.prefilters.values_mut() {
                stage.default_pass = !stage.default_pass;
            }
        },
        Misread::DenyAsAllow => |image: &mut MapImage| {
            for verdict in image
                .guards
                .iter_mut()
                .flat_map(|guard| guard.entries.values_mut())
            {
                if let Verdict::Deny(rule) = *verdict {
                    *verdict = Verdict::Allow(rule);
                }
            }
        },
    }
}

/// A finding's file, and those that it names.
struct Text {
    extension: &'static str,
    text: String,
    manifests: Vec<Manifest>,
}

impl Text {
    /// A scenario, or, with the reason why it is none, the model.
    fn of(finding: &Finding) -> Text {
        match finding.scenario() {
            Ok(Written { text, manifests }) => Text {
                extension: "yaml",
                text,
                manifests,
            },
            Err(error) => Text {
                extension: "txt",
                text: format!("no scenario: {error}\n{}", finding.model()),
                manifests: Vec::new(),
            },
        }
    }

    /// Writes them; the finding's own file last, as it is nothing without the others.
    fn save(&self, folder: &Path, name: &str) -> std::io::Result<PathBuf> {
        for manifest in &self.manifests {
            let path = folder.join(&manifest.path);
            let (Some(parent), Some(stem)) = (path.parent(), path.file_stem()) else {
                continue;
            };
            let saved = save(parent, &stem.to_string_lossy(), "yaml", &manifest.text)?;
            if saved != path {
                let other = path.display();
                return Err(std::io::Error::other(format!(
                    "{other} says something else"
                )));
            }
        }
        save(folder, name, self.extension, &self.text)
    }
}

fn shown(output: FuzzOutput, finding: &Finding, file: &Text) -> String {
    let words = finding.words();
    match output {
        FuzzOutput::Human => {
            let mut text = format!(
                "FINDING {} (seed {}, case {})\n",
                finding.property, finding.seed, finding.number
            );
            for line in &words {
                text.push_str(&format!("  {line}\n"));
            }
            text.push_str(&file.text);
            if !text.ends_with('\n') {
                text.push('\n');
            }
            for manifest in &file.manifests {
                text.push_str(&format!("# {}\n{}", manifest.path, manifest.text));
            }
            if let Some(path) = &finding.saved {
                text.push_str(&format!("saved: {}\n", path.display()));
            }
            text
        }
        FuzzOutput::Json => json!({
            "finding": finding.property.slug(),
            "seed": finding.seed.0,
            "case": finding.number,
            "words": words,
            "rules": finding.case.rules(),
            "packets": finding.case.frames(),
            "saved": finding.saved,
            "text": file.text,
            "manifests": (file.manifests.iter())
                .map(|manifest| (manifest.path.clone(), manifest.text.clone().into()))
                .collect::<serde_json::Map<_, _>>(),
        })
        .to_string(),
    }
}

fn summary(output: FuzzOutput, hunted: &Hunted, seed: Seed) -> String {
    let seconds = hunted.took.as_secs_f64().max(f64::EPSILON);
    let rate = hunted.cases as f64 / seconds;
    let ended = match hunted.ended {
        Ended::Done => "done",
        Ended::Enough => "enough findings",
        Ended::Interrupted => "interrupted",
    };
    match output {
        FuzzOutput::Human => {
            let cases = counted(usize::try_from(hunted.cases).unwrap_or(usize::MAX), "case");
            let found = match hunted.findings.len() {
                0 => "nothing found".to_owned(),
                count => format!("{} in {} failing", counted(count, "finding"), hunted.failed),
            };
            format!("{found}: {cases} in {seconds:.1} s, {rate:.0} a second, seed {seed} ({ended})")
        }
        FuzzOutput::Json => json!({
            "cases": hunted.cases,
            "failing": hunted.failed,
            "findings": hunted.findings.len(),
            "seed": seed.0,
            "seconds": seconds,
            "ended": ended,
        })
        .to_string(),
    }
}
