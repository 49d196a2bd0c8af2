//! The view as a pure function of source, mappings and hidden originals.
