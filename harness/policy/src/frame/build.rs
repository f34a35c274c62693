//! From a description to bytes.

use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::{EtherType, EtherTypes, MutableEthernetPacket};
use pnet_packet::vlan::{ClassOfService, MutableVlanPacket};

use super::length::{ARP, ETHERNET, TAG};
use super::probe::{MIN_PAYLOAD, payload};
use super::{Body, FrameError, FrameSpec, ProbeId, VlanTag, ip, length, probe_mac};

/// The bytes of a frame, from the Ethernet header on, without FCS.
pub type Frame = Vec<u8>;

/// Makes the frame, its source MAC [`probe_mac`], its payload beginning with
/// the magic and the id.
///
/// Everything that the description does not tell to lie is right, checksums
/// included: those of TCP, UDP, SCTP and ICMP cover the bytes that are there,
/// also in a fragment. ARP carries the payload as trailing padding, a neighbour
/// solicitation in an experimental option.
///
/// # Errors
/// Where the description cannot be put into bytes.
pub fn build(spec: &FrameSpec, id: ProbeId, destination_mac: [u8; 6]) -> Result<Frame, FrameError> {
    let whole = length::whole(spec);
    if let Some(to) = spec.truncate
        && !(ETHERNET..=whole).contains(&to)
    {
        return Err(FrameError::Truncation { to, length: whole });
    }
    let (ethertype, body) = match &spec.body {
        Body::Ip(packet) => ip::packet(packet, id)?,
        Body::Arp { sender, target } => {
            let mut bytes = vec![0; ARP];
            let mut arp = MutableArpPacket::new(&mut bytes).expect("28 bytes hold ARP");
            arp.set_hardware_type(ArpHardwareTypes::Ethernet);
            arp.set_protocol_type(EtherTypes::Ipv4);
            arp.set_hw_addr_len(6);
            arp.set_proto_addr_len(4);
            arp.set_operation(ArpOperations::Request);
            arp.set_sender_hw_addr(probe_mac(id).into());
            arp.set_sender_proto_addr(*sender);
            arp.set_target_proto_addr(*target);
            bytes.extend(payload(id, MIN_PAYLOAD));
            (EtherTypes::Arp, bytes)
        }
        Body::Other { ethertype } => {
            if let 0x0800 | 0x86dd | 0x8100 | 0x88a8 = ethertype {
                return Err(FrameError::Ethertype(*ethertype));
            }
            (EtherType(*ethertype), payload(id, MIN_PAYLOAD))
        }
    };
    let mut frame = vec![0; ETHERNET];
    let mut ethernet = MutableEthernetPacket::new(&mut frame).expect("14 bytes hold Ethernet");
    ethernet.set_destination(destination_mac.into());
    ethernet.set_source(probe_mac(id).into());
    ethernet.set_ethertype(
        (spec.tags.first()).map_or(ethertype, |outermost| EtherType(outermost.tpid)),
    );
    for (index, tag) in spec.tags.iter().enumerate() {
        let inside = spec.tags.get(index + 1);
        frame.extend(tag_bytes(
            *tag,
            inside.map_or(ethertype, |inside| EtherType(inside.tpid)),
        )?);
    }
    frame.extend(body);
    frame.truncate(spec.truncate.unwrap_or(whole));
    Ok(frame)
}

/// The tag behind its own protocol identifier: control information, and what
/// follows.
fn tag_bytes(tag: VlanTag, ethertype: EtherType) -> Result<[u8; TAG], FrameError> {
    let VlanTag { tpid, id, priority } = tag;
    if !matches!(tpid, 0x8100 | 0x88a8) {
        return Err(FrameError::TagProtocol(tpid));
    }
    if id > 0x0fff {
        return Err(FrameError::VlanId(id));
    }
    if priority > 7 {
        return Err(FrameError::VlanPriority(priority));
    }
    let mut bytes = [0; TAG];
    let mut vlan = MutableVlanPacket::new(&mut bytes).expect("4 bytes hold a tag");
    vlan.set_priority_code_point(ClassOfService(priority));
    vlan.set_vlan_identifier(id);
    vlan.set_ethertype(ethertype);
    Ok(bytes)
}
