//! Runs scenarios, compares, reports.
