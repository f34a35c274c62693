//! Captures, byte by byte.

/// In which order the bytes of a number stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }
}

/// Frames a second apart, each 7 units of time into its own.
pub(super) fn pcap(order: Order, magic: u32, link: u32, frames: &[&[u8]]) -> Vec<u8> {
    let mut bytes = order.u32(magic).to_vec();
    bytes.extend(order.u16(2));
    bytes.extend(order.u16(4));
    for field in [0, 0, 262_144, link] {
        bytes.extend(order.u32(field));
    }
    for (frame, seconds) in frames.iter().zip(1_700_000_000..) {
        let length = u32::try_from(frame.len()).expect("short");
        for field in [seconds, 7, length, length] {
            bytes.extend(order.u32(field));
        }
        bytes.extend(*frame);
    }
    bytes
}

/// A section of pcapng.
#[derive(Clone, Debug)]
pub(super) struct Ng {
    order: Order,
    pub(super) bytes: Vec<u8>,
}

impl Ng {
    pub(super) fn new(order: Order) -> Ng {
        let mut ng = Ng {
            order,
            bytes: Vec::new(),
        };
        let mut header = order.u32(0x1a2b_3c4d).to_vec();
        header.extend(order.u16(1));
        header.extend(order.u16(0));
        header.extend([0xff; 8]);
        ng.unknown(0x0a0d_0d0a, &header);
        ng
    }

    pub(super) fn interface(&mut self, link: u16, snap: u32, options: &[(u16, &[u8])]) -> &mut Ng {
        let mut body = self.order.u16(link).to_vec();
        body.extend([0; 2]);
        body.extend(self.order.u32(snap));
        for (code, value) in options {
            body.extend(self.order.u16(*code));
            body.extend(self.order.u16(u16::try_from(value.len()).expect("short")));
            body.extend(padded(value));
        }
        self.unknown(1, &body)
    }

    pub(super) fn frame(&mut self, interface: u32, time: u64, frame: &[u8]) -> &mut Ng {
        let body = self.timed(&self.order.u32(interface), time, frame);
        self.unknown(6, &body)
    }

    /// As capturing programs wrote them before there were enhanced blocks.
    pub(super) fn obsolete(&mut self, interface: u16, time: u64, frame: &[u8]) -> &mut Ng {
        let mut head = self.order.u16(interface).to_vec();
        head.extend([0xff; 2]);
        let body = self.timed(&head, time, frame);
        self.unknown(2, &body)
    }

    fn timed(&self, head: &[u8], time: u64, frame: &[u8]) -> Vec<u8> {
        let mut body = head.to_vec();
        let length = u32::try_from(frame.len()).expect("short");
        let (high, low) = ((time >> 32) as u32, time as u32);
        for field in [high, low, length, length] {
            body.extend(self.order.u32(field));
        }
        body.extend(padded(frame));
        body
    }

    /// A frame of the first interface, that had `original` bytes.
    pub(super) fn simple(&mut self, original: u32, frame: &[u8]) -> &mut Ng {
        let mut body = self.order.u32(original).to_vec();
        body.extend(padded(frame));
        self.unknown(3, &body)
    }

    /// Any block.
    pub(super) fn unknown(&mut self, kind: u32, body: &[u8]) -> &mut Ng {
        let length = self
            .order
            .u32(u32::try_from(12 + body.len()).expect("short"));
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.extend(length);
        self
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}
