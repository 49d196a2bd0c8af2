//! Stream details: what is in the videos of a library, read where a file is new or another one.
//!
//! A phase of its own behind the scan, as it takes far longer. Each file is one transaction, so it may be killed at any
//! instant. It asks nothing of entities but their videos: unmonitored ones are kept up to date like all others. That no
//! program is there to read them is no error.

use serde::Serialize;

use crate::catalog::{Catalog, Library, VideoIdentity};
use crate::library::{EntryKind, Source};
use crate::model::{Clock, RelPath};
use crate::naming::split_extension;
use crate::streams::{Prober, StreamError};

use super::{PhaseError, Progress};

/// How many videos are asked of the catalog at a time.
const PAGE: u32 = 500;

/// Videos by name in which no streams can be found: links to elsewhere, playlists, images and parts of discs.
const WITHOUT_STREAMS: &[&[u8]] = &[
    b"strm", b"iso", b"img", b"nrg", b"udf", b"ifo", b"bdmv", b"bdm", b"disc", b"m3u", b"m3u8", b"pls", b"mpls",
    b"mpl", b"xspf", b"wpl", b"asx", b"rss", b"sdp", b"url", b"zip", b"pxml", b"mpd", b"001",
];

/// What reading came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct StreamReport {
    /// Files that were read.
    pub read: u64,
    /// Files that are as they were when they were read.
    pub unchanged: u64,
    /// Files of which nothing could be made, or that could not be opened.
    pub unreadable: u64,
    /// Whether there is no program that reads files: nothing was done.
    pub is_without_program: bool,
}

/// Reads what is in the videos of a library that are new or have changed.
///
/// # Errors
/// When the catalog cannot be read or written. What concerns single files is part of the report.
pub fn read_streams(
    catalog: &mut Catalog,
    library: &Library,
    source: &Source,
    prober: &Prober,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Result<StreamReport, PhaseError> {
    let mut reading = Reading { catalog, library, source, prober, clock, report: StreamReport::default() };
    progress.start(None);
    let result = reading.all(progress);
    progress.finish();
    result.map(|()| reading.report)
}

struct Reading<'a> {
    catalog: &'a mut Catalog,
    library: &'a Library,
    source: &'a Source,
    prober: &'a Prober,
    clock: &'a dyn Clock,
    report: StreamReport,
}

impl Reading<'_> {
    fn all(&mut self, progress: &dyn Progress) -> Result<(), PhaseError> {
        let mut after = None;
        loop {
            let page = self.catalog.video_paths(self.library.id, after.as_ref(), PAGE)?;
            for path in page.iter().filter(|path| has_streams(path)) {
                self.one(path)?;
                if self.report.is_without_program {
                    return Ok(());
                }
                progress.advance(1);
            }
            match page.into_iter().last() {
                Some(last) => after = Some(last),
                None => return Ok(self.catalog.forget_videos(self.library.id)?),
            }
        }
    }

    fn one(&mut self, path: &RelPath) -> Result<(), PhaseError> {
        let library = self.library.id;
        let Ok(stat) = self.source.stat(path).inspect_err(|error| tracing::debug!(%error, "no stream details")) else {
            self.report.unreadable += 1;
            return Ok(());
        };
        // A link to a folder, or a file that is being replaced.
        if stat.kind != EntryKind::File {
            return Ok(());
        }
        let identity = VideoIdentity { inode: stat.inode, byte_count: stat.size_bytes, mtime_ns: stat.mtime_ns };
        if self.catalog.is_video_known(library, path, identity)?
            || self.catalog.take_over_video(library, path, identity)?
        {
            self.report.unchanged += 1;
            return Ok(());
        }
        self.read(path, identity)
    }

    fn read(&mut self, path: &RelPath, identity: VideoIdentity) -> Result<(), PhaseError> {
        let Ok(file) = self.source.open_file(path).inspect_err(|error| tracing::debug!(%error, "no stream details"))
        else {
            self.report.unreadable += 1;
            return Ok(());
        };
        let details = match self.prober.probe(file) {
            Err(StreamError::NoProgram { program }) => {
                tracing::info!(program, "stream details are not read, as the program is not there");
                self.report.is_without_program = true;
                return Ok(());
            }
            // These may go better another time, so nothing is noted.
            Err(error @ (StreamError::Timeout { .. } | StreamError::Run { .. })) => {
                tracing::warn!(path = %self.source.display_path(path).display(), %error, "no stream details");
                self.report.unreadable += 1;
                return Ok(());
            }
            Err(error) => {
                tracing::info!(path = %self.source.display_path(path).display(), %error, "no stream details");
                None
            }
            Ok(details) => Some(details),
        };
        let count = if details.is_some() { &mut self.report.read } else { &mut self.report.unreadable };
        *count += 1;
        Ok(self.catalog.record_video(self.library.id, path, identity, details.as_ref(), self.clock.now())?)
    }
}

fn has_streams(path: &RelPath) -> bool {
    let Some(name) = path.name() else { return false };
    let extension = split_extension(name.as_bytes()).1.to_ascii_lowercase();
    !WITHOUT_STREAMS.contains(&extension.as_slice())
}
