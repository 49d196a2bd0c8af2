//! A library of films and one of series, with pictures and metadata as managers leave them.

use std::fs::{File, create_dir_all};
use std::io::{self, Write};
use std::path::Path;

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Films, each in a folder of its own.
    pub films: u64,
    series: u64,
    seasons: u64,
    episodes: u64,
}

impl Scale {
    /// What the figures are of: 10,000 films and 20,000 episodes.
    pub const FULL: Self = Self { films: 10_000, series: 400, seasons: 5, episodes: 10 };
    /// Just enough to see that everything works.
    pub const QUICK: Self = Self { films: 100, series: 5, seasons: 2, episodes: 5 };

    /// Films alone.
    pub fn of_films(films: u64) -> Self {
        Self { films, series: 0, ..Self::QUICK }
    }

    /// Episodes of all series.
    pub fn episodes(self) -> u64 {
        self.series * self.seasons * self.episodes
    }
}

/// Makes the libraries `films` and `tv` in a folder.
pub fn make(media: &Path, scale: Scale) -> io::Result<()> {
    // The root of a library is never empty.
    create_dir_all(media.join("tv/a shelf"))?;
    for film in 0..scale.films {
        let name = format!("A film of some length {film} ({})", 1950 + film % 70);
        let folder = media.join("films").join(format!("{name} {{tmdb-{film}}}"));
        create_dir_all(&folder)?;
        file(&folder.join(format!("{name}.mkv")), b"")?;
        file(&folder.join(format!("{name}.en.srt")), b"")?;
        file(&folder.join("poster.jpg"), b"a picture")?;
    }
    for series in 0..scale.series {
        let name = format!("A series of some length {series}");
        let folder = media.join("tv").join(format!("{name} (2001) {{tvdb-{series}}}"));
        for season in 1..=scale.seasons {
            let season_folder = folder.join(format!("Season {season:02}"));
            create_dir_all(&season_folder)?;
            for episode in 1..=scale.episodes {
                file(&season_folder.join(format!("{name} - S{season:02}E{episode:02} - A title.mkv")), b"")?;
            }
        }
        file(&folder.join("poster.jpg"), b"a picture")?;
    }
    Ok(())
}

fn file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create(path)?.write_all(bytes)
}
