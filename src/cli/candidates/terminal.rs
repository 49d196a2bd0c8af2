//! Candidates in a terminal: small pictures side by side, a few words under each.
//!
//! - `ask.rs`: what the terminal can, by its own word
//! - `graphics.rs`: how a picture is drawn there

mod ask;
mod graphics;

use std::io::{self, Write};

use rustix::termios::tcgetwinsize;

use crate::cache::Thumbnail;
use crate::phase::Seen;

use super::row::Row;

use graphics::Graphics;

/// How wide a terminal is that does not tell.
const COLUMNS: u16 = 80;

/// The width of a picture and its words, in columns.
const WIDTH: u16 = 24;
/// The space between two of them.
const GAP: u16 = 2;
/// The most lines that a picture takes.
const LINES: u32 = 14;

/// Draws all rows. `is_asked` lets the terminal be asked what it can; else half blocks are drawn.
pub(super) fn draw(rows: &[Row], seen: &[Seen], is_asked: bool) -> anyhow::Result<()> {
    let told = tcgetwinsize(rustix::stdio::stdout()).map(|size| size.ws_col);
    let columns = told.ok().filter(|columns| *columns > 0).unwrap_or(COLUMNS);
    let graphics = Graphics::of_terminal(is_asked);
    let across = usize::from((columns + GAP) / (WIDTH + GAP)).max(1);
    let both: Vec<(&Row, &Seen)> = rows.iter().zip(seen).collect();
    for of_type in both.chunk_by(|(one, _), (other, _)| one.r#type.kind() == other.r#type.kind()) {
        let Some((first, _)) = of_type.first() else { continue };
        println!("{}", first.r#type.kind().as_str());
        for line in of_type.chunks(across) {
            draw_line(line, graphics)?;
        }
    }
    Ok(())
}

/// Pictures beside each other, then what is said of them.
fn draw_line(line: &[(&Row, &Seen)], graphics: Graphics) -> anyhow::Result<()> {
    let lines = line.iter().filter_map(|(_, seen)| seen.as_ref().ok()).map(|small| cells(small).1).max().unwrap_or(0);
    // Room is made first, so that nothing scrolls while the pictures are drawn.
    print!("{}", "\n".repeat(lines as usize));
    if lines > 0 {
        print!("\x1b[{lines}A");
    }
    for (at, (_, seen)) in line.iter().enumerate() {
        if let Ok(small) = seen {
            print!("{}", graphics.drawn(&small.pixels, cells(small), at as u16 * (WIDTH + GAP))?);
        }
    }
    io::stdout().flush()?;
    if lines > 0 {
        print!("\x1b[{lines}B\r");
    }
    let captions: Vec<Vec<String>> = line.iter().map(|(row, seen)| caption(row, seen)).collect();
    for number in 0..captions.iter().map(Vec::len).max().unwrap_or(0) {
        let words = captions.iter().map(|caption| {
            let text = caption.get(number).map_or("", String::as_str);
            format!("{text:<width$}", width = usize::from(WIDTH + GAP))
        });
        println!("{}", words.collect::<String>().trim_end());
    }
    println!();
    Ok(())
}

/// How many columns and lines a picture takes. A cell is about twice as high as wide.
fn cells(small: &Thumbnail) -> (u32, u32) {
    let (width, height) = (small.pixels.width().max(1), small.pixels.height().max(1));
    let columns = u32::from(WIDTH).min(2 * LINES * width / height).max(1);
    let lines = (columns * height).div_ceil(2 * width).clamp(1, LINES);
    (columns, lines)
}

/// The words under a picture, each line within its width.
fn caption(row: &Row, seen: &Seen) -> Vec<String> {
    let score = row.score.map(|score| format!(" {score:.1}")).unwrap_or_default();
    let mut lines = vec![format!("{}{score} {}", row.id, row.provider)];
    let facts = [row.size(), row.language.clone(), row.votes()];
    lines.push(facts.into_iter().flatten().collect::<Vec<_>>().join(" "));
    lines.push(row.states().join(", "));
    if let Err(why) = seen {
        lines.push(format!("no picture: {why}"));
    }
    lines.retain(|line| !line.is_empty());
    lines.into_iter().flat_map(|line| wrapped(&line)).collect()
}

/// Breaks a text into lines of the width at most. Nothing of it may steer the terminal.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut word: Vec<char> = word.chars().collect();
        while let Some(line) = lines.last_mut() {
            let (has, space) = (line.chars().count(), usize::from(!line.is_empty()));
            if has + space + word.len() <= usize::from(WIDTH) {
                line.extend(std::iter::repeat_n(' ', space).chain(word));
                break;
            }
            if has == 0 {
                line.extend(word.drain(..usize::from(WIDTH)));
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbImage};

    use super::*;

    fn small(width: u32, height: u32) -> Thumbnail {
        Thumbnail { pixels: DynamicImage::from(RgbImage::new(width, height)), original: (width, height) }
    }

    #[test]
    fn a_picture_keeps_its_shape_and_its_place() {
        for (width, height, cells_of_it) in
            [(200, 300, (18, 14)), (300, 169, (24, 7)), (300, 55, (24, 3)), (10, 300, (1, 14)), (300, 1, (24, 1))]
        {
            assert_eq!(cells(&small(width, height)), cells_of_it, "{width}×{height}");
        }
    }

    #[test]
    fn words_stay_within_the_width_and_steer_nothing() {
        assert_eq!(wrapped("one two"), ["one two"]);
        let lines = wrapped(&format!("no picture: \x1b[31m{} end", "x".repeat(50)));
        assert!(lines.iter().all(|line| line.chars().count() <= usize::from(WIDTH)), "{lines:?}");
        assert!(lines.concat().chars().all(|c| !c.is_control()) && lines.concat().ends_with("end"), "{lines:?}");
    }
}
