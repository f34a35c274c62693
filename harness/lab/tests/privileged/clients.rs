//! Real clients and servers, with the filter in between.

use std::process::{Command, Output, Stdio};

use libtest_mimic::Failed;
use netverdict_lab::filter::{Events, Filter};
use netverdict_lab::{Lab, LabError, Purpose, XdpMode};
use netverdict_policy::image::MapImage;

use crate::Case;
use crate::given::{self, rule};

pub(crate) const CASES: &[Case] = &[
    ("native_clients_get_what_the_policy_lets_through", || {
        served(XdpMode::Native)
    }),
    ("generic_clients_get_what_the_policy_lets_through", || {
        served(XdpMode::Generic)
    }),
    ("without_tracking_no_answer_comes_back", untracked),
    ("native_large_bodies_arrive_whole", || {
        large(XdpMode::Native)
    }),
    ("generic_large_bodies_arrive_whole", || {
        large(XdpMode::Generic)
    }),
    ("nobody_by_that_name_is_an_error", unknown),
];

fn clients(mode: XdpMode, image: &MapImage, track: bool) -> Result<(Filter, Lab), Failed> {
    let mut filter = given::filter();
    let install = match track {
        true => given::tracking(Events::None),
        false => given::install(Events::None),
    };
    filter.install(image, install)?;
    let mut lab = Lab::build(&given::plan(1500), Purpose::Clients)?;
    lab.serve(|workload, port| format!("{} at {port}\n", workload.name))?;
    lab.attach(&mut filter, mode)?;
    Ok((filter, lab))
}

/// The policy, with everything guarded that takes part: `web` receives nothing,
/// and `inventory` sends nothing.
fn strict() -> MapImage {
    let mut image = given::image();
    image.guards.push(netverdict_policy::image::GuardImage {
        default_deny: Some(netverdict_policy::image::RuleId(rule::WEB_DEFAULT)),
        ..Default::default()
    });
    let nothing = Some(2);
    for endpoint in image.endpoints.values_mut() {
        match endpoint.number as usize {
            given::WEB => endpoint.ingress = nothing,
            given::INVENTORY => endpoint.egress = nothing,
            _ => {}
        }
    }
    image
}

fn curl(lab: &Lab, host: &str, arguments: &[&str]) -> Result<Output, Failed> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--noproxy", "*"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(lab.start(host, curl)?.wait_with_output()?)
}

/// curl's exit status where nothing answers in time (curl(1), EXIT CODES).
const TIMED_OUT: i32 = 28;

/// Whether a request is answered so, or not at all.
fn answered(lab: &Lab, host: &str, url: &str, answer: Option<&str>) -> Result<(), Failed> {
    let patience = if answer.is_some() { "10" } else { "0.5" };
    let output = curl(lab, host, &["--max-time", patience, url])?;
    let said = String::from_utf8_lossy(&output.stdout);
    match answer {
        Some(answer) => assert_eq!(said, answer, "{host} {url}: {output:?}"),
        None => assert_eq!(
            (output.status.code(), &*said),
            (Some(TIMED_OUT), ""),
            "{host} {url}"
        ),
    }
    Ok(())
}

fn served(mode: XdpMode) -> Result<(), Failed> {
    let (mut filter, lab) = clients(mode, &strict(), true)?;
    let inventory = Some("inventory at 50051/tcp\n");
    let billing = Some("billing at 8080/tcp\n");
    let exporter = Some("exporter at 9100/tcp\n");
    for (host, url, answer) in [
        // By a node port.
        ("monitoring", "http://192.0.2.10:30007/", inventory),
        ("monitoring", "http://192.0.2.10:30008/", billing),
        ("scanner", "http://192.0.2.10:30007/", None),
        ("scanner", "http://192.0.2.10:30008/", billing),
        ("scanner", "http://[2001:db8::10]:30007/", None),
        ("scanner", "http://[2001:db8::10]:30008/", billing),
        // By the workload's own address, at the same port that a node port has.
        ("monitoring", "http://172.30.0.2:50051/", inventory),
        ("scanner", "http://172.30.0.2:50051/", None),
        // From workload to workload: `inventory` may not send, but answers.
        ("web", "http://172.30.0.2:50051/", inventory),
        ("web", "http://[fd00:30::2]:50051/", inventory),
        ("web", "http://172.30.0.3:8080/", None),
        ("billing", "http://172.30.0.2:50051/", None),
        ("billing", "http://172.30.0.4/", None),
        ("inventory", "http://172.30.0.3:8080/", None),
        // By a node port, from within.
        ("web", "http://192.0.2.10:30007/", None),
        ("billing", "http://192.0.2.10:30007/", None),
        ("node", "http://172.30.0.3:8080/", billing),
        ("node", "http://192.0.2.10:30008/", billing),
        // The node itself, and the workload in its network.
        ("scanner", "http://192.0.2.10:9100/", exporter),
        ("billing", "http://[2001:db8::10]:9100/", exporter),
    ] {
        answered(&lab, host, url, answer)?;
    }
    // With the policy gone, the same requests are answered.
    filter.install(&open(), given::tracking(Events::None))?;
    for (host, url) in [
        ("scanner", "http://192.0.2.10:30007/"),
        ("scanner", "http://[2001:db8::10]:30007/"),
        ("web", "http://192.0.2.10:30007/"),
        ("billing", "http://172.30.0.2:50051/"),
    ] {
        answered(&lab, host, url, inventory)?;
    }
    Ok(())
}

/// The same workloads without a policy.
fn open() -> MapImage {
    let mut image = given::image();
    image.guards.clear();
    image.prefilters.clear();
    for endpoint in image.endpoints.values_mut() {
        (endpoint.egress, endpoint.ingress) = (None, None);
    }
    image
}

fn untracked() -> Result<(), Failed> {
    let (mut filter, lab) = clients(XdpMode::Native, &strict(), false)?;
    let url = "http://172.30.0.2:50051/";
    answered(&lab, "web", url, None)?;
    filter.install(&strict(), given::tracking(Events::None))?;
    answered(&lab, "web", url, Some("inventory at 50051/tcp\n"))
}

fn large(mode: XdpMode) -> Result<(), Failed> {
    const LENGTH: usize = 3_000_000;
    let (_filter, mut lab) = clients(mode, &strict(), true)?;
    lab.serve(|_, _| "x".repeat(LENGTH))?;
    for (host, url) in [
        ("scanner", "http://192.0.2.10:30008/"),
        ("scanner", "http://[2001:db8::10]:30008/"),
        ("web", "http://172.30.0.2:50051/"),
        ("web", "http://[fd00:30::2]:50051/"),
    ] {
        // There and back: curl sends zeroes and gets as many letters.
        let body = format!("@{}", zeroes(LENGTH, mode)?.display());
        let sent = [
            "--max-time",
            "30",
            "--header",
            "Expect:",
            "--data-binary",
            &body,
            url,
        ];
        let output = curl(&lab, host, &sent)?;
        let received = String::from_utf8_lossy(&output.stdout);
        let (letters, line) = received.split_at_checked(LENGTH).ok_or_else(|| {
            format!(
                "{url}: {} bytes came back, {:?}",
                received.len(),
                output.status
            )
        })?;
        assert!(letters.bytes().all(|byte| byte == b'x'));
        assert_eq!(line, format!("received {LENGTH} bytes\n"));
    }
    Ok(())
}

/// A file of zeroes, which curl sends as they are. Tests of other modes run at
/// the same time.
fn zeroes(length: usize, mode: XdpMode) -> Result<std::path::PathBuf, Failed> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("zeroes-{mode:?}"));
    std::fs::write(&path, vec![0; length])?;
    Ok(path)
}

fn unknown() -> Result<(), Failed> {
    let (_filter, lab) = clients(XdpMode::Native, &open(), true)?;
    let error = lab.spawn("scaner", &["true".into()]);
    let Err(LabError::UnknownMember { name, known }) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(name, "scaner");
    assert_eq!(
        known,
        &[
            "monitoring",
            "scanner",
            "inventory",
            "billing",
            "web",
            "exporter",
            "node"
        ]
    );
    for member in known {
        assert!(lab.spawn(member, &["true".into()])?.wait()?.success());
    }
    Ok(())
}
