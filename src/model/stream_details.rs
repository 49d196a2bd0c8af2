//! What is in a video file.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Language;

/// What is in a video file, as far as it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StreamDetails {
    /// The format of the file: `matroska`, `mov`, `avi`, …
    pub container: Option<String>,
    /// How long it plays, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Its pictures; mostly one.
    pub video: Vec<VideoStream>,
    /// Its sound, in the order of the file.
    pub audio: Vec<AudioStream>,
    /// Its subtitles.
    pub subtitles: Vec<SubtitleStream>,
}

/// A stream of moving pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VideoStream {
    /// The codec: `h264`, `hevc`, `av1`, …
    pub codec: Option<String>,
    /// Its width in pixels.
    pub width: Option<u32>,
    /// Its height in pixels.
    pub height: Option<u32>,
    /// How more than the usual brightness is coded; `None` for the usual.
    pub hdr: Option<Hdr>,
}

/// A stream of sound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AudioStream {
    /// The codec: `aac`, `truehd`, `dts`, …
    pub codec: Option<String>,
    /// The number of channels; 6 for what is called 5.1.
    pub channels: Option<u16>,
    /// The language spoken.
    pub language: Option<Language>,
}

/// A stream of subtitles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SubtitleStream {
    /// The format: `subrip`, `hdmv_pgs_subtitle`, …
    pub codec: Option<String>,
    /// The language.
    pub language: Option<Language>,
}

/// A way to code more than the usual brightness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hdr {
    /// Perceptual quantisation with static metadata, or with none.
    Hdr10,
    /// Hybrid log-gamma.
    Hlg,
    /// Dolby Vision, alone or over one of the others.
    DolbyVision,
}

/// A word that names no way of coding brightness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of HDR")]
pub struct HdrError(String);

impl fmt::Display for StreamDetails {
    /// For people: `matroska, 2:50:12, hevc 3840×2160 dolbyvision, truehd 8 channels (eng), subtitles (eng, ger)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.container.iter().cloned().collect();
        parts.extend(self.duration_ms.map(play_time));
        parts.extend(self.video.iter().map(ToString::to_string));
        parts.extend(self.audio.iter().map(ToString::to_string));
        let languages: Vec<&str> =
            self.subtitles.iter().filter_map(|stream| stream.language.as_ref()).map(Language::as_str).collect();
        if !self.subtitles.is_empty() {
            parts.push(format!("subtitles ({})", languages.join(", ")));
        }
        f.write_str(&parts.join(", "))
    }
}

fn play_time(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

const UNKNOWN: &str = "unknown";

impl fmt::Display for VideoStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codec.as_deref().unwrap_or(UNKNOWN))?;
        if let (Some(width), Some(height)) = (self.width, self.height) {
            write!(f, " {width}×{height}")?;
        }
        self.hdr.map_or(Ok(()), |hdr| write!(f, " {hdr}"))
    }
}

impl fmt::Display for AudioStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codec.as_deref().unwrap_or(UNKNOWN))?;
        if let Some(channels) = self.channels {
            write!(f, " {channels} {}", if channels == 1 { "channel" } else { "channels" })?;
        }
        self.language.as_ref().map_or(Ok(()), |language| write!(f, " ({language})"))
    }
}

impl Hdr {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Hdr10, Self::Hlg, Self::DolbyVision];

    /// The word of JSON and of the catalog, as Kodi writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hdr10 => "hdr10",
            Self::Hlg => "hlg",
            Self::DolbyVision => "dolbyvision",
        }
    }
}

impl fmt::Display for Hdr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Hdr {
    type Err = HdrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|hdr| hdr.as_str() == text).ok_or_else(|| HdrError(text.to_owned()))
    }
}

impl Serialize for Hdr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
