//! Real clients and servers, with the filter in between.

use std::process::{Command, Output, Stdio};

use libtest_mimic::Failed;
use netverdict_lab::filter::{Events, Filter};
use netverdict_lab::{Lab, LabError, Purpose, XdpMode};
use netverdict_policy::image::MapImage;

use crate::Case;
use crate::given;

pub(crate) const CASES: &[Case] = &[
    ("native_clients_get_what_the_policy_lets_through", || {
        served(XdpMode::Native)
    }),
    ("generic_clients_get_what_the_policy_lets_through", || {
        served(XdpMode::Generic)
    }),
    ("native_large_bodies_arrive_whole", || {
        large(XdpMode::Native)
    }),
    ("generic_large_bodies_arrive_whole", || {
        large(XdpMode::Generic)
    }),
    ("nobody_by_that_name_is_an_error", unknown),
];

fn clients(mode: XdpMode, image: &MapImage) -> Result<(Filter, Lab), Failed> {
    let mut filter = given::filter();
    filter.install(image, Events::None)?;
    let mut lab = Lab::build(&given::plan(1500), Purpose::Clients)?;
    lab.serve(|workload, port| format!("{} at {port}\n", workload.name))?;
    lab.attach(&mut filter, mode)?;
    Ok((filter, lab))
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

fn served(mode: XdpMode) -> Result<(), Failed> {
    let (mut filter, lab) = clients(mode, &given::image())?;
    let inventory = "inventory at 50051/tcp\n";
    let billing = "billing at 8080/tcp\n";
    let v4 = ["http://192.0.2.10:30007/", "http://192.0.2.10:30008/"];
    let v6 = [
        "http://[2001:db8::10]:30007/",
        "http://[2001:db8::10]:30008/",
    ];
    for (host, url, answer) in [
        ("monitoring", v4[0], Some(inventory)),
        ("monitoring", v4[1], Some(billing)),
        ("scanner", v4[0], None),
        ("scanner", v4[1], Some(billing)),
        ("scanner", v6[0], None),
        ("scanner", v6[1], Some(billing)),
    ] {
        let patience = if answer.is_some() { "10" } else { "0.5" };
        let output = curl(&lab, host, &["--max-time", patience, url])?;
        let said = String::from_utf8_lossy(&output.stdout);
        match answer {
            Some(answer) => assert_eq!(said, answer, "{host} {url}: {output:?}"),
            None => assert_eq!(
                (output.status.code(), &*said),
                (Some(TIMED_OUT), ""),
                "{host} {url}"
            ),
        }
    }
    // With the policy gone, the same requests are answered.
    filter.install(&MapImage::default(), Events::None)?;
    for url in [v4[0], v6[0]] {
        let output = curl(&lab, "scanner", &["--max-time", "10", url])?;
        assert_eq!(String::from_utf8_lossy(&output.stdout), inventory, "{url}");
    }
    Ok(())
}

fn large(mode: XdpMode) -> Result<(), Failed> {
    const LENGTH: usize = 3_000_000;
    let (_filter, mut lab) = clients(mode, &MapImage::default())?;
    lab.serve(|_, _| "x".repeat(LENGTH))?;
    for url in ["http://192.0.2.10:30007/", "http://[2001:db8::10]:30007/"] {
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
        let output = curl(&lab, "scanner", &sent)?;
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
    let (_filter, lab) = clients(XdpMode::Native, &MapImage::default())?;
    let error = lab.spawn("scaner", &["true".into()]);
    let Err(LabError::UnknownMember { name, known }) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(name, "scaner");
    assert_eq!(
        known,
        &["monitoring", "scanner", "inventory", "billing", "node"]
    );
    for member in known {
        assert!(lab.spawn(member, &["true".into()])?.wait()?.success());
    }
    Ok(())
}
