//! Matrices and explanations by the program in the kernel, in test runs and on the
//! wire.

use libtest_mimic::{Failed, Trial};

use crate::program::{command, privileged};

const NODE_PORT: &str = "scenarios/incident/as-deployed.yaml";
const BOTH_ENDS: &str = "scenarios/workloads/both-ends.yaml";

pub(crate) fn trials() -> Vec<Trial> {
    let matrices = [
        NODE_PORT,
        "scenarios/incident/fixed.yaml",
        BOTH_ENDS,
        "scenarios/cilium",
    ]
    .map(|path| {
        privileged(format!("matrix: {path} is the interpreter's"), move || {
            same_in_all_lanes(&["matrix", path, "--family", "any"])
        })
    });
    let explanations = [
        [NODE_PORT, "scanner", "node", "30007/tcp"],
        [BOTH_ENDS, "frontend", "backend", "8080/tcp"],
        // Dropped at the first hook: on the wire, the second never sees it.
        [BOTH_ENDS, "batch", "backend", "8080/tcp"],
    ]
    .map(|question| {
        let name = format!("explain: {} is the interpreter's", question.join(" "));
        privileged(name, move || {
            let [path, source, destination, what] = question;
            same_in_all_lanes(&["explain", path, source, destination, what])
        })
    });
    let untried = privileged(
        "matrix: what the node sends is not tried on a wire",
        untried,
    );
    (matrices.into_iter().chain(explanations))
        .chain([untried])
        .collect()
}

/// Given the same question in every lane, the answers are the same, and right.
fn same_in_all_lanes(args: &[&str]) -> Result<(), Failed> {
    let model = answer(args, &["--lane", "model"])?;
    if !model.contains("=>") {
        return Err(format!("no answer:\n{model}").into());
    }
    for lane in [
        &["--lane", "testrun"][..],
        &["--lane", "wire"],
        &["--lane", "wire", "--mode", "generic"],
    ] {
        let kernel = answer(args, lane)?;
        if kernel != model {
            return Err(format!("{}:\n{kernel}\nmodel:\n{model}", lane.join(" ")).into());
        }
    }
    Ok(())
}

fn answer(args: &[&str], lane: &[&str]) -> Result<String, Failed> {
    let output = command(args).args(lane).output()?;
    if !output.status.success() {
        let (lane, stderr) = (lane.join(" "), String::from_utf8_lossy(&output.stderr));
        return Err(format!("{lane}: {}\n{stderr}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    // The lane's own name is all that may differ, and how far it sees.
    let whole = ["model", "testrun", "wire/native", "wire/generic"].map(|lane| {
        [
            format!("Checked: {lane} decides the same, hook by hook."),
            format!(
                "Checked: {lane} decides the same, up to the hook that drops it; no other sees it \
                 there."
            ),
        ]
    });
    let checked = |text: String, line: &String| text.replace(line, "Checked.");
    Ok(whole.as_flattened().iter().fold(text, checked))
}

/// A pod in the node's network has no link: the wire says so instead of an answer.
fn untried() -> Result<(), Failed> {
    let path = "scenarios/traps/host-network.yaml";
    let output = command(["matrix", path, "--lane", "wire"]).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let said = stderr.contains("not tried on the wire");
    let listed = stdout.contains("monitoring/exporter[Pod] => monitoring/twin[Pod]");
    match (output.status.code(), said, listed) {
        (Some(0), true, false) => Ok(()),
        other => Err(format!("{other:?}\n{stdout}\n{stderr}").into()),
    }
}
