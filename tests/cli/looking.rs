//! `candidates --show` and `candidates --open`: pictures to look at.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::{Command, Stdio};

use crate::support::{Films, write};

/// A film with two posters and a background, one of the posters chosen and shown.
fn offered() -> Films {
    let films = Films::new();
    films.scan();
    films.select("Up", "poster", "a.jpg");
    films.select("Up", "poster", "b.jpg");
    films.select("Up", "fanart", "c.jpg");
    films.publish();
    films
}

/// Both ends of a terminal of that many columns, which no program answers for.
fn terminal(columns: u16) -> (File, OwnedFd) {
    let (mut ours, mut theirs) = (0, 0);
    let size = libc::winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointers are to live variables, and null is allowed for name and settings.
    let made = unsafe { libc::openpty(&mut ours, &mut theirs, std::ptr::null_mut(), std::ptr::null(), &size) };
    assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: both descriptors are new, and nobody else has them.
    unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) }
}

/// What a command says to a terminal that it does not read from.
fn in_terminal(films: &Films, columns: u16, arguments: &[&str]) -> String {
    said_to(films, terminal(columns), Stdio::null(), "", arguments)
}

/// What a command says to a terminal that answers so when it is asked what it is; without an answer, never.
fn in_terminal_that_answers(films: &Films, answer: &str, arguments: &[&str]) -> String {
    let (ours, theirs) = terminal(80);
    let keys = theirs.try_clone().unwrap().into();
    said_to(films, (ours, theirs), keys, answer, arguments)
}

fn said_to(
    films: &Films,
    (mut ours, theirs): (File, OwnedFd),
    keys: Stdio,
    answer: &str,
    arguments: &[&str],
) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posterfs"));
    command.arg("--state").arg(films.state()).args(arguments).env("COLORTERM", "truecolor").env("TERM", "xterm");
    for name in ["TMUX", "STY", "TERM_PROGRAM", "LC_TERMINAL"] {
        command.env_remove(name);
    }
    let mut child = command.stdin(keys).stdout(theirs).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    let (mut said, mut some) = (Vec::new(), [0; 4096]);
    let mut has_answered = answer.is_empty();
    // It ends with an error when nobody holds the other end any more.
    while let Ok(count @ 1..) = ours.read(&mut some) {
        said.extend_from_slice(&some[..count]);
        if !has_answered && said.windows(3).any(|part| part == b"\x1b[c") {
            ours.write_all(answer.as_bytes()).unwrap();
            has_answered = true;
        }
    }
    let ended = child.wait().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(ended.success(), "{errors}");
    String::from_utf8(said).unwrap()
}

#[test]
fn pictures_are_drawn_in_a_terminal_with_what_is_to_be_said_of_them() {
    let films = offered();
    let rows = films.json(&["candidates", "Up"]);
    let said = in_terminal(&films, 80, &["candidates", "Up", "--show=blocks"]);
    assert!(said.contains('▄') && said.contains("\x1b[48;2;"), "half blocks in colours: {said:?}");
    for row in &rows {
        let (id, size) = (row["id"].to_string(), format!("{}×{}", row["width"], row["height"]));
        assert!(said.contains(&id) && said.contains(&size), "{row}: {said}");
    }
    assert!(said.contains("selected, shown, locked") && said.contains("cached"), "{said}");
    let words = said.lines().filter(|line| !line.contains('\x1b') && !line.trim().is_empty());
    assert!(words.clone().count() >= 6 && words.clone().all(|line| line.trim_end().chars().count() <= 80), "{said}");
    // Asked for nothing but a type: without pictures it is the table.
    assert!(!films.text(&["candidates", "Up"]).contains('\x1b'));
    let narrow = in_terminal(&films, 20, &["candidates", "Up", "--type", "poster", "--show=blocks"]);
    assert!(narrow.contains('▄'), "{narrow}");
    assert!(films.fails(2, &["candidates", "Up", "--show"]).contains("--open=FILE"));
    assert!(films.fails(2, &["candidates", "Up", "--show", "--open"]).contains("cannot be used with"));
    let nothing = in_terminal(&films, 80, &["candidates", "1917", "--show"]);
    assert!(nothing.contains("posterfs enrich"), "{nothing}");
}

#[test]
fn a_terminal_draws_as_it_says_it_can_and_one_that_says_nothing_is_not_waited_for() {
    let films = offered();
    let drawn = |answer| in_terminal_that_answers(&films, answer, &["candidates", "Up", "--type", "poster", "--show"]);
    let silent = drawn("");
    assert!(silent.contains("\x1b[c") && silent.contains("\x1b[48;2;") && silent.contains('▄'), "{silent:?}");
    let kitty = drawn("\x1b_Gi=31;OK\x1b\\\x1b[?62;c");
    assert!(kitty.contains("\x1b_Ga=T,f=100,") && !kitty.contains('▄'), "{kitty:?}");
    let sixel = drawn("\x1b[?62;4;22c");
    assert!(sixel.contains("\x1bP0;1q\"1;1;") && !sixel.contains('▄'), "{sixel:?}");
    assert!(drawn("\x1b[?62;22c").contains('▄'));
}

#[test]
fn a_page_has_everything_in_one_file() {
    let films = offered();
    let file = films.media().parent().unwrap().join("page.html");
    let option = format!("--open={}", file.display());
    write(&file, "an older page");
    let report = films.one(&["candidates", "Up", &option]);
    assert_eq!((&report["candidates"], &report["without_picture"]), (&3.into(), &0.into()));
    assert_eq!(report["page"], file.to_str().unwrap());
    let page = fs::read_to_string(&file).unwrap();
    assert_eq!(page.matches("src=\"data:image/").count(), 3);
    for words in ["Up (2009)", "Content-Security-Policy", ">selected<", ">shown<", ">locked<", "60×90"] {
        assert!(page.contains(words), "{words}");
    }
    let other = films.json(&["candidates", "Up"]).into_iter().find(|row| row["selected"] == false).unwrap();
    let command = format!("posterfs select {} poster {}", report["id"], other["id"]);
    assert!(page.contains(&command), "{command}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    films.one(&words);
    assert!(films.json(&["candidates", "Up"]).iter().any(|row| row["id"] == other["id"] && row["selected"] == true));
    // A page of its own, which can be looked at by its owner only.
    let own = films.one(&["candidates", "Up", "--type", "fanart", "--open"])["page"].as_str().unwrap().to_owned();
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&own).unwrap()) & 0o777;
    assert_eq!((fs::read_to_string(&own).unwrap().matches("src=\"data:").count(), mode), (1, 0o600));
    fs::remove_file(own).unwrap();
    assert!(films.fails(1, &["candidates", "Up", "--open=/nowhere/page.html"]).contains("--open=FILE"));
}

#[test]
fn what_is_not_in_the_cache_any_more_is_told_in_its_place() {
    let films = offered();
    let sha256 = films.select("Up", "poster", "a.jpg")["sha256"].as_str().unwrap().to_owned();
    let cached = films.state().join(format!("cache/assets/{}/{}/{sha256}.jpg", &sha256[..2], &sha256[2..4]));
    fs::remove_file(cached).unwrap();
    let file = films.media().parent().unwrap().join("page.html");
    let report = films.one(&["candidates", "Up", &format!("--open={}", file.display()), "--offline"]);
    assert_eq!(report["without_picture"], 1);
    assert!(fs::read_to_string(&file).unwrap().contains("no picture: "));
}

#[test]
fn only_the_best_of_each_type_and_what_is_special_are_listed() {
    let films = offered();
    let ids = |arguments: &[&str]| films.json(arguments).iter().map(|row| row["id"].to_string()).collect::<Vec<_>>();
    let all = films.json(&["candidates", "Up", "--type", "poster"]);
    let few = films.json(&["candidates", "Up", "--type", "poster", "--limit", "0"]);
    assert_eq!((all.len(), few.len()), (2, 1), "what is shown is told anyway");
    assert_eq!((&few[0]["selected"], &few[0]["shown"]), (&true.into(), &true.into()));
    let other = all.iter().find(|row| row["selected"] == false).unwrap()["id"].to_string();
    films.json(&["block", &other]);
    assert_eq!(ids(&["candidates", "Up", "--type", "poster", "--limit", "0"]).len(), 2);
}
