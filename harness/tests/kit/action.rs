//! The GitHub Action, dry: each `run:` step in bash, with what GitHub would put into its
//! environment, in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::started::workspace;

fn action() -> Value {
    let text = fs::read_to_string(workspace().join("action.yml")).expect("the action");
    serde_saphyr::from_str(&text).expect("YAML")
}

fn steps(action: &Value) -> &Vec<Value> {
    action["runs"]["steps"].as_array().expect("steps")
}

/// A job of GitHub's, faked.
struct Job {
    folder: TempDir,
    inputs: BTreeMap<String, String>,
    /// What expressions other than inputs become.
    context: BTreeMap<String, String>,
}

/// How a step ended.
struct Ended {
    code: i32,
    said: String,
}

impl Job {
    fn new(inputs: &[(&str, &str)]) -> Job {
        let folder = TempDir::new().expect("a folder");
        let mut all = BTreeMap::new();
        for (name, input) in action()["inputs"].as_object().expect("inputs") {
            let default = input["default"].as_str().unwrap_or_default();
            all.insert(name.clone(), default.to_owned());
        }
        for (name, value) in inputs {
            let known = all.insert((*name).to_owned(), (*value).to_owned());
            assert!(known.is_some(), "{name} is an input");
        }
        for name in ["temp", "bin", "work"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        let job = Job {
            folder,
            inputs: all,
            context: BTreeMap::new(),
        };
        // Scenarios are where a checkout has them.
        std::os::unix::fs::symlink(workspace().join("scenarios"), job.work().join("scenarios"))
            .expect("linked");
        job
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// A program that the step finds before the machine's own.
    fn program(&self, name: &str, script: &str) {
        let path = self.file("bin").join(name);
        fs::write(&path, format!("#!/bin/bash\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// What an expression becomes.
    fn value(&self, expression: &str) -> String {
        let of = |name: &str| match name.strip_prefix("inputs.") {
            Some(input) => self.inputs.get(input).cloned().expect("an input"),
            None => {
                let known = self.context.get(name).cloned();
                known.unwrap_or_default()
            }
        };
        let terms = expression.split("||").map(str::trim);
        terms
            .map(of)
            .find(|value| !value.is_empty())
            .unwrap_or_default()
    }

    fn substituted(&self, text: &str) -> String {
        let mut rest = text;
        let mut made = String::new();
        while let Some((before, behind)) = rest.split_once("${{") {
            let (expression, after) = behind.split_once("}}").expect("an end");
            made.push_str(before);
            made.push_str(&self.value(expression.trim()));
            rest = after;
        }
        made + rest
    }

    /// Runs a step, and keeps its outputs for those behind it.
    fn step(&mut self, name: &str) -> Ended {
        let action = action();
        let step = (steps(&action).iter()).find(|step| step["name"] == name);
        let step = step.expect("a step of the action");
        assert_eq!(step["shell"], "bash");
        let output = self.file("output");
        fs::write(&output, "").expect("written");
        let path = std::env::var("PATH").expect("a path");
        let mut bash = Command::new("bash");
        // As GitHub calls it.
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c"])
            .arg(step["run"].as_str().expect("a script"))
            .current_dir(self.work())
            .env_clear()
            .env("PATH", format!("{}:{path}", self.file("bin").display()))
            .env("HOME", self.file("temp"))
            .env("CI", "true")
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", self.file("summary"))
            .env("RUNNER_TEMP", self.file("temp"));
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            bash.env(name, self.substituted(value.as_str().expect("text")));
        }
        let ended = bash.output().expect("bash starts");
        if let Some(id) = step["id"].as_str() {
            for line in self.read("output").lines() {
                let (name, value) = line.split_once('=').expect("name=value");
                let name = format!("steps.{id}.outputs.{name}");
                self.context.insert(name, value.to_owned());
            }
        }
        Ended {
            code: ended.status.code().expect("not ended by a signal"),
            said: String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned(),
        }
    }

    fn output(&self, name: &str) -> &str {
        self.context.get(name).map_or("", String::as_str)
    }

    /// As if the program had been built or downloaded.
    fn has_program(&mut self) {
        let program = env!("CARGO_BIN_EXE_netverdict").to_owned();
        self.context
            .insert("steps.get.outputs.program".to_owned(), program);
    }
}

#[test]
fn a_green_run_and_a_red_one() {
    for (paths, code) in [
        ("scenarios/incident/fixed.yaml", 0),
        (
            "\nscenarios/incident/fixed.yaml\n\n  \nscenarios/invalid\n",
            2,
        ),
    ] {
        let mut job = Job::new(&[("paths", paths), ("lane", "model")]);
        job.has_program();
        let run = job.step("Run");
        assert_eq!(
            run.code, 0,
            "later steps upload what there is: {}",
            run.said
        );
        assert_eq!(
            job.output("steps.run.outputs.exit-code"),
            code.to_string(),
            "{}",
            run.said
        );
        for name in ["junit.xml", "results.sarif", "events.jsonl"] {
            let written = job.read(&format!("work/reports/{name}"));
            assert!(!written.is_empty(), "{name}");
        }
        let summary = job.read("summary");
        assert!(summary.contains("### netverdict run:"), "{summary}");
        let verdict = job.step("Verdict");
        assert_eq!(verdict.code, code, "{}", verdict.said);
        assert_eq!(
            job.output("steps.verdict.outputs.exit-code"),
            code.to_string()
        );
    }
}

#[test]
fn a_shard_is_a_part() {
    let mut job = Job::new(&[
        ("paths", "scenarios/incident"),
        ("lane", "model"),
        ("shard", "2/4"),
        ("report-dir", "other reports"),
    ]);
    job.has_program();
    let run = job.step("Run");
    let events = job.read("work/other reports/events.jsonl");
    assert!(events.contains(r#""shard":2,"shards":4"#), "{}", run.said);
}

/// The worst code decides, in the order that the program itself has.
#[test]
fn the_verdict_is_the_worst() {
    for (codes, worst) in [
        (["0", "0", ""], 0),
        (["0", "1", "0"], 1),
        (["3", "1", "0"], 3),
        (["1", "0", "2"], 2),
        (["4", "3", "1"], 4),
        (["5", "0", ""], 5),
        (["", "", ""], 3),
    ] {
        let mut job = Job::new(&[("paths", "x")]);
        for (step, code) in ["run", "audit", "diff"].into_iter().zip(codes) {
            let name = format!("steps.{step}.outputs.exit-code");
            job.context.insert(name, code.to_owned());
        }
        assert_eq!(job.step("Verdict").code, worst, "{codes:?}");
    }
}

/// Audit and diff get what the inputs say, and hand their code on.
#[test]
fn audit_and_diff_are_called_as_asked() {
    let mut job = Job::new(&[
        ("paths", "deploy\nother folder"),
        ("baseline", "base line.json"),
        ("diff-path", "deploy"),
    ]);
    let log = job.file("log");
    let script = format!(
        "printf '[%s]' \"$@\" >> '{0}'; echo >> '{0}'\n\
         for word in \"$@\"; do case $word in --summary=*) echo summarised >> \"${{word#*=}}\";; esac; done\n\
         echo found; exit 1",
        log.display()
    );
    job.program("netverdict", &script);
    job.program("git", "exit 0");
    let program = job.file("bin/netverdict").display().to_string();
    job.context
        .insert("steps.get.outputs.program".to_owned(), program);
    let base = "github.event.pull_request.base.sha".to_owned();
    job.context.insert(base, "0123abc".to_owned());
    for step in ["Audit", "Diff"] {
        let ended = job.step(step);
        assert_eq!(ended.code, 0, "{step}: {}", ended.said);
    }
    let called = job.read("log");
    let (audit, diff) = called.trim_end().split_once('\n').expect("two calls");
    assert!(
        audit.starts_with("[audit][-o][sarif][--baseline=base line.json]"),
        "{audit}"
    );
    assert!(audit.ends_with("[--][deploy][other folder]"), "{audit}");
    assert!(
        diff.ends_with("[--][0123abc:deploy][HEAD:deploy]"),
        "{diff}"
    );
    assert_eq!(job.read("work/reports/audit.sarif"), "found\n");
    assert_eq!(job.read("work/reports/diff.md"), "found\n");
    assert_eq!(job.read("summary"), "summarised\nfound\n");
    assert_eq!(job.step("Verdict").code, 1);
}

/// A second push changes the comment that is there.
#[test]
fn the_diff_is_commented_once() {
    for (known, method) in [("", "POST"), ("77", "PATCH")] {
        let mut job = Job::new(&[("paths", "x"), ("diff-path", "deploy")]);
        job.context
            .insert("github.repository".to_owned(), "o/r".to_owned());
        job.context.insert(
            "github.event.pull_request.number".to_owned(),
            "5".to_owned(),
        );
        let log = job.file("log").display().to_string();
        job.program(
            "gh",
            &format!("echo \"$@\" >> '{log}'; case \"$*\" in *--paginate*) echo {known};; esac"),
        );
        // Nothing to say, nothing said.
        assert_eq!(job.step("Comment").code, 0);
        assert_eq!(job.read("log"), "");
        fs::create_dir(job.work().join("reports")).expect("made");
        fs::write(
            job.work().join("reports/diff.md"),
            "newly open: everything\n",
        )
        .expect("written");
        let ended = job.step("Comment");
        assert_eq!(ended.code, 0, "{}", ended.said);
        let called = job.read("log");
        let last = called.lines().last().expect("a call");
        assert!(
            last.contains(&format!("--method {method} repos/o/r/issues/")),
            "{called}"
        );
        assert!(
            job.read("temp/comment.md")
                .ends_with("newly open: everything\n")
        );
    }
}

/// Nothing is run that is not what its digest says.
#[test]
fn a_download_is_checked() {
    let mut job = Job::new(&[("paths", "x")]);
    let made = job.file("made/netverdict-0");
    fs::create_dir_all(&made).expect("made");
    fs::copy(env!("CARGO_BIN_EXE_netverdict"), made.join("netverdict")).expect("copied");
    let tarball = job.file("netverdict.tar.gz");
    let tar = Command::new("tar")
        .args(["--create", "--gzip", "--file"])
        .arg(&tarball)
        .arg("--directory")
        .arg(job.file("made"))
        .arg("netverdict-0")
        .status();
    assert!(tar.expect("tar starts").success());
    let sum = Command::new("sha256sum")
        .arg(&tarball)
        .output()
        .expect("sha256sum starts");
    let sum = String::from_utf8(sum.stdout).expect("UTF-8");
    let sum = sum.split(' ').next().expect("a digest").to_owned();
    let url = format!("file://{}", tarball.display());
    job.inputs.insert("download-url".to_owned(), url);
    for (digest, code) in [("", 2), ("zz", 2), (&*"0".repeat(64), 2), (&*sum, 0)] {
        job.inputs
            .insert("download-sha256".to_owned(), digest.to_owned());
        let ended = job.step("Get netverdict");
        assert_eq!(ended.code, code, "{digest}: {}", ended.said);
        let program = job.output("steps.get.outputs.program");
        assert_eq!(program.is_empty(), code != 0, "{digest}");
    }
}

/// Whoever opens a pull request writes none of the scripts: expressions stand in `env`,
/// never in `run`, where GitHub would paste them into the text.
#[test]
fn nothing_can_be_injected() {
    let action = action();
    for step in steps(&action) {
        if let Some(script) = step["run"].as_str() {
            assert!(!script.contains("${{"), "{}", step["name"]);
            assert!(!script.contains("eval"), "{}", step["name"]);
        }
    }
    let evil = "$(touch injected)`touch injected`; touch injected; \"; touch injected; '--help";
    let mut job = Job::new(&[
        ("paths", evil),
        ("lane", "model"),
        ("shard", evil),
        ("report-dir", evil),
        ("baseline", evil),
        ("diff-path", evil),
        ("download-sha256", evil),
    ]);
    job.has_program();
    job.program("gh", "exit 1");
    for step in ["Run", "Audit", "Diff", "Comment", "Verdict"] {
        job.step(step);
    }
    job.inputs
        .insert("download-url".to_owned(), evil.to_owned());
    assert_eq!(job.step("Get netverdict").code, 2);
    let found = |folder: &Path| folder.join("injected").exists();
    assert!(!found(&job.work()) && !found(job.folder.path()));
}

/// Others' code: only GitHub's own, each at one full version.
#[test]
fn what_is_used_is_pinned() {
    let action = action();
    let uses: Vec<&str> = (steps(&action).iter())
        .filter_map(|step| step["uses"].as_str())
        .collect();
    assert_eq!(uses.len(), 3, "{uses:?}");
    for used in uses {
        let (what, version) = used.split_once('@').expect("a version");
        let official = [
            "actions/upload-artifact",
            "github/codeql-action/upload-sarif",
        ];
        assert!(official.contains(&what), "{what}");
        let parts: Vec<&str> = version
            .strip_prefix('v')
            .expect("a tag")
            .split('.')
            .collect();
        let numbers = parts.iter().all(|part| part.parse::<u32>().is_ok());
        assert!(parts.len() == 3 && numbers, "{used}");
    }
    for step in steps(&action) {
        assert!(
            step["run"].is_string() != step["uses"].is_string(),
            "{step}"
        );
    }
}
