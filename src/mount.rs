//! The FUSE shell around the overlay.
