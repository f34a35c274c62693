//! Whole frames, byte by byte, where the layout matters most.

use super::*;
use crate::frame::transport::crc32c;

/// Bytes written as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn known_frames() {
    let tagged = FrameSpec {
        tags: vec![tag(0x88a8, 5), tag(0x8100, 21)],
        ..frame(IpPacket {
            options: vec![IpOption::Nop, IpOption::RouterAlert],
            ..v4(SYN)
        })
    };
    let chained = frame(IpPacket {
        extension_headers: vec![ExtensionHeader::HopByHop, ExtensionHeader::Authentication],
        fragment: Some(Fragment {
            offset: 8,
            more: true,
            identification: None,
        }),
        ..v6(Transport::Other { protocol: 59 })
    });
    let arp = FrameSpec {
        tags: Vec::new(),
        body: Body::Arp {
            sender: [198, 51, 100, 7].into(),
            target: [192, 0, 2, 10].into(),
        },
        truncate: None,
    };
    let ethernet = "020000000010026e01020304";
    let id = "9f6e76e301020304";
    for (name, spec, behind_addresses) in [
        (
            "two tags, options, TCP",
            tagged,
            // Tags, header, options, TCP.
            concat!(
                "88a86005",
                "81006015",
                "0800",
                "4700003803040000400683e3",
                "c6336407c000020a",
                "0194040000000000",
                "9c40753701020304000000005002ffff93bf0000"
            ),
        ),
        (
            "hop-by-hop, authentication, fragment",
            chained,
            concat!(
                "86dd",
                "6000000000300040",
                "20010db80bad0000000000000000000720010db8000000000000000000000010",
                "3300010400000000",
                "2c0400000000010000000001000000000000000000000000",
                "3b00000901020304"
            ),
        ),
        (
            "ARP",
            arp,
            concat!(
                "0806",
                "0001080006040001",
                "026e01020304c6336407000000000000c000020a"
            ),
        ),
    ] {
        let bytes = build(&spec, ID, MAC).expect(name);
        assert_eq!(
            hex(&bytes),
            [ethernet, behind_addresses, id].concat(),
            "{name}"
        );
    }
}

#[test]
fn crc32c_of_the_check_string() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}

#[test]
fn ids() {
    for id in [0, 1, 0x0102_0304, u32::MAX] {
        let id = ProbeId(id);
        let bytes = build(&frame(v4(SYN)), id, MAC).expect("a frame");
        assert_eq!(bytes[6..12], probe_mac(id));
        assert_eq!(find_id(&bytes[54..]), Some(id));
        assert_eq!(find_id(&bytes[..61]), None, "the id is cut");
    }
    assert_eq!(find_id(b""), None);
}
