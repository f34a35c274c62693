//! What a host makes of IPv4 options.

/// All options of a packet together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Options {
    /// Nothing that would keep a packet from being delivered.
    Harmless,
    /// A source route, loose or strict: refused unless the interface is told to
    /// accept it (`ip_rcv_options` in net/ipv4/ip_input.c).
    SourceRoute,
    /// Bytes that are no options: dropped (`__ip_options_compile` in
    /// net/ipv4/ip_options.c).
    Malformed,
}

impl Options {
    /// Reads the bytes between the fixed header and the payload.
    pub(super) fn of(mut bytes: &[u8]) -> Options {
        let mut seen = Vec::new();
        while let [kind, behind @ ..] = bytes {
            match *kind {
                END => break,
                NO_OPERATION => bytes = behind,
                kind => {
                    let whole = (behind.first())
                        .and_then(|length| bytes.split_at_checked(usize::from(*length)))
                        .filter(|(option, _)| option.len() >= 2);
                    let Some((option, behind)) = whole else {
                        return Options::Malformed;
                    };
                    let kind = match kind {
                        // One route is enough, of whichever kind.
                        STRICT_ROUTE => LOOSE_ROUTE,
                        kind => kind,
                    };
                    let again = matches!(kind, RECORD_ROUTE | TIMESTAMP | LOOSE_ROUTE)
                        && seen.contains(&kind);
                    if again || !is_well_formed(kind, option) {
                        return Options::Malformed;
                    }
                    seen.push(kind);
                    bytes = behind;
                }
            }
        }
        if seen.contains(&LOOSE_ROUTE) {
            Options::SourceRoute
        } else {
            Options::Harmless
        }
    }
}

/// Whether the option is long enough, and its pointer leaves room for what is
/// to be written, or none at all.
fn is_well_formed(kind: u8, option: &[u8]) -> bool {
    let byte = |index: usize| option.get(index).copied().map(usize::from);
    // Pointers count from 1.
    let is_full = |pointer: usize| pointer > option.len();
    let takes = |bytes: usize, pointer: usize| pointer + bytes - 1 <= option.len();
    match kind {
        RECORD_ROUTE => {
            byte(2).is_some_and(|pointer| pointer >= 4 && (is_full(pointer) || takes(4, pointer)))
        }
        LOOSE_ROUTE => byte(2).is_some_and(|pointer| pointer >= 4),
        TIMESTAMP => byte(2).zip(byte(3)).is_some_and(|(pointer, flags)| {
            // The low half says what is written, the high half counts the hosts
            // that found no room.
            let (form, missed) = (flags & 0x0f, flags >> 4);
            let room = match (is_full(pointer), form) {
                (false, 1 | 3) => takes(8, pointer),
                (false, _) => takes(4, pointer),
                (true, 3) => true,
                (true, _) => missed < 15,
            };
            pointer >= 5 && room
        }),
        ROUTER_ALERT => option.len() >= 4,
        // Of no domain of interpretation that this host knows.
        SECURITY_LABEL => false,
        _ => true,
    }
}

// Option kinds (RFC 791 §3.1, RFC 2113, and CIPSO, FIPS 188).
const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const RECORD_ROUTE: u8 = 7;
const TIMESTAMP: u8 = 68;
const LOOSE_ROUTE: u8 = 131;
const SECURITY_LABEL: u8 = 134;
const STRICT_ROUTE: u8 = 137;
const ROUTER_ALERT: u8 = 148;
