//! How a program is attached to a link.

/// How the program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum XdpMode {
    /// In the driver.
    Native,
    /// In the network stack.
    Generic,
}

/// What the kernel says is attached to the uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// How.
    pub mode: XdpMode,
    /// Which program.
    pub program_id: u32,
}
