//! `posterfs demo`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::demo::{Demo, Shown};
use crate::model::{Clock, SystemClock};
use crate::mount::Session;

use super::Outcome;
use super::context::Context;
use super::output::{table, without_numbers};

/// See what posterfs does, on a sample library that it makes itself.
///
/// Makes a few films (real videos), asks a provider of its own what artwork there is for them, scores it, takes the best into a
/// cache, publishes it and mounts the view: the films gain artwork without a byte being copied to them. Needs no account
/// and no network. Stays until Ctrl-C.
///
/// `posterfs demo --once` checks the view and ends by itself; `posterfs demo /tmp/demo` keeps everything in that folder.
#[derive(Debug, Args)]
pub struct DemoCommand {
    /// Where to put it; it stays there afterwards. Default: a temporary folder that goes at the end.
    folder: Option<PathBuf>,
    /// Check that what is read through the mount is what is in the cache, unmount, and end.
    #[arg(long)]
    once: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    library: String,
    view: Option<String>,
    export: Option<String>,
    state: String,
    asked_about: u64,
    offered: u64,
    downloaded: u64,
    pictures: Vec<Shown>,
    checked: Option<usize>,
    mount_error: Option<String>,
}

impl DemoCommand {
    pub fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        let temporary;
        let folder = match &self.folder {
            Some(folder) => folder.as_path(),
            None => {
                temporary = tempfile::Builder::new().prefix("posterfs-demo-").tempdir()?;
                temporary.path()
            }
        };
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        if !context.output.is_json() {
            println!("Making a few films and drawing their artwork …");
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let demo = Demo::prepare(folder, &clock)?;
        match demo.mount() {
            Ok(session) => self.with_mount(context, &demo, session, &mut signals),
            Err(error) => {
                // A failure to mount is an answer too: the same library is shown as real files.
                self.without_mount(context, &demo, &without_numbers(&error.to_string()))
            }
        }
    }

    fn with_mount(
        &self,
        context: &Context,
        demo: &Demo,
        session: Session,
        signals: &mut Signals,
    ) -> anyhow::Result<Outcome> {
        let view = session.mountpoint().to_owned();
        let checked = demo.check(&view)?;
        let report = Report { view: Some(view.display().to_string()), checked: Some(checked), ..report(demo)? };
        // What a temporary folder holds can only be looked at while the view stays.
        let stays = self.folder.is_some() || !self.once;
        context.output.result(&report, |report| {
            let hints = if stays { hints(report, &view) } else { String::new() };
            text(report, demo.media(), &view) + &hints
        })?;
        if !self.once {
            if !context.output.is_json() {
                println!("\nThe view stays until you press Ctrl-C.");
            }
            let stopper = session.stopper();
            let handle = signals.handle();
            std::thread::scope(|scope| {
                scope.spawn(|| signals.forever().take(1).for_each(|_| stopper.stop()));
                session.wait();
                handle.close();
            });
        }
        session.stop();
        if self.once && !context.output.is_json() {
            println!(
                "\nAll {checked} names read as the bytes in the cache; not a byte of the media has changed. Unmounted."
            );
        }
        Ok(Outcome::Done)
    }

    fn without_mount(&self, context: &Context, demo: &Demo, why: &str) -> anyhow::Result<Outcome> {
        let (folder, exported) = demo.export(&SystemClock)?;
        let report =
            Report { export: Some(folder.display().to_string()), mount_error: Some(why.to_owned()), ..report(demo)? };
        context.output.result(&report, |report| {
            format!(
                "The view cannot be mounted here: {why}.\n\nThe same as real files ({} written), by export:\n{}",
                exported.added,
                text(report, demo.media(), &folder)
            )
        })?;
        Ok(if self.once { Outcome::Failed } else { Outcome::Done })
    }
}

fn report(demo: &Demo) -> anyhow::Result<Report> {
    Ok(Report {
        library: demo.media().display().to_string(),
        view: None,
        export: None,
        state: demo.state().path().display().to_string(),
        asked_about: demo.enriched().items,
        offered: demo.enriched().offered,
        downloaded: demo.enriched().downloaded,
        pictures: demo.shown()?,
        checked: None,
        mount_error: None,
    })
}

fn text(report: &Report, media: &Path, view: &Path) -> String {
    let cells = report.pictures.iter().map(|shown| {
        let source = Path::new(&shown.source).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let score = shown.score.map(|score| format!("{score:.1}")).unwrap_or_default();
        let sha256 = shown.sha256.to_string()[..12].to_owned();
        vec![shown.path.clone(), score, shown.candidates.to_string(), sha256, source]
    });
    format!(
        "\nAsked a provider on this machine about {} films: {} candidates, of which the best {} were downloaded.\n\n\
         The library, {}:\n{}\nThe same with its artwork, {}:\n{}\nWhere each picture comes from, how good it is, and among \
         how many candidates it was chosen:\n{}",
        report.asked_about,
        report.offered,
        report.downloaded,
        media.display(),
        tree(media, 1),
        view.display(),
        tree(view, 1),
        table(&["PATH", "SCORE", "OF", "SHA-256", "FROM"], cells),
    )
}

/// What to type to look at the view.
fn hints(report: &Report, view: &Path) -> String {
    let first = report.pictures.first();
    let path = first.map(|shown| shown.path.clone()).unwrap_or_default();
    let title = first.map(|shown| shown.title.clone()).unwrap_or_default();
    format!(
        "\n\nLook at it:\n  ls -la \"{view}\"\n  sha256sum \"{picture}\"\n  posterfs --state \"{state}\" list\n  \
         posterfs --state \"{state}\" candidates \"{title}\"",
        view = view.display(),
        picture = view.join(path).display(),
        state = report.state,
    )
}

/// A folder tree as text.
fn tree(folder: &Path, depth: usize) -> String {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let indent = "  ".repeat(depth);
    entries.iter().fold(String::new(), |mut text, path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            text.push_str(&format!("{indent}{name}/\n{}", tree(path, depth + 1)));
        } else {
            text.push_str(&format!("{indent}{name}\n"));
        }
        text
    })
}
