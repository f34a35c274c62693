//! What one frame does to those after it.

mod connections;
mod errors;
mod flows;
mod fragments;

use super::workload::{packet, packet_v6, two_workloads};
use super::*;
use crate::image::PolicyEntry;
use crate::scenario::Connections;

/// Allows everything.
fn open() -> GuardImage {
    let everything = PolicyEntry {
        identity: None,
        l4: L4Prefix::All,
    };
    GuardImage {
        default_deny: Some(RuleId(1)),
        allows: true,
        entries: [(everything, Verdict::Allow(RuleId(2)))].into(),
    }
}

/// Allows nothing.
fn closed() -> GuardImage {
    GuardImage {
        default_deny: Some(RuleId(1)),
        ..GuardImage::default()
    }
}

fn reason(image: &MapImage, point: Point, frame: &[u8], memory: &mut Memory) -> Reason {
    judge(image, point, frame, memory).reason
}

/// Judges frames one after the other.
fn sequence(image: &MapImage, frames: &[(Point, Vec<u8>)], mut memory: Memory) -> Vec<Reason> {
    let judged = frames.iter();
    judged
        .map(|(point, frame)| reason(image, *point, frame, &mut memory))
        .collect()
}

const POD: &str = "10.0.0.1";
const PEER: &str = "192.0.2.9";
const OUT: Point = Point::Egress(0);
const IN: Point = Point::Ingress(0);

/// 40000 to 80, and back.
const THERE: &str = "9c40 0050";
const BACK: &str = "0050 9c40";
const PING: &str = "0800 0000 0007 0000";
const PONG: &str = "0000 0000 0007 0000";

/// An unfragmented packet of the pod, and to it.
fn from_pod(protocol: u8, behind: &str) -> (Point, Vec<u8>) {
    (OUT, packet(POD, PEER, "0000 0000", protocol, behind))
}

fn to_pod(protocol: u8, behind: &str) -> (Point, Vec<u8>) {
    (IN, packet(PEER, POD, "0000 0000", protocol, behind))
}
