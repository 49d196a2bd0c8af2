//! What `ffprobe -print_format json -show_format -show_streams` writes.

use serde::Deserialize;

use crate::model::{AudioStream, Hdr, StreamDetails, SubtitleStream, VideoStream};

/// More streams are in no file that plays; what a hostile one claims beyond is passed over.
const STREAMS_MAX: usize = 200;

/// Names of codecs and containers are shorter.
const WORD_BYTES_MAX: usize = 64;

/// What was written is not what `ffprobe` writes.
#[derive(Debug, thiserror::Error)]
#[error("it wrote what is no description of streams: {source}")]
pub struct ParseError {
    /// What is wrong with it.
    #[from]
    source: serde_json::Error,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Format {
    format_name: Option<String>,
    duration: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<i64>,
    height: Option<i64>,
    channels: Option<i64>,
    color_transfer: Option<String>,
    disposition: Disposition,
    tags: Tags,
    side_data_list: Vec<SideData>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Disposition {
    attached_pic: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tags {
    #[serde(alias = "LANGUAGE", alias = "Language")]
    language: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SideData {
    side_data_type: Option<String>,
}

/// Understands what `ffprobe` wrote. What is absurd in it (a width below zero, a language that is none) is left out.
///
/// # Errors
/// When it is no JSON of that form.
pub fn parse(output: &[u8]) -> Result<StreamDetails, ParseError> {
    let output: Output = serde_json::from_slice(output)?;
    let mut details = StreamDetails {
        container: output.format.format_name.as_deref().and_then(container),
        duration_ms: output.format.duration.as_deref().and_then(milliseconds),
        ..StreamDetails::default()
    };
    for stream in output.streams.into_iter().take(STREAMS_MAX) {
        match stream.codec_type.as_deref() {
            // A cover in the file is no video.
            Some("video") if stream.disposition.attached_pic == 0 => details.video.push(video(stream)),
            Some("audio") => details.audio.push(audio(stream)),
            Some("subtitle") => details.subtitles.push(subtitle(stream)),
            _ => {}
        }
    }
    Ok(details)
}

/// The first of the names of one format: `matroska,webm`, `mov,mp4,m4a,3gp,3g2,mj2`.
fn container(names: &str) -> Option<String> {
    word(names.split(',').next().map(str::to_owned))
}

fn milliseconds(seconds: &str) -> Option<u64> {
    let seconds: f64 = seconds.parse().ok()?;
    // A year: beyond it a broken file is more likely than a long film. `as` cannot overflow below it.
    (0.0..=31_536_000.0).contains(&seconds).then_some((seconds * 1000.0).round() as u64)
}

fn video(stream: Stream) -> VideoStream {
    let hdr = hdr(&stream);
    VideoStream {
        codec: word(stream.codec_name),
        width: stream.width.and_then(pixels),
        height: stream.height.and_then(pixels),
        hdr,
    }
}

fn audio(stream: Stream) -> AudioStream {
    AudioStream {
        language: stream.tags.language.and_then(language),
        codec: word(stream.codec_name),
        channels: stream.channels.and_then(|count| u16::try_from(count).ok()).filter(|count| *count > 0),
    }
}

fn subtitle(stream: Stream) -> SubtitleStream {
    SubtitleStream { language: stream.tags.language.and_then(language), codec: word(stream.codec_name) }
}

fn pixels(count: i64) -> Option<u32> {
    u32::try_from(count).ok().filter(|count| *count > 0)
}

/// `und` is what files say where nobody said anything.
fn language(tag: String) -> Option<crate::model::Language> {
    tag.parse().ok().filter(|language: &crate::model::Language| language.base() != "und")
}

fn hdr(stream: &Stream) -> Option<Hdr> {
    let is_dolby = |data: &SideData| data.side_data_type.as_deref().is_some_and(|kind| kind.starts_with("DOVI"));
    if stream.side_data_list.iter().any(is_dolby) {
        return Some(Hdr::DolbyVision);
    }
    match stream.color_transfer.as_deref() {
        Some("smpte2084") => Some(Hdr::Hdr10),
        Some("arib-std-b67") => Some(Hdr::Hlg),
        _ => None,
    }
}

/// A name of a codec or container: short, and of plain characters.
fn word(text: Option<String>) -> Option<String> {
    let is_plain =
        |text: &String| (1..=WORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    text.filter(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILM: &str = r#"{
        "streams": [
            {"index": 0, "codec_name": "hevc", "codec_type": "video", "width": 3840, "height": 2160,
             "color_transfer": "smpte2084", "disposition": {"default": 1, "attached_pic": 0},
             "side_data_list": [{"side_data_type": "DOVI configuration record", "dv_profile": 7}]},
            {"index": 1, "codec_name": "truehd", "codec_type": "audio", "channels": 8, "tags": {"language": "eng"}},
            {"index": 2, "codec_name": "ac3", "codec_type": "audio", "channels": 6, "tags": {"LANGUAGE": "ger"}},
            {"index": 3, "codec_name": "aac", "codec_type": "audio", "channels": 2, "tags": {"language": "und"}},
            {"index": 4, "codec_name": "subrip", "codec_type": "subtitle", "tags": {"language": "pt-br"}},
            {"index": 5, "codec_name": "mjpeg", "codec_type": "video", "width": 600, "height": 900,
             "disposition": {"attached_pic": 1}},
            {"index": 6, "codec_type": "attachment"}
        ],
        "format": {"filename": "file:/dev/stdin", "format_name": "matroska,webm", "duration": "10212.480000"}
    }"#;

    #[test]
    fn a_film() {
        let details = parse(FILM.as_bytes()).unwrap();
        assert_eq!((details.container.as_deref(), details.duration_ms), (Some("matroska"), Some(10_212_480)));
        let video = VideoStream {
            codec: Some("hevc".into()),
            width: Some(3840),
            height: Some(2160),
            hdr: Some(Hdr::DolbyVision),
        };
        assert_eq!(details.video, [video]);
        let sound: Vec<_> = details
            .audio
            .iter()
            .map(|a| (a.codec.as_deref().unwrap(), a.channels.unwrap(), a.language.as_ref().map(|l| l.as_str())))
            .collect();
        assert_eq!(sound, [("truehd", 8, Some("eng")), ("ac3", 6, Some("ger")), ("aac", 2, None)]);
        assert_eq!(
            details.to_string(),
            "matroska, 2:50:12, hevc 3840×2160 dolbyvision, truehd 8 channels (eng), ac3 6 channels (ger), \
             aac 2 channels, subtitles (pt-BR)"
        );
        assert_eq!(details.subtitles.len(), 1);
        assert_eq!(details.subtitles[0].language.as_ref().unwrap().as_str(), "pt-BR");
    }

    #[test]
    fn brightness() {
        for (transfer, hdr) in
            [("smpte2084", Some(Hdr::Hdr10)), ("arib-std-b67", Some(Hdr::Hlg)), ("bt709", None), ("", None)]
        {
            let output = format!(r#"{{"streams":[{{"codec_type":"video","color_transfer":"{transfer}"}}]}}"#);
            assert_eq!(parse(output.as_bytes()).unwrap().video[0].hdr, hdr, "{transfer}");
        }
    }

    #[test]
    fn what_is_absurd_is_left_out() {
        let long = "x".repeat(1000);
        let output = format!(
            r#"{{"streams":[{{"codec_type":"video","codec_name":"{long}","width":-1,"height":99999999999}},
                {{"codec_type":"audio","codec_name":"a\u0007b","channels":0,"tags":{{"language":"klingon!"}}}}],
                "format":{{"format_name":"","duration":"1e300"}}}}"#
        );
        let details = parse(output.as_bytes()).unwrap();
        let expected = StreamDetails {
            video: vec![VideoStream::default()],
            audio: vec![AudioStream::default()],
            ..StreamDetails::default()
        };
        assert_eq!(details, expected);
        for duration in ["N/A", "-1", "NaN", "inf"] {
            let output = format!(r#"{{"format":{{"duration":"{duration}"}}}}"#);
            assert_eq!(parse(output.as_bytes()).unwrap().duration_ms, None, "{duration}");
        }
        let many = format!(r#"{{"streams":[{}{{}}]}}"#, r#"{"codec_type":"audio"},"#.repeat(5000));
        assert_eq!(parse(many.as_bytes()).unwrap().audio.len(), STREAMS_MAX);
        assert_eq!(parse(b"{}").unwrap(), StreamDetails::default());
        for output in [&b""[..], b"1", b"{", b"\xff", br#"{"streams":1}"#] {
            assert!(parse(output).is_err(), "{output:?}");
        }
    }

    proptest! {
        #[test]
        fn no_output_panics(bytes: Vec<u8>, cut in 0..FILM.len()) {
            let _ = parse(&bytes);
            let _ = parse(&FILM.as_bytes()[..cut]);
        }
    }
}
