//! Filter objects that cannot be used, and machines that cannot use them.

use std::fs;

use libtest_mimic::{Failed, Trial};

use crate::program::{privileged, workspace};
use crate::run::{junit, run_into};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        privileged("objects: a missing map is named", missing_map),
        privileged("objects: one that is cut short is refused", cut_short),
    ]
}

fn prebuilt() -> Result<Vec<u8>, Failed> {
    Ok(fs::read(
        workspace().join("ebpf/prebuilt/netverdict-filter.o"),
    )?)
}

/// Given an object whose map COUNTERS bears another name,
fn missing_map() -> Result<(), Failed> {
    let mut object = prebuilt()?;
    let name = b"COUNTERS";
    let places: Vec<usize> = (0..object.len() - name.len())
        .filter(|at| object[*at..].starts_with(name))
        .collect();
    assert!(!places.is_empty(), "the object names its maps");
    for at in places {
        object[at + name.len() - 1] = b'Z';
    }
    refused(&object, "no map COUNTERS")
}

fn cut_short() -> Result<(), Failed> {
    let object = prebuilt()?;
    refused(&object[..object.len() / 2], "")
}

/// the run refuses it as bad input, says why, and writes its reports.
fn refused(object: &[u8], why: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("filter.o");
    fs::write(&path, object)?;
    let path = path.to_str().ok_or("UTF-8")?;
    let args = ["scenarios/incident/fixed.yaml", "--filter", path];
    let run = run_into(folder.path(), &args).expect(2)?;
    if !run.stderr.contains(why) {
        return Err(format!("'{why}' is not in\n{}", run.stderr).into());
    }
    let report = junit(folder.path())?;
    if report.contains("<error") {
        Ok(())
    } else {
        Err(format!("no error in\n{report}").into())
    }
}
