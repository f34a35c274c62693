//! Which world of the one side is compared with which of the other.

use std::collections::BTreeMap;
use std::path::Path;

use netverdict_policy::diff::World;
use netverdict_policy::image::MapImage;
use netverdict_policy::model::Policy;

use super::side::Loaded;
use crate::matrix::input::Subject;

/// A world at one of its stages.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// The world.
    pub subject: &'a Subject,
    /// The policy that is in force.
    pub policy: &'a Policy,
    /// What it was compiled to.
    pub image: &'a MapImage,
}

impl<'a> Stage<'a> {
    /// What is compared.
    pub fn world(&self) -> World<'a> {
        World {
            policy: self.policy,
            topology: &self.subject.topology,
        }
    }
}

/// Two worlds that are one, before and after the change.
#[derive(Clone, Debug)]
pub struct Pair<'a> {
    /// What it is called, where there are several.
    pub name: String,
    /// Either, if it is there.
    pub stages: [Option<Stage<'a>>; 2],
}

/// The worlds of one side that stand for themselves.
struct Entry<'a> {
    subject: &'a Subject,
    /// Its path below the argument; `None` for the manifests.
    path: Option<String>,
}

/// Pairs manifests with manifests and scenarios by their paths below the arguments, or
/// else by their names if only one on each side has that; two files that are one world
/// each, with each other.
pub fn pairs<'a>(old: &'a Loaded, new: &'a Loaded) -> Vec<Pair<'a>> {
    let [mut olds, news] = [old, new].map(entries);
    let both_files = old.is_file && new.is_file && olds.len() == 1 && news.len() == 1;
    let mut pairs = Vec::new();
    let mut alone = Vec::new();
    for entry in news {
        let same = olds
            .iter()
            .position(|it| both_files || it.path == entry.path);
        match same {
            Some(index) => staged(&mut pairs, Some(olds.remove(index)), Some(entry)),
            None => alone.push(entry),
        }
    }
    for entry in alone {
        let named = |it: &&Entry<'_>| it.path.is_some() && it.subject.name == entry.subject.name;
        let mut like = olds.iter().filter(named);
        let one = like.next().is_some() && like.next().is_none() && entry.path.is_some();
        let index = olds.iter().position(|it| named(&it)).filter(|_| one);
        let before = index.map(|index| olds.remove(index));
        staged(&mut pairs, before, Some(entry));
    }
    for entry in olds {
        staged(&mut pairs, Some(entry), None);
    }
    pairs
}

fn entries(side: &Loaded) -> Vec<Entry<'_>> {
    let path = |subject: &Subject| {
        let file = Path::new(&subject.file.as_ref()?.path);
        let below = file.strip_prefix(&side.base).unwrap_or(file);
        Some(below.display().to_string())
    };
    (side.input.subjects.iter())
        .map(|subject| Entry {
            subject,
            path: path(subject),
        })
        .collect()
}

/// The worlds as they are at first, and behind each step. A step that only one side has
/// is held against what the other has in force by then.
fn staged<'a>(pairs: &mut Vec<Pair<'a>>, old: Option<Entry<'a>>, new: Option<Entry<'a>>) {
    let one = new.as_ref().or(old.as_ref());
    let name = match one.and_then(|entry| entry.subject.name.clone()) {
        Some(name) => format!("scenario {name}"),
        None => "manifests".to_owned(),
    };
    let subjects = [old, new].map(|entry| entry.map(|entry| entry.subject));
    let first = |subject: &'a Subject| Stage {
        subject,
        policy: &subject.policy,
        image: &subject.image,
    };
    let mut now = subjects.map(|subject| subject.map(first));
    pairs.push(Pair {
        name: name.clone(),
        stages: now,
    });
    let steps = subjects.map(|subject| {
        let steps = subject.map_or(&[][..], |subject| &subject.steps);
        let named = steps.iter().map(|step| (step.name.as_str(), step));
        named.collect::<BTreeMap<_, _>>()
    });
    let in_order = subjects.iter().rev().flatten().flat_map(|it| &it.steps);
    let mut done: Vec<&str> = Vec::new();
    for step in in_order {
        if done.contains(&step.name.as_str()) {
            continue;
        }
        done.push(&step.name);
        for side in 0..2 {
            let of_side = steps[side].get(step.name.as_str());
            if let (Some(step), Some(subject)) = (of_side, subjects[side]) {
                now[side] = Some(Stage {
                    subject,
                    policy: &step.policy,
                    image: &step.image,
                });
            }
        }
        pairs.push(Pair {
            name: format!("{name}, step {}", step.name),
            stages: now,
        });
    }
}
