//! The work: scan, select, publish, export.
