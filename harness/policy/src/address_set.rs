//! Sets of addresses as their boundary addresses.
