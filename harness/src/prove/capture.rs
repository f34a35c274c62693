//! Witnesses as a packet capture.

use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::PcapResult;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};

use super::proof::Proof;

/// Gives each finding's witness its number, from 1, and writes all of them. `None`
/// where there are none. Times in it are all zero: nothing was sent.
///
/// # Errors
/// None that is known of writing to memory.
pub fn number(proofs: &mut [Proof]) -> PcapResult<Option<Vec<u8>>> {
    let header = PcapHeader {
        datalink: DataLink::ETHERNET,
        ..PcapHeader::default()
    };
    let mut writer = PcapWriter::with_header(Vec::new(), header)?;
    let mut count = 0;
    for finding in proofs.iter_mut().flat_map(|proof| &mut proof.findings) {
        count += 1;
        finding.packet = count;
        let length = u32::try_from(finding.witness.len()).unwrap_or(u32::MAX);
        let packet = PcapPacket::new(Duration::ZERO, length, &finding.witness);
        writer.write_packet(&packet)?;
    }
    let bytes = writer.into_writer();
    Ok((count > 0).then_some(bytes))
}
