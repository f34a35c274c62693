//! Proofs as text.

use std::fmt::Write as _;

use super::finding::{Claim, Finding, Side, in_hex};
use super::proof::Proof;
use crate::words::counted;

/// Prefixes of one finding that are listed, and lines of what the maps hold.
const MOST: usize = 12;

/// A paragraph for each.
pub fn render(proofs: &[Proof], capture: &str) -> String {
    let mut text = String::new();
    for proof in proofs {
        let _ = writeln!(text, "{}", proof.subject);
        claim(&mut text, proof, Claim::Maps, &maps(proof));
        claim(&mut text, proof, Claim::Program, &program(proof));
        claim(
            &mut text,
            proof,
            Claim::Configuration,
            &configuration(proof),
        );
        for finding in &proof.findings {
            describe(&mut text, finding, capture);
        }
        for why in &proof.inconclusive {
            let _ = writeln!(text, "     inconclusive: {why}");
        }
        if proof.interrupted {
            let _ = writeln!(text, "     interrupted: not everything was tried");
        }
    }
    text.push_str(&summary(proofs));
    text
}

fn claim(text: &mut String, proof: &Proof, claim: Claim, about: &str) {
    let (letter, holds, fails) = match claim {
        Claim::Maps => (
            "A",
            "the maps mean what the policy says",
            "the maps do not mean what the policy says",
        ),
        Claim::Program => (
            "B",
            "the program over them does what the policy says",
            "the program over them does not do what the policy says",
        ),
        Claim::Configuration => (
            "C",
            "no prefilter lets past the policy what it denies",
            "a prefilter lets past the policy what it denies",
        ),
    };
    let is_right = proof.holds(claim);
    let words = match is_right {
        true => holds,
        false => fails,
    };
    let mark = match (is_right, claim, &proof.xfail) {
        (true, ..) => "ok",
        (false, Claim::Configuration, Some(_)) => "XFAIL",
        (false, ..) => "WRONG",
    };
    let _ = writeln!(text, "  {letter} {mark:<5} {words}: {about}");
}

fn maps(proof: &Proof) -> String {
    let maps = &proof.maps;
    let whence = match maps.entries {
        Some(entries) => format!(
            "{} read back from the kernel",
            counted_as(entries, "entry", "entries")
        ),
        None => "the compiled image, not the kernel's maps".to_owned(),
    };
    let mut text = format!(
        "{} over every address, {whence}",
        counted(maps.questions, "question")
    );
    for line in maps.strays.iter().chain(&maps.differing).take(MOST) {
        let _ = write!(text, "\n       {line}");
    }
    let more = (maps.strays.len() + maps.differing.len()).saturating_sub(MOST);
    if more > 0 {
        let _ = write!(text, "\n       and {more} more");
    }
    text
}

fn program(proof: &Proof) -> String {
    let program = &proof.program;
    let cut = match program.cut_everywhere {
        true => "every prefix",
        false => "every prefix that their hook and port look at",
    };
    let mut text = format!(
        "{} plain frames at {} atoms cut at {cut}, {} packets of every class and shape with reason \
         and rule; what is right is by the oracle for {} of them, by the policy read as sets for {}",
        program.frames,
        program.atoms,
        program.packets,
        program.by_oracle.min(program.frames + program.packets),
        (program.frames + program.packets).saturating_sub(program.by_oracle),
    );
    if program.party == "interpreter" {
        text.push_str(" (the interpreter stands in for the kernel)");
    }
    if program.proposes {
        text.push_str(
            "\n       of what policies in dry run propose, A compares every address; here the \
             packets ask for it at one address of each range that is judged alike now, the plain \
             frames do not",
        );
    }
    for line in &program.unbalanced {
        let _ = write!(text, "\n       {line}");
    }
    text
}

fn configuration(proof: &Proof) -> String {
    let ways = counted(proof.configuration.passages, "way");
    match (&proof.xfail, proof.holds(Claim::Configuration)) {
        (Some(reason), false) => format!("{ways} past it; expected: {reason}"),
        _ => format!("{ways} past it"),
    }
}

fn describe(text: &mut String, finding: &Finding, capture: &str) {
    for prefix in finding.addresses.iter().take(MOST) {
        let _ = writeln!(text, "     {}", finding.sentence(prefix));
    }
    let more = finding.addresses.len().saturating_sub(MOST);
    if more > 0 {
        let _ = writeln!(text, "     and so of {more} more prefixes");
    }
    for Side { who, rules, .. } in [&finding.policy, &finding.other] {
        for rule in rules {
            let _ = writeln!(text, "       {who}: {rule}");
        }
    }
    let place = match finding.packet {
        0 => String::new(),
        number => format!("packet {number} of {capture}, "),
    };
    let _ = writeln!(text, "       witness: {place}{}", in_hex(&finding.witness));
}

fn summary(proofs: &[Proof]) -> String {
    let failing = |claim| proofs.iter().filter(|proof| !proof.holds(claim)).count();
    format!(
        "{}: A fails for {}, B for {}, C for {}\n",
        counted(proofs.len(), "subject"),
        failing(Claim::Maps),
        failing(Claim::Program),
        failing(Claim::Configuration)
    )
}

fn counted_as(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
