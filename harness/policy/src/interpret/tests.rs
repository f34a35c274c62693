//! Bytes written by hand, so that nothing here rests on the frame builder.

mod remembered;
mod workload;

use super::*;
use crate::port::Protocol;

/// Hexadecimal digits, spaces ignored, as bytes.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = (hex.chars().filter(|c| !c.is_whitespace()))
        .map(|c| u8::try_from(c.to_digit(16).expect("a digit")).expect("small"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

const MACS: &str = "020000000010 026e00000001";
const V6_ADDRESSES: &str = "20010db8000000000000000000000007 20010db8000000000000000000000010";

/// An IPv4 packet: version and words, total length, fragment field, protocol.
fn v4(first: &str, total: &str, fragment: &str, protocol: &str, behind: &str) -> String {
    format!("0800 {first}00 {total} 0000 {fragment} 40{protocol} 0000 c6336407 c000020a {behind}")
}

/// An IPv6 packet: version, payload length, next header.
fn v6(version: &str, length: &str, next: &str, behind: &str) -> String {
    format!("86dd {version}0000000 {length} {next} 40 {V6_ADDRESSES} {behind}")
}

/// Port 30007 drops every source; all else passes.
fn image() -> MapImage {
    let mut image = MapImage::default();
    let prefilter = PrefilterImage {
        default_rule: RuleId(1),
        ..PrefilterImage::default()
    };
    for protocol in Protocol::ALL {
        let port = ProtoPort {
            port: 30007,
            protocol,
        };
        image.prefilters.insert(port, prefilter.clone());
    }
    image
}

/// What the uplink does, nothing having been seen before.
fn at_uplink(image: &MapImage, frame: &[u8]) -> Judgement {
    judge(image, Point::Uplink, frame, &mut Memory::tracking())
}

#[test]
fn shapes() {
    // Source port 40000, destination port 30007.
    let ports = "9c40 7537";
    let reached = Reason::PrefilterDefaultDrop;
    let hop = "0000 0104 00000000";
    let chain = |count: usize, last: &str| format!("{}{last}", "0000 0104 00000000".repeat(count));
    let v6_chain = |count: usize| {
        let behind = chain(count - 1, &format!("0600 0104 00000000 {ports}"));
        v6("6", &format!("{:04x}", 8 * count + 4), "00", &behind)
    };
    for (name, behind_macs, expected) in [
        ("ARP", "0806".to_owned(), Reason::NotIp),
        ("an 802.3 length", "0026".to_owned(), Reason::NotIp),
        ("no ethertype", "08".to_owned(), Reason::Truncated),
        ("IPv4", v4("45", "0018", "0000", "06", ports), reached),
        (
            "with padding",
            v4("45", "0018", "0000", "06", &format!("{ports} 0000")),
            reached,
        ),
        (
            "do-not-fragment",
            v4("45", "0018", "4000", "06", ports),
            reached,
        ),
        (
            "other port",
            v4("45", "0018", "0000", "06", "9c40 7538"),
            Reason::NoPrefilter,
        ),
        ("UDP", v4("45", "0018", "0000", "11", ports), reached),
        ("SCTP", v4("45", "0018", "0000", "84", ports), reached),
        (
            "ICMP",
            v4("45", "001c", "0000", "01", "0800 0000 0007 0000"),
            Reason::OtherProtocol,
        ),
        (
            "ICMP cut",
            v4("45", "001b", "0000", "01", "0800 0000 0007 0000"),
            Reason::Truncated,
        ),
        (
            "ICMPv6 in IPv4 is another protocol",
            v4("45", "0014", "0000", "3a", ""),
            Reason::OtherProtocol,
        ),
        (
            "AH is no extension header of IPv4",
            v4("45", "0014", "0000", "33", ""),
            Reason::OtherProtocol,
        ),
        (
            "tag",
            format!("8100 0015 {}", v4("45", "0018", "0000", "06", ports)),
            reached,
        ),
        (
            "two tags",
            format!(
                "88a8 e015 8100 0000 {}",
                v4("45", "0018", "0000", "06", ports)
            ),
            reached,
        ),
        (
            "three tags",
            "8100 0000 8100 0000 8100".to_owned(),
            Reason::TooManyTags,
        ),
        ("half a tag", "8100 0000 81".to_owned(), Reason::Truncated),
        ("tagged ARP", "8100 0000 0806".to_owned(), Reason::NotIp),
        (
            "options",
            v4(
                "47",
                "0020",
                "0000",
                "06",
                &format!("9404000001010101 {ports}"),
            ),
            reached,
        ),
        (
            "header cut",
            "0800 4500001800".to_owned(),
            Reason::Truncated,
        ),
        (
            "version 6 as IPv4",
            v4("65", "0018", "0000", "06", ports),
            Reason::BadIpHeader,
        ),
        (
            "4 words",
            v4("44", "0018", "0000", "06", ports),
            Reason::BadIpHeader,
        ),
        (
            "total below header",
            v4("45", "0013", "0000", "06", ports),
            Reason::BadIpHeader,
        ),
        (
            "total below header with options",
            v4("46", "0017", "0000", "06", ports),
            Reason::BadIpHeader,
        ),
        (
            "total beyond frame",
            v4("45", "0019", "0000", "06", ports),
            Reason::Truncated,
        ),
        (
            "a bad header beats a short frame",
            v4("44", "ffff", "0000", "06", ""),
            Reason::BadIpHeader,
        ),
        (
            "ports behind total",
            v4("45", "0017", "0000", "06", ports),
            Reason::Truncated,
        ),
        (
            "first fragment without ports",
            v4("45", "0017", "2000", "06", ports),
            Reason::FirstFragmentWithoutPorts,
        ),
        (
            "first fragment with ports",
            v4("45", "0018", "2000", "06", ports),
            reached,
        ),
        (
            "last fragment",
            v4("45", "0018", "0001", "06", ports),
            Reason::UntrackedFragment,
        ),
        (
            "a fragment halfway through",
            v4("45", "0018", "1000", "06", ports),
            Reason::UntrackedFragment,
        ),
        (
            "later fragment of anything",
            v4("45", "0014", "3fff", "01", ""),
            Reason::UntrackedFragment,
        ),
        (
            "first fragment of ICMP",
            v4("45", "001c", "2000", "01", "0800 0000 0007 0000"),
            Reason::OtherProtocol,
        ),
        (
            "first fragment of ICMP, cut",
            v4("45", "001b", "2000", "01", "0800 0000 0007 0000"),
            Reason::FirstFragmentWithoutPorts,
        ),
        (
            "first fragment of ESP",
            v4("45", "0014", "2000", "32", ""),
            Reason::OtherProtocol,
        ),
        ("IPv6", v6("6", "0004", "06", ports), reached),
        (
            "version 4 as IPv6",
            v6("4", "0004", "06", ports),
            Reason::BadIpHeader,
        ),
        (
            "IPv6 length beyond frame",
            v6("6", "0005", "06", ports),
            Reason::Truncated,
        ),
        (
            "IPv6 ports behind length",
            v6("6", "0003", "06", ports),
            Reason::Truncated,
        ),
        (
            "ICMPv6",
            v6("6", "0008", "3a", "8000 0000 0007 0000"),
            Reason::OtherProtocol,
        ),
        (
            "ICMPv6 cut",
            v6("6", "0007", "3a", "8000 0000 0007 0000"),
            Reason::Truncated,
        ),
        (
            "ICMP in IPv6 is another protocol",
            v6("6", "0000", "01", ""),
            Reason::OtherProtocol,
        ),
        (
            "no next header",
            v6("6", "0000", "3b", ""),
            Reason::OtherProtocol,
        ),
        ("eight extension headers", v6_chain(8), reached),
        (
            "nine extension headers",
            v6_chain(9),
            Reason::TooManyExtensionHeaders,
        ),
        (
            "the ninth is not there",
            v6("6", "0040", "00", &chain(8, "")),
            Reason::TooManyExtensionHeaders,
        ),
        (
            "the second is not there",
            v6("6", "0008", "00", hop),
            Reason::Truncated,
        ),
        (
            "a long header",
            v6(
                "6",
                "0014",
                "3c",
                &format!("0601 010c {} {ports}", "00".repeat(12)),
            ),
            reached,
        ),
        (
            "a longer header than there is",
            v6("6", "0008", "3c", "3a01 010c 00000000"),
            Reason::Truncated,
        ),
        (
            "AH counts in 4 bytes",
            v6(
                "6",
                "0014",
                "33",
                &format!("0602 0000 {} {ports}", "00".repeat(12)),
            ),
            reached,
        ),
        (
            "atomic fragment",
            v6("6", "000c", "2c", &format!("0600 0000 00000001 {ports}")),
            reached,
        ),
        (
            "IPv6 first fragment",
            v6("6", "000c", "2c", &format!("0600 0001 00000001 {ports}")),
            reached,
        ),
        (
            "IPv6 first fragment without ports",
            v6("6", "000a", "2c", "0600 0001 00000001 9c40"),
            Reason::FirstFragmentWithoutPorts,
        ),
        (
            "reserved bits are no flag",
            v6("6", "000a", "2c", "0600 0006 00000001 9c40"),
            Reason::Truncated,
        ),
        (
            "a fragment header says nothing of its length",
            v6("6", "000c", "2c", &format!("06ff 0000 00000001 {ports}")),
            reached,
        ),
        (
            "header missing from a first fragment",
            v6("6", "0008", "2c", "3c00 0001 00000001"),
            Reason::FirstFragmentWithoutPorts,
        ),
        (
            "IPv6 later fragment",
            v6("6", "0008", "2c", "0600 0008 00000001"),
            Reason::UntrackedFragment,
        ),
        (
            "IPv6 fragment halfway through",
            v6("6", "0008", "2c", "0600 8000 00000001"),
            Reason::UntrackedFragment,
        ),
        (
            "fragment header cut",
            v6("6", "0007", "2c", "0600 0008 000000"),
            Reason::Truncated,
        ),
    ] {
        let judgement = at_uplink(&image(), &bytes(&format!("{MACS} {behind_macs}")));
        assert_eq!(judgement.reason, expected, "{name}");
    }
}

#[test]
fn pass_all_looks_at_nothing() {
    for frame in [&[][..], &[0; 14]] {
        let judgement = at_uplink(&MapImage::pass_all(), frame);
        assert_eq!(judgement.reason, Reason::PassAll);
        assert_eq!(judgement.rule, RuleId::NONE);
    }
}

#[test]
fn the_deny_list_beats_everything_but_a_bad_header() {
    let mut image = image();
    let everyone = ["0.0.0.0/0", "::/0"].map(|text| text.parse().expect(text));
    image.deny_list = everyone.map(|prefix| (prefix, RuleId(2))).into();
    for (name, behind_macs, reason) in [
        (
            "a port",
            v4("45", "0018", "0000", "06", "9c40 7538"),
            Reason::PrefilterDeny,
        ),
        (
            "no port",
            v4("45", "0014", "0000", "06", ""),
            Reason::PrefilterDeny,
        ),
        (
            "a later fragment",
            v4("45", "0014", "0001", "06", ""),
            Reason::PrefilterDeny,
        ),
        ("IPv6", v6("6", "0000", "3a", ""), Reason::PrefilterDeny),
        (
            "a bad header",
            v4("44", "0014", "0000", "06", ""),
            Reason::BadIpHeader,
        ),
        ("no IP", "0806".to_owned(), Reason::NotIp),
    ] {
        let frame = bytes(&format!("{MACS} {behind_macs}"));
        let judgement = at_uplink(&image, &frame);
        assert_eq!(judgement.reason, reason, "{name}");
        let listed = reason == Reason::PrefilterDeny;
        assert_eq!(judgement.rule == RuleId(2), listed, "{name}");
        // Workloads are not asked about it.
        let mut memory = Memory::tracking();
        let there = judge(&image, Point::Ingress(0), &frame, &mut memory);
        assert_ne!(there.reason, Reason::PrefilterDeny, "{name}");
    }
}

#[test]
fn the_longest_prefix_of_a_prefilter_decides() {
    let prefix = |text: &str| text.parse::<Prefix>().expect(text);
    let prefilter = |default_pass, bypass_policy| PrefilterImage {
        default_pass,
        bypass_policy,
        default_rule: RuleId(1),
        sources: BTreeMap::from([
            (prefix("10.0.0.0/8"), Verdict::Allow(RuleId(2))),
            (prefix("10.1.0.0/16"), Verdict::Deny(RuleId(3))),
            (prefix("10.2.0.0/16"), Verdict::NoMatch),
            (prefix("2001:db8::/32"), Verdict::Allow(RuleId(4))),
        ]),
        backends: [].into(),
    };
    for (default_pass, bypasses, source, reason, rule) in [
        (false, false, "10.0.0.0", Reason::PrefilterAllow, 2),
        (
            false,
            true,
            "10.255.255.255",
            Reason::PrefilterAllowBypass,
            2,
        ),
        (true, true, "10.1.0.0", Reason::PrefilterDeny, 3),
        (false, true, "10.2.3.4", Reason::PrefilterDefaultDrop, 1),
        (true, false, "10.2.3.4", Reason::PrefilterDefaultPass, 1),
        (false, true, "2001:db8::1", Reason::PrefilterAllowBypass, 4),
        (false, false, "11.0.0.0", Reason::PrefilterDefaultDrop, 1),
        (true, false, "11.0.0.0", Reason::PrefilterDefaultPass, 1),
        (true, true, "2001:db9::", Reason::PrefilterDefaultBypass, 1),
    ] {
        let prefilter = prefilter(default_pass, bypasses);
        let expected = Judgement {
            reason,
            rule: RuleId(rule),
            proposed: None,
        };
        let source = source.parse().expect(source);
        assert_eq!(
            by_prefilter(&prefilter, source, |_| {}),
            expected,
            "{source} at {prefilter:?}"
        );
    }
}
