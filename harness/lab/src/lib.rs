//! Everything that needs privileges.
