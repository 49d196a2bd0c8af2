use proptest::prelude::*;

use super::*;

fn preferences() -> Preferences {
    let wishes = |words: &[&str]| words.iter().map(|word| word.parse().unwrap()).collect();
    Preferences {
        weights: Weights::default(),
        languages: [
            (ImageKind::Poster, wishes(&["de", "en", "original", "none"])),
            (ImageKind::Fanart, wishes(&["none", "de"])),
        ]
        .into(),
        providers: vec!["local".into(), "tmdb".into(), "fanarttv".into(), "tvdb".into()],
    }
}

fn poster() -> Offered<'static> {
    Offered {
        entity_type: EntityType::Movie,
        kind: ImageKind::Poster,
        width: Some(2000),
        height: Some(3000),
        language: None,
        vote_average: None,
        vote_count: None,
        provider: "tmdb",
    }
}

fn language(tag: &str) -> Language {
    tag.parse().unwrap()
}

/// The table of `docs/scoring.md`: each row changes one thing of a poster of 2000 × 3000 from the second of four
/// providers, in the first of four languages, without votes, which has 25 + 15 + 35 + 7.5 + 7.5.
#[test]
fn each_part_counts_what_the_documentation_says() {
    let (de, en, ja, fr) = (language("de"), language("en"), language("ja"), language("fr"));
    let base = Offered { language: Some(&de), ..poster() };
    let row = |offered: Offered<'_>| score(&offered, &preferences(), Some(&ja)).total;
    for (what, found, wanted) in [
        ("as it is", row(base), 90.0),
        ("half the side", row(Offered { width: Some(1000), height: Some(1500), ..base }), 77.5),
        ("twice the side", row(Offered { width: Some(4000), height: Some(6000), ..base }), 90.0),
        ("of unknown size", row(Offered { width: None, height: None, ..base }), 70.0),
        ("a square", row(Offered { width: Some(2450), height: Some(2450), ..base }), 75.0),
        ("second language", row(Offered { language: Some(&en), ..base }), 81.25),
        ("original language", row(Offered { language: Some(&ja), ..base }), 72.5),
        ("without text", row(Offered { language: None, ..base }), 63.75),
        ("another language", row(Offered { language: Some(&fr), ..base }), 55.0),
        ("one vote of 10", row(Offered { vote_average: Some(10.0), vote_count: Some(1), ..base }), 90.68),
        ("90 votes of 8", row(Offered { vote_average: Some(8.0), vote_count: Some(90), ..base }), 94.05),
        ("90 votes of 1", row(Offered { vote_average: Some(1.0), vote_count: Some(90), ..base }), 84.6),
        ("from the first provider", row(Offered { provider: "local", ..base }), 92.5),
        ("from an unlisted provider", row(Offered { provider: "else", ..base }), 82.5),
    ] {
        assert!((found - wanted).abs() < 0.011, "{what}: {found} instead of {wanted}");
    }
}

#[test]
fn fanart_is_wanted_without_text_and_posters_with() {
    let de = language("de");
    let fanart =
        |language| Offered { kind: ImageKind::Fanart, width: Some(3840), height: Some(2160), language, ..poster() };
    let points = |offered: Offered<'_>| score(&offered, &preferences(), None).total;
    assert!(points(fanart(None)) > points(fanart(Some(&de))));
    assert!(points(Offered { language: Some(&de), ..poster() }) > points(poster()));
}

#[test]
fn without_wishes_every_language_is_as_good_as_any() {
    let de = language("de");
    let none = Preferences { languages: BTreeMap::new(), ..preferences() };
    assert_eq!(score(&Offered { language: Some(&de), ..poster() }, &none, None), score(&poster(), &none, None));
}

#[test]
fn equal_candidates_come_in_the_same_order_always() {
    let score = |total| Score { total, parts: Parts::default() };
    let (good, bad) = (score(80.0), score(70.0));
    let mut listed = vec![(&bad, Some(9), "a"), (&good, None, "c"), (&good, Some(5), "d"), (&good, Some(5), "b")];
    let wanted = vec![(&good, Some(5), "b"), (&good, Some(5), "d"), (&good, None, "c"), (&bad, Some(9), "a")];
    for _ in 0..4 {
        listed.rotate_left(1);
        let mut sorted = listed.clone();
        sorted.sort_by(|one, other| in_order(*one, *other));
        assert_eq!(sorted, wanted);
    }
}

fn any_kind() -> impl Strategy<Value = ImageKind> {
    prop::sample::select(ImageKind::ALL.to_vec())
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), -1000.0..1000.0f64]
}

proptest! {
    #[test]
    fn a_score_is_0_to_100_and_the_sum_of_its_parts(
        kind in any_kind(),
        entity_type in prop::sample::select(EntityType::ALL.to_vec()),
        size in prop::option::of((any::<u32>(), any::<u32>())),
        votes in prop::option::of((any_number(), any::<u32>())),
        weights in prop::array::uniform5(any_number()),
        tag in prop::option::of("[a-z]{2}"),
    ) {
        let tag = tag.map(|tag| language(&tag));
        let offered = Offered {
            entity_type, kind, language: tag.as_ref(), provider: "tmdb",
            width: size.map(|size| size.0), height: size.map(|size| size.1),
            vote_average: votes.map(|votes| votes.0), vote_count: votes.map(|votes| votes.1),
        };
        let [resolution, aspect, language, votes, provider] = weights;
        let weights = Weights { resolution, aspect, language, votes, provider };
        let Score { total, parts } = score(&offered, &Preferences { weights, ..preferences() }, None);
        prop_assert!((0.0..=100.0).contains(&total), "{total}");
        let sum = parts.resolution + parts.aspect + parts.language + parts.votes + parts.provider;
        prop_assert!((sum - total).abs() < 0.03, "{sum} {total}");
    }

    #[test]
    fn more_pixels_of_the_same_shape_are_never_worse(side in 1u32..3000, more in 0u32..3000) {
        let sized = |side: u32| Offered { width: Some(2 * side), height: Some(3 * side), ..poster() };
        let points = |side| score(&sized(side), &preferences(), None).total;
        prop_assert!(points(side + more) >= points(side));
    }

    #[test]
    fn more_votes_of_the_same_mean_move_towards_it(average in 5.0..10.0f64, count in 0u32..1000, more in 0u32..1000) {
        let voted = |count| Offered { vote_average: Some(average), vote_count: Some(count), ..poster() };
        let points = |count| score(&voted(count), &preferences(), None).total;
        prop_assert!(points(count + more) >= points(count));
    }
}
