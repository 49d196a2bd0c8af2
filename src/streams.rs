//! What is in video files, as `ffprobe` tells.
//!
//! - `ffprobe.rs`: what it writes, understood; a pure function of bytes
//! - `prober.rs`: running it, bounded in time and output
//!
//! `ffprobe` reads every container there is and is installed wherever media are dealt with. Where it is not, stream
//! details are simply not known.

mod ffprobe;
mod prober;

pub use ffprobe::{ParseError, parse};
pub use prober::{Prober, StreamError};
