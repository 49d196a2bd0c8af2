//! A library of films to show posterfs with: real small videos and real drawn pictures, all made here, the same on
//! every machine. The films are invented; so are their ids.
//!
//! - `font`: letters as bits; `scene`: a landscape from a number; `artwork`: posters, fanart, logos
//! - `video`: Motion JPEG in AVI, which every player knows and which is simple to write
//! - `library`: the films and how they lie on disk
//! - `server`: their pictures, offered in the dialect of a provider
//! - `run`: the way of their pictures into a view, with the code of the real commands

mod artwork;
mod font;
mod library;
mod run;
mod scene;
mod server;
mod video;

pub use artwork::{Size, draw_clearlogo, draw_fanart, draw_poster};
pub use library::{DemoFilm, DemoLibrary, make_library};
pub use run::{Demo, DemoError, Shown};
pub use server::PictureServer;
pub use video::write_video;
