use std::net::IpAddr;

use super::*;

fn prefix(text: &str) -> Prefix {
    text.parse().expect(text)
}

fn address(text: &str) -> IpAddr {
    text.parse().expect(text)
}

#[test]
fn boundary_addresses() {
    let some = |text| Some(address(text));
    for (text, before, first, last, after) in [
        (
            "10.0.0.0/8",
            some("9.255.255.255"),
            "10.0.0.0",
            "10.255.255.255",
            some("11.0.0.0"),
        ),
        ("0.0.0.0/0", None, "0.0.0.0", "255.255.255.255", None),
        (
            "192.0.2.7/32",
            some("192.0.2.6"),
            "192.0.2.7",
            "192.0.2.7",
            some("192.0.2.8"),
        ),
        (
            "255.255.255.0/24",
            some("255.255.254.255"),
            "255.255.255.0",
            "255.255.255.255",
            None,
        ),
        (
            "::/0",
            None,
            "::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            None,
        ),
        (
            "2001:db8::/32",
            some("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"),
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            some("2001:db9::"),
        ),
        (
            "fd00::1/128",
            some("fd00::"),
            "fd00::1",
            "fd00::1",
            some("fd00::2"),
        ),
    ] {
        let prefix = prefix(text);
        assert_eq!(prefix.before(), before, "{text}");
        assert_eq!(prefix.first(), address(first), "{text}");
        assert_eq!(prefix.last(), address(last), "{text}");
        assert_eq!(prefix.after(), after, "{text}");
    }
}

#[test]
fn rejected_texts() {
    for (text, expected) in [
        ("10.0.0.0", "'10.0.0.0' has no prefix length"),
        ("10.0.0/8", "'10.0.0' is not an IPv4 or IPv6 address"),
        ("10.0.0.0/", "'' is not a prefix length"),
        ("10.0.0.0/+8", "'+8' is not a prefix length"),
        (
            "10.0.0.0/33",
            "prefix length 33 is beyond 32, the longest of IPv4",
        ),
        (
            "10.0.0.0/999",
            "prefix length 999 is beyond 32, the longest of IPv4",
        ),
        (
            "fd00::/129",
            "prefix length 129 is beyond 128, the longest of IPv6",
        ),
        (
            "10.1.0.0/8",
            "10.1.0.0/8 has host bits set: the prefix is 10.0.0.0/8",
        ),
        (
            "fd00::1/64",
            "fd00::1/64 has host bits set: the prefix is fd00::/64",
        ),
    ] {
        let error = text.parse::<Prefix>().expect_err(text);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn families_never_mix() {
    assert!(!prefix("::/0").contains(address("10.0.0.1")));
    assert!(!prefix("0.0.0.0/0").contains(address("::ffff:10.0.0.1")));
    assert!(!prefix("::/0").covers(prefix("10.0.0.0/8")));
}

/// Differences of policies are printed so; the address and the length alone would be
/// two lines of it.
#[test]
fn in_debug_output_it_is_as_it_is_written() {
    let prefix: Prefix = "10.0.0.0/8".parse().expect("a prefix");
    assert_eq!(format!("{prefix:?}"), "10.0.0.0/8");
}
