//! How a terminal draws a picture: kitty's, iTerm's or sixel graphics, or half blocks, which every terminal has.
//!
//! A picture is drawn right of the cursor, and the cursor comes back to where it was.

use std::fmt::Write as _;
use std::io::{self, Cursor};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use color_quant::NeuQuant;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use rustix::termios::tcgetwinsize;

use super::ask::{Answer, PATIENCE, ask};

/// How large a cell is taken to be where the terminal does not tell, in pixels.
const CELL: (u32, u32) = (10, 20);

/// The most that goes into one part of a picture by kitty's protocol.
const KITTY_PART: usize = 4096;

/// What draws as iTerm does and says so.
const LIKE_ITERM: &[&str] = &["iTerm.app", "iTerm2", "WezTerm", "mintty"];

/// From how much alpha on a pixel is there.
const THERE: u8 = 128;

/// A way of drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Graphics {
    Kitty,
    Iterm,
    /// With the size of a cell, in pixels.
    Sixel((u32, u32)),
    /// Two pixels a cell, in all colours or in the 256 that every terminal knows.
    Blocks {
        has_all_colours: bool,
    },
}

impl Graphics {
    /// The best that the terminal at hand can; without asking it, half blocks.
    pub(super) fn of_terminal(is_asked: bool) -> Self {
        let answer = || ask(rustix::stdio::stdin(), &mut io::stdout(), PATIENCE).unwrap_or_default();
        Self::chosen(is_asked, &variable, answer)
    }

    fn chosen(is_asked: bool, variable: &dyn Fn(&str) -> Option<String>, answer: impl FnOnce() -> Answer) -> Self {
        let has_all_colours = variable("COLORTERM").is_some_and(|word| ["truecolor", "24bit"].contains(&word.as_str()));
        let blocks = Self::Blocks { has_all_colours };
        if !is_asked || variable("TERM").is_none_or(|word| word == "dumb") {
            return blocks;
        }
        // Within another one these say what that would be outside.
        let is_within = variable("TMUX").is_some() || variable("STY").is_some();
        let names = [variable("TERM_PROGRAM"), variable("LC_TERMINAL")];
        if !is_within && names.iter().flatten().any(|name| LIKE_ITERM.contains(&name.as_str())) {
            return Self::Iterm;
        }
        match answer() {
            Answer { has_kitty: true, .. } => Self::Kitty,
            Answer { has_sixel: true, .. } => Self::Sixel(cell()),
            Answer { .. } => blocks,
        }
    }

    /// What draws a picture over so many columns and lines, so many columns right of the cursor.
    pub(super) fn drawn(self, picture: &DynamicImage, (columns, lines): (u32, u32), x: u16) -> io::Result<String> {
        let resized = |width: u32, height: u32| picture.resize_exact(width, height, FilterType::Triangle).into_rgba8();
        let drawing = match self {
            Self::Kitty => kitty(&png(picture)?, columns, lines),
            Self::Iterm => iterm(&png(picture)?, columns, lines),
            Self::Sixel((width, height)) => sixel(&resized(columns * width, lines * height)),
            Self::Blocks { has_all_colours } => {
                return Ok(blocks(&resized(columns, 2 * lines), has_all_colours, x));
            }
        };
        Ok(format!("\x1b7{}{drawing}\x1b8", right(x)))
    }
}

#[expect(clippy::disallowed_methods, reason = "what a terminal says of itself is of this terminal, and no setting")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The size of a cell, in pixels.
fn cell() -> (u32, u32) {
    let size = tcgetwinsize(rustix::stdio::stdout()).ok();
    let told = size.filter(|size| size.ws_xpixel >= size.ws_col.max(1) && size.ws_ypixel >= size.ws_row.max(1));
    told.filter(|size| size.ws_col > 0 && size.ws_row > 0)
        .map_or(CELL, |size| (u32::from(size.ws_xpixel / size.ws_col), u32::from(size.ws_ypixel / size.ws_row)))
}

/// So many columns to the right.
fn right(x: u16) -> String {
    if x == 0 { String::new() } else { format!("\x1b[{x}C") }
}

fn png(picture: &DynamicImage) -> io::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).map_err(io::Error::other)?;
    Ok(bytes.into_inner())
}

/// In parts, the last of which says so. It shall not answer (`q=2`) and not move the cursor (`C=1`).
fn kitty(png: &[u8], columns: u32, lines: u32) -> String {
    let encoded = STANDARD.encode(png);
    let mut drawing = String::with_capacity(encoded.len() + 64);
    let mut rest = encoded.as_str();
    let mut head = format!("a=T,f=100,q=2,C=1,c={columns},r={lines},");
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(rest.len().min(KITTY_PART));
        let has_more = u8::from(!behind.is_empty());
        let _ = write!(drawing, "\x1b_G{head}m={has_more};{part}\x1b\\");
        (rest, head) = (behind, String::new());
    }
    drawing
}

fn iterm(png: &[u8], columns: u32, lines: u32) -> String {
    let (size, encoded) = (png.len(), STANDARD.encode(png));
    format!("\x1b]1337;File=inline=1;size={size};width={columns};height={lines};preserveAspectRatio=0:{encoded}\x07")
}

/// In its best 256 colours. Six lines of pixels are told at once, colour by colour; where nothing is told, nothing is drawn.
fn sixel(picture: &RgbaImage) -> String {
    let (width, height) = picture.dimensions();
    let colours = NeuQuant::new(10, 256, picture.as_raw());
    let numbers: Vec<Option<usize>> =
        picture.pixels().map(|pixel| (pixel.0[3] >= THERE).then(|| colours.index_of(&pixel.0))).collect();
    let mut drawing = format!("\x1bP0;1q\"1;1;{width};{height}");
    for (number, colour) in colours.color_map_rgb().chunks_exact(3).enumerate() {
        let percent = |part: u8| u32::from(part) * 100 / 255;
        let _ = write!(drawing, "#{number};2;{};{};{}", percent(colour[0]), percent(colour[1]), percent(colour[2]));
    }
    for band in numbers.chunks(6 * width as usize) {
        let used: std::collections::BTreeSet<usize> = band.iter().flatten().copied().collect();
        for colour in used {
            let _ = write!(drawing, "#{colour}");
            let bits = (0..width as usize).map(|x| {
                let lines = band.chunks(width as usize).enumerate();
                lines.filter(|(_, line)| line[x] == Some(colour)).fold(0, |bits, (at, _)| bits | 1 << at)
            });
            repeated(&mut drawing, bits);
            drawing.push('$');
        }
        drawing.push('-');
    }
    drawing.push_str("\x1b\\");
    drawing
}

/// Six pixels above each other are one character; the same again and again is told once.
fn repeated(drawing: &mut String, bits: impl Iterator<Item = u8>) {
    let bits: Vec<u8> = bits.collect();
    for run in bits.chunk_by(|one, other| one == other) {
        let character = char::from(b'?' + run[0]);
        match run.len() {
            count @ 4.. => {
                let _ = write!(drawing, "!{count}{character}");
            }
            count => drawing.extend(std::iter::repeat_n(character, count)),
        }
    }
}

/// Two pixels a cell: the lower one as a block, the upper one behind it.
fn blocks(picture: &RgbaImage, has_all_colours: bool, x: u16) -> String {
    let (width, height) = picture.dimensions();
    let mut drawing = String::from("\x1b7");
    let colour = |pixel: &Rgba<u8>, where_to: &str| {
        let [red, green, blue, _] = pixel.0;
        match has_all_colours {
            true => format!("\x1b[{where_to};2;{red};{green};{blue}m"),
            false => format!("\x1b[{where_to};5;{}m", of_256(red, green, blue)),
        }
    };
    for line in 0..height / 2 {
        if line > 0 {
            let _ = write!(drawing, "\x1b8\x1b[{line}B");
        }
        drawing.push_str(&right(x));
        for column in 0..width {
            let (upper, lower) = (picture.get_pixel(column, 2 * line), picture.get_pixel(column, 2 * line + 1));
            let cell = match (upper.0[3] >= THERE, lower.0[3] >= THERE) {
                (true, true) => format!("{}{}▄", colour(upper, "48"), colour(lower, "38")),
                (true, false) => format!("\x1b[49m{}▀", colour(upper, "38")),
                (false, true) => format!("\x1b[49m{}▄", colour(lower, "38")),
                (false, false) => "\x1b[49m ".to_owned(),
            };
            drawing.push_str(&cell);
        }
        drawing.push_str("\x1b[0m");
    }
    drawing.push_str("\x1b8");
    drawing
}

/// The nearest of the 256 colours: of a cube with six steps a side (16 to 231), or of 24 shades of grey (232 to 255).
fn of_256(red: u8, green: u8, blue: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |part: u8| (0..6).min_by_key(|step| STEPS[*step].abs_diff(part)).unwrap_or_default();
    let distance = |of: [u8; 3]| -> u32 {
        of.iter().zip([red, green, blue]).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let steps = [nearest(red), nearest(green), nearest(blue)];
    let mean = ((u32::from(red) + u32::from(green) + u32::from(blue)) / 3) as u8;
    let shade = (mean.saturating_sub(3) / 10).min(23);
    let grey = 8 + 10 * shade;
    if distance([grey; 3]) < distance(steps.map(|step| STEPS[step])) {
        232 + shade
    } else {
        (16 + 36 * steps[0] + 6 * steps[1] + steps[2]) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: &[[u8; 4]], width: u32) -> RgbaImage {
        RgbaImage::from_raw(width, pixels.len() as u32 / width, pixels.concat()).unwrap()
    }

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];
    const NOTHING: [u8; 4] = [0; 4];

    #[test]
    fn a_terminal_is_asked_only_where_its_variables_do_not_tell() {
        let with = |set: &'static [(&'static str, &'static str)]| {
            move |name: &str| set.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned())
        };
        let never = || -> Answer { panic!("it is not asked") };
        let kitty = || Answer { has_kitty: true, has_sixel: true };
        let plain = Graphics::Blocks { has_all_colours: false };
        let all = &[("TERM", "xterm"), ("COLORTERM", "truecolor")];
        assert_eq!(Graphics::chosen(false, &with(all), never), Graphics::Blocks { has_all_colours: true });
        assert_eq!(Graphics::chosen(true, &with(&[]), never), plain);
        assert_eq!(Graphics::chosen(true, &with(&[("TERM", "dumb")]), never), plain);
        let iterm = &[("TERM", "xterm"), ("TERM_PROGRAM", "iTerm.app")];
        assert_eq!(Graphics::chosen(true, &with(iterm), never), Graphics::Iterm);
        let within = &[("TERM", "tmux"), ("TERM_PROGRAM", "iTerm.app"), ("TMUX", "x")];
        assert_eq!(Graphics::chosen(true, &with(within), Answer::default), plain);
        assert_eq!(Graphics::chosen(true, &with(&[("TERM", "xterm")]), kitty), Graphics::Kitty);
        let sixel = || Answer { has_sixel: true, ..Answer::default() };
        assert!(matches!(Graphics::chosen(true, &with(&[("TERM", "xterm")]), sixel), Graphics::Sixel(_)));
    }

    #[test]
    fn half_blocks_draw_two_pixels_a_cell_and_nothing_where_nothing_is() {
        let drawn = blocks(&picture(&[RED, NOTHING, BLUE, NOTHING], 2), true, 3);
        assert_eq!(drawn, "\x1b7\x1b[3C\x1b[48;2;255;0;0m\x1b[38;2;0;0;255m▄\x1b[49m \x1b[0m\x1b8");
        let of_two_lines = blocks(&picture(&[RED, RED, BLUE, BLUE], 1), false, 0);
        assert!(of_two_lines.contains("\x1b[48;5;196m") && of_two_lines.contains("\x1b8\x1b[1B"), "{of_two_lines:?}");
        for (colour, number) in [([0, 0, 0], 16), ([255, 255, 255], 231), ([128, 128, 128], 244), ([0, 95, 255], 27)] {
            assert_eq!(of_256(colour[0], colour[1], colour[2]), number, "{colour:?}");
        }
    }

    #[test]
    fn pictures_go_to_kitty_in_parts_and_come_out_whole() {
        let noise = DynamicImage::from(RgbaImage::from_fn(60, 60, |x, y| {
            Rgba([(x * 37 + y * 91) as u8, (x * y) as u8, (x * 7 + y * y) as u8, 255])
        }));
        let drawn = Graphics::Kitty.drawn(&noise, (10, 5), 0).unwrap();
        let parts: Vec<&str> = drawn.split("\x1b_G").skip(1).collect();
        assert!(parts.len() > 1 && parts[0].starts_with("a=T,f=100,q=2,C=1,c=10,r=5,m=1;"), "{}", parts[0]);
        assert!(parts[1..].iter().all(|part| part.starts_with("m=")) && parts.last().unwrap().starts_with("m=0;"));
        let encoded = |part: &&str| part.split_once(';').unwrap().1.split('\x1b').next().unwrap().to_owned();
        assert!(parts.iter().all(|part| encoded(part).len() <= KITTY_PART));
        let bytes = STANDARD.decode(parts.iter().map(encoded).collect::<String>()).unwrap();
        assert_eq!(image::load_from_memory(&bytes).unwrap().into_rgba8(), noise.into_rgba8());
    }

    #[test]
    fn sixels_tell_six_lines_at_once_colour_by_colour() {
        let mut pixels = vec![RED; 5 * 6];
        pixels.extend([NOTHING; 5]);
        let drawn = sixel(&picture(&pixels, 5));
        assert!(drawn.starts_with("\x1bP0;1q\"1;1;5;7#0;2;") && drawn.ends_with("$--\x1b\\"), "{drawn:?}");
        assert!(drawn.contains("!5~$-"), "all six of each column: {drawn:?}");
    }
}
