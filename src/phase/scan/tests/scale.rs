//! Libraries of the size that people have. There are few films here, so that it runs with every build; the test that is
//! ignored makes a hundred thousand and looks at the memory:
//! `cargo test --release --lib scan::tests::scale -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

/// Makes films, each in a folder of its own, a thousand to a shelf, with a poster and metadata.
fn make(fixture: &Fixture, films: u64) {
    for film in 0..films {
        let folder = format!("shelf {}/Film {film} ({})", film / 1000, 1950 + film % 70);
        fixture.write(&format!("{folder}/Film {film}.mkv"), b"");
        fixture.write(&format!("{folder}/poster.jpg"), b"poster");
        fixture.write(
            &format!("{folder}/movie.nfo"),
            format!(
                "<movie><uniqueid type=\"tmdb\">{film}</uniqueid><actor><name>Actor {}</name></actor></movie>",
                film % 5000
            )
            .as_bytes(),
        );
    }
}

/// The most memory this process has had, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Scans a library of so many films twice, and tells how much memory that took at most.
fn scanned_twice(films: u64) -> u64 {
    let mut fixture = Fixture::new(&[]);
    make(&fixture, films);
    for (count, what) in [(films, "first"), (0, "second")] {
        let begun = Instant::now();
        let report = fixture.scan_later();
        println!("{films} films, {what} scan: {:?}", begun.elapsed());
        assert_eq!((report.seen, report.added, report.changed, report.missing), (films, count, 0, 0), "{what}");
    }
    let peak = peak_kib();
    println!("{films} films: {peak} KiB at most");
    peak
}

#[test]
fn hundreds_of_films_are_seen_again_without_a_change() {
    scanned_twice(300);
}

#[test]
#[ignore = "makes 110,000 folders"]
fn a_hundred_thousand_films_take_hardly_more_memory_than_ten_thousand() {
    let few = scanned_twice(10_000);
    let many = scanned_twice(100_000);
    assert!(many < few + (48 << 10), "{few} KiB for 10,000 films, {many} KiB for 100,000");
}
