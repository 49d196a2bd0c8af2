//! Libraries of the size that people have. There are few films here, so that it runs with every build; a hundred thousand are
//! scanned by `cargo bench --bench scan -- --films 100000`, which tells the memory.

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

#[test]
fn hundreds_of_films_are_seen_again_without_a_change() {
    let films = 300;
    let mut fixture = Fixture::new(&[]);
    make(&fixture, films);
    for (count, what) in [(films, "first"), (0, "second")] {
        let report = fixture.scan_later();
        assert_eq!((report.seen, report.added, report.changed, report.missing), (films, count, 0, 0), "{what}");
    }
}
