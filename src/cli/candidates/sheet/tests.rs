use image::{DynamicImage, RgbImage};

use crate::cache::Thumbnail;
use crate::model::ImageType;

use super::*;

fn row(id: i64, image_type: &str) -> Row {
    Row {
        id,
        provider: "tmdb".to_owned(),
        r#type: image_type.parse::<ImageType>().unwrap(),
        url: None,
        width: Some(1000),
        height: Some(1500),
        language: None,
        vote_average: None,
        vote_count: None,
        score: None,
        score_parts: None,
        selected: false,
        shown: false,
        blocked: false,
        locked: false,
        sha256: None,
        refused: None,
    }
}

fn small() -> Seen {
    Ok(Thumbnail { pixels: DynamicImage::from(RgbImage::new(20, 30)), original: (1000, 1500) })
}

#[test]
fn every_text_is_escaped_and_nothing_is_loaded() {
    let evil = "<script>alert('\u{1b}[31m\u{202e}')</script>\"><img src=x onerror=y>";
    let texts = Row {
        provider: evil.to_owned(),
        url: Some(evil.to_owned()),
        language: Some(evil.to_owned()),
        refused: Some(evil.to_owned()),
        ..row(1, "poster")
    };
    let (rows, seen) = ([texts], [Err(evil.to_owned())]);
    let page = Sheet { item: 7, title: evil, kind: "movie", rows: &rows, seen: &seen }.html();
    assert!(!page.contains("<script") && !page.contains("<img src=x"), "{page}");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
    assert_eq!(page.matches("&lt;script&gt;").count(), 7, "title twice, heading, and each text of the card: {page}");
    let policy = page.split("Content-Security-Policy").nth(1).unwrap().split('>').next().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("img-src data:"), "{policy}");
    for word in ["http://", "https://", "style=", "onload", "<link", "url("] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn a_card_tells_state_and_commands() {
    let rows = [
        Row { selected: true, shown: true, locked: true, ..row(1, "poster") },
        Row { blocked: true, ..row(2, "poster") },
        row(3, "fanart"),
    ];
    let seen = [small(), small(), Err("the provider is offline".to_owned())];
    let page = Sheet { item: 7, title: "Heat", kind: "movie", rows: &rows, seen: &seen }.html();
    let cards: Vec<&str> = page.split("<li ").skip(1).collect();
    assert_eq!((cards.len(), page.matches("<h2>").count()), (3, 2));
    for word in
        ["class=\"selected \"", ">selected<", ">shown<", ">locked<", "posterfs block 1<", "data:image/jpeg;base64,"]
    {
        assert!(cards[0].contains(word), "{word}: {}", cards[0]);
    }
    assert!(!cards[0].contains("posterfs select"), "it is chosen already");
    assert!(cards[1].contains("posterfs select 7 poster 2<") && cards[1].contains("posterfs unblock 2<"));
    assert!(
        cards[2].contains("no picture: the provider is offline") && cards[2].contains("posterfs select 7 fanart 3<")
    );
}
