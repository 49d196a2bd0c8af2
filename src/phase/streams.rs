//! Stream details: what is in the videos of a library, read where a file is new or another one.
//!
//! A phase of its own behind the scan, as it takes far longer: a few files are read at a time, and written down in the order
//! of their paths. Each file is one transaction, so it may be killed at any instant. It asks nothing of entities but their
//! videos: unmonitored ones are kept up to date like all others. That no program is there to read them is no error.

use std::collections::VecDeque;
use std::fs::File;

use serde::Serialize;

use crate::catalog::{Catalog, Library, VideoIdentity};
use crate::library::{EntryKind, Helpers, Pending, Source, with_helpers};
use crate::model::{Clock, RelPath, StreamDetails};
use crate::naming::split_extension;
use crate::streams::{Prober, StreamError};

use super::progress::may_stop;
use super::{PhaseError, Progress};

/// How many videos are asked of the catalog at a time.
const PAGE: u32 = 500;

/// How many files are read at a time. Most of the time goes into starting the program and waiting for the disk.
const AT_A_TIME: usize = 4;

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
    let (under_way, report) = (VecDeque::new(), StreamReport::default());
    let reading = Reading { catalog, library, source, clock, progress, under_way, report };
    progress.start(None);
    let result = with_helpers(AT_A_TIME, &|file| prober.probe(file), |helpers| reading.all(helpers));
    progress.finish();
    result
}

type Probed = Result<StreamDetails, StreamError>;

struct Reading<'a> {
    catalog: &'a mut Catalog,
    library: &'a Library,
    source: &'a Source,
    clock: &'a dyn Clock,
    progress: &'a dyn Progress,
    under_way: VecDeque<UnderWay>,
    report: StreamReport,
}

/// A file that is being read.
struct UnderWay {
    path: RelPath,
    identity: VideoIdentity,
    details: Pending<Probed>,
}

impl Reading<'_> {
    fn all(mut self, helpers: &Helpers<'_, File, Probed>) -> Result<StreamReport, PhaseError> {
        let mut after = None;
        loop {
            let page = self.catalog.video_paths(self.library.id, after.as_ref(), PAGE)?;
            for path in page.iter().filter(|path| has_streams(path)) {
                may_stop(self.progress)?;
                match self.changed(path)? {
                    None => self.progress.advance(1),
                    Some((identity, file)) => {
                        let details = helpers.ask(file);
                        self.under_way.push_back(UnderWay { path: path.clone(), identity, details });
                    }
                }
                self.settle(helpers, AT_A_TIME)?;
                if self.report.is_without_program {
                    return Ok(self.report);
                }
            }
            match page.into_iter().last() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        self.settle(helpers, 0)?;
        if !self.report.is_without_program {
            self.catalog.forget_videos(self.library.id)?;
        }
        Ok(self.report)
    }

    /// Writes down what was read until only so many files are under way.
    fn settle(&mut self, helpers: &Helpers<'_, File, Probed>, under_way: usize) -> Result<(), PhaseError> {
        while self.under_way.len() > under_way
            && !self.report.is_without_program
            && let Some(UnderWay { path, identity, details }) = self.under_way.pop_front()
        {
            let details = helpers.wait(details);
            self.record(&path, identity, details)?;
        }
        Ok(())
    }

    /// The file at that path, if it is to be read: it is new, or another one than when it was read.
    fn changed(&mut self, path: &RelPath) -> Result<Option<(VideoIdentity, File)>, PhaseError> {
        let library = self.library.id;
        let Ok(stat) = self.source.stat(path).inspect_err(|error| tracing::debug!(%error, "no stream details")) else {
            self.report.unreadable += 1;
            return Ok(None);
        };
        // A link to a folder, or a file that is being replaced.
        if stat.kind != EntryKind::File {
            return Ok(None);
        }
        let identity = VideoIdentity { inode: stat.inode, byte_count: stat.size_bytes, mtime_ns: stat.mtime_ns };
        if self.catalog.is_video_known(library, path, identity)?
            || self.catalog.take_over_video(library, path, identity)?
        {
            self.report.unchanged += 1;
            return Ok(None);
        }
        let file = self.source.open_file(path).inspect_err(|error| tracing::debug!(%error, "no stream details"));
        self.report.unreadable += u64::from(file.is_err());
        Ok(file.ok().map(|file| (identity, file)))
    }

    fn record(&mut self, path: &RelPath, identity: VideoIdentity, details: Probed) -> Result<(), PhaseError> {
        let shown = || self.source.display_path(path);
        let details = match details {
            Err(StreamError::NoProgram { program }) => {
                tracing::info!(program, "stream details are not read, as the program is not there");
                self.report.is_without_program = true;
                return Ok(());
            }
            // These may go better another time, so nothing is noted.
            Err(error @ (StreamError::Timeout { .. } | StreamError::Run { .. })) => {
                tracing::warn!(path = %shown().display(), %error, "no stream details");
                self.report.unreadable += 1;
                self.progress.advance(1);
                return Ok(());
            }
            Err(error) => {
                tracing::info!(path = %shown().display(), %error, "no stream details");
                None
            }
            Ok(details) => Some(details),
        };
        let count = if details.is_some() { &mut self.report.read } else { &mut self.report.unreadable };
        *count += 1;
        self.catalog.record_video(self.library.id, path, identity, details.as_ref(), self.clock.now())?;
        self.progress.advance(1);
        Ok(())
    }
}

fn has_streams(path: &RelPath) -> bool {
    let Some(name) = path.name() else { return false };
    let extension = split_extension(name.as_bytes()).1.to_ascii_lowercase();
    !WITHOUT_STREAMS.contains(&extension.as_slice())
}
