//! The content-addressed store of pictures.
