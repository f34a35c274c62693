//! Scenarios, manifests and lists of addresses.

use std::path::Path;
use std::sync::Arc;

use netverdict_policy::address_set::{AddressSet, read_lines};
use netverdict_policy::diagnostic::{Diagnostic, SourceFile};
use netverdict_policy::frontend::{self, ClusterOptions, Files};
use netverdict_policy::scenario::Probe;
use netverdict_policy::write::{self, Draft, DraftProbe};

use crate::corpus::of_scenarios;

/// Bytes of a scenario beyond which it is not written again, to save time.
const REWRITTEN: usize = 8 << 10;

/// Words of YAML, and of what is said in it.
pub(super) const WORDS: &[&[u8]] = &[
    b"---\n",
    b"- ",
    b": ",
    b"{}",
    b"[]",
    b"null",
    b"~",
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!str ",
    b"|\n",
    b">-\n",
    b"\"",
    b"'",
    b"#",
    b"\t",
    b"\r",
    b"0.0.0.0/0",
    b"::/0",
    b"::ffff:1.2.3.4/96",
    b"255.255.255.255/32",
    b"/33",
    b"65536",
    b"-1",
    b"0",
    b"node",
    b"node:30007/tcp",
    b"any-address-in ",
    b"any-address-outside ",
    b"matchExpressions",
    b"matchLabels",
    b"ipBlock",
    b"except",
    b"endPort",
    b"toPorts",
    b"icmps",
    b"fromEntities",
    b"reserved:host",
    b"specs",
    b"enableDefaultDeny",
    b"known_addresses",
    b"host_network: true",
    b"frame: {",
    b"fragment",
    b"lengths",
    b"truncate",
    b"about",
    b"payload: 65535",
    b"steps",
    b"sequences",
    b"xfail",
    b"apiVersion: v1\nkind: ",
    b"items",
    b"ownerReferences",
    b"podIPs",
    b"nodePort",
    b"targetPort",
];

/// Words of lists of addresses.
pub(super) const ADDRESS_WORDS: &[&[u8]] = &[
    b"\n",
    b"#",
    b"/",
    b"/0",
    b"/32",
    b"/128",
    b"::",
    b"::ffff:",
    b"0.0.0.0",
    b"255.255.255.255",
    b"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"%eth0",
    b"fe80::1",
];

fn file(bytes: &[u8]) -> Arc<SourceFile> {
    Arc::new(SourceFile {
        path: "input".to_owned(),
        text: String::from_utf8_lossy(bytes).into_owned(),
    })
}

/// Reads bytes as a scenario; and what is read, is written and read again.
pub(super) fn scenario(bytes: &[u8]) {
    let file = file(bytes);
    frontend::kind(&file);
    let checked = match frontend::scenario(&file, &mut Itself) {
        Ok(checked) => checked,
        Err(problems) => return places_exist(&problems),
    };
    places_exist(&checked.warnings);
    let scenario = &checked.scenario;
    if bytes.len() > REWRITTEN {
        return;
    }
    let probes: Vec<(&Probe, _)> = (scenario.probes.iter())
        .flat_map(|probe| probe.cases.iter().map(move |case| (probe, &case.journey)))
        .collect();
    let draft = Draft {
        file: "again",
        name: &scenario.name,
        why: &scenario.why,
        tags: &[],
        xfail: None,
        policy: &scenario.policy,
        topology: &scenario.topology,
        probes: (probes.into_iter())
            .map(|(probe, journey)| DraftProbe {
                name: "",
                journey,
                expect: probe.expect,
                reason: probe.reason,
                sequence: probe.sequence,
            })
            .collect(),
        before_steps: Vec::new(),
        steps: Vec::new(),
    };
    // What cannot be written is an error, which says so.
    drop(write::scenario(&draft));
}

/// Reads bytes as the manifests of a cluster.
pub(super) fn cluster(bytes: &[u8]) {
    match frontend::cluster(&[file(bytes)], &ClusterOptions::default()) {
        Ok(cluster) => places_exist(&cluster.notes),
        Err(problems) => places_exist(&problems),
    }
}

/// Reads bytes as a list of addresses, and asks for their boundaries.
pub(super) fn addresses(bytes: &[u8]) {
    let file = file(bytes);
    let mut prefixes = Vec::new();
    read_lines(&file, |line| match line {
        Ok((prefix, location)) => {
            assert!(!location.text().is_empty(), "{location}");
            prefixes.push(prefix);
        }
        Err(bad) => assert!(!bad.location.text().is_empty(), "{}", bad.location),
    });
    let set = AddressSet::new(prefixes);
    let ranges = set.ranges();
    assert!(set.edges().count() >= ranges.len());
    assert!(set.surroundings().len() <= 2 * ranges.len());
}

/// Every place that a diagnostic names is one of its file.
fn places_exist(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let location = &label.location;
            let (text, end) = (&location.file.text, location.offset + location.length);
            let exists = text.get(location.offset..end).is_some();
            assert!(
                exists,
                "{diagnostic:?} names bytes {} to {end}",
                location.offset
            );
        }
    }
}

/// Every file that the input names is the input itself.
struct Itself;

impl Files for Itself {
    fn read(&mut self, from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        Ok(Arc::new(SourceFile {
            path: path.to_owned(),
            text: from.text.clone(),
        }))
    }
}

pub(super) fn scenarios() -> Vec<Vec<u8>> {
    of_scenarios(|path| is_yaml(path) && !of_manifests(path))
}

pub(super) fn manifests() -> Vec<Vec<u8>> {
    of_scenarios(|path| is_yaml(path) && of_manifests(path))
}

pub(super) fn lists() -> Vec<Vec<u8>> {
    of_scenarios(|path| path.components().any(|part| part.as_os_str() == "lists"))
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml")
}

fn of_manifests(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str() == "manifests")
}
