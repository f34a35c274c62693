//! Which keys a mapping of a scenario may have, and what may stand there: one
//! table for the reader and for the schema, so that neither knows more.

/// A kind of mapping.
#[derive(Debug)]
pub(crate) struct Table {
    /// What a sentence calls it, such as "a probe".
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    /// One or two sentences for whoever writes it.
    pub(crate) doc: &'static str,
    pub(crate) shape: Shape,
}

/// What may stand at a key, as far as an editor can check it.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    /// Text of a form that a regular expression tells (in the dialect of
    /// ECMA-262, as JSON Schema has it).
    Pattern(&'static str),
    Integer {
        least: u64,
        most: u64,
    },
    Boolean,
    /// Nothing: `null` or `~`.
    Null,
    Choice(&'static [&'static str]),
    /// The slug of a [`netverdict_abi::Reason`].
    Reason,
    Mapping(&'static Table),
    List {
        of: &'static Shape,
        least: u64,
    },
    /// A mapping whose keys are names of the author's.
    Named(&'static Shape),
    AnyOf(&'static [Shape]),
}

/// `30007/tcp`.
pub(crate) const PROTO_PORT: Shape = Shape::Pattern("^[1-9][0-9]{0,4}/(tcp|udp|sctp)$");

impl Key {
    pub(crate) const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
        Key {
            name,
            required: true,
            doc,
            shape,
        }
    }

    pub(crate) const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Key {
        Key {
            name,
            required: false,
            doc,
            shape,
        }
    }
}
