//! What a lock keeps, from whom. Rule 3: "A manual choice always wins. … from there on enrichment skips it and no automatic
//! publishing changes what is shown, until the user chooses again or unlocks. Fields are locked likewise."

use posterfs::catalog::{
    CatalogError, EntityEdit, LockChange, MetadataField, OfferedCandidate, PublishMode, RollbackScope, ScannedItem,
    ScannedParent, Scope,
};
use posterfs::model::{CandidateId, EntityId, EntityType, GenerationId, ImageKind, LockField};
use proptest::prelude::*;

use crate::support::{Fixture, at, in_own_folder, path, picture, posters, stamp, told, unrated};

/// A series with one season, whose poster was chosen automatically and is shown.
struct Shelf {
    fixture: Fixture,
    series: EntityId,
    season: EntityId,
}

/// Pictures that are offered for the season, by the first byte of their hash.
const OFFERED: [u8; 4] = [1, 2, 3, 4];

impl Shelf {
    fn new() -> Self {
        let mut fixture = Fixture::new();
        let series = ScannedItem::new(fixture.library, EntityType::Series, "Lost", path("Lost"));
        let series = fixture.catalog.record(&[series], at(1)).unwrap()[0].id;
        let mut shelf = Self { fixture, series, season: series };
        shelf.season = shelf.scan("Season 1", "First");
        let offers: Vec<_> = OFFERED.map(offer).into();
        shelf.fixture.catalog.record_answers(shelf.season, &posters(offers), &unrated, at(2)).unwrap();
        shelf.choose(1);
        shelf.tell("Old");
        shelf.publish(Scope::All);
        shelf
    }

    /// What a scan finds: the season with that title, and a metadata file with that tagline.
    fn scan(&mut self, title: &str, tagline: &str) -> EntityId {
        let parent = ScannedParent { entity_type: EntityType::Series, path: path("Lost"), season: None };
        let item = ScannedItem {
            parent: Some(parent),
            season: Some(1),
            metadata: vec![field("tagline", tagline)],
            ..ScannedItem::new(self.fixture.library, EntityType::Season, title, path("Lost/Season 1"))
        };
        self.fixture.catalog.record(&[item], at(1)).unwrap()[0].id
    }

    fn candidate(&self, byte: u8) -> CandidateId {
        let all = self.fixture.catalog.candidates_of(self.season, None).unwrap();
        all.into_iter().find(|candidate| candidate.provider_key == byte.to_string()).unwrap().id
    }

    /// What `enrich` does.
    fn choose(&mut self, byte: u8) {
        let (candidate, picture) = (self.candidate(byte), picture(self.season, "poster", byte));
        // Whether it may is looked at by what is shown.
        let _ = self.fixture.catalog.choose(candidate, &picture, at(3)).unwrap();
    }

    /// What `enrich` does with what a provider tells.
    fn tell(&mut self, plot: &str) {
        self.fixture.catalog.record_answers(self.season, &told("tmdb", "plot", plot), &unrated, at(3)).unwrap();
    }

    /// How many pictures a lock kept.
    fn publish(&mut self, scope: Scope<'_>) -> u64 {
        self.fixture.catalog.publish(scope, PublishMode::Apply, &stamp(10), in_own_folder).unwrap().kept
    }

    fn change_locks(&mut self, entity: EntityId, fields: &[&str], to: LockChange) {
        let fields: Vec<LockField> = fields.iter().map(|field| field.parse().unwrap()).collect();
        self.fixture.catalog.change_locks(entity, &fields, to, PublishMode::Apply, at(5)).unwrap();
    }

    /// Says the same of everything there is, at one entity.
    fn say(&mut self, entity: EntityId, word: Word) {
        let all = ["poster", "plot", "tagline", "title"];
        match word {
            Word::Nothing => {}
            Word::Locked => self.change_locks(entity, &all, LockChange::Lock),
            Word::Unlocked => self.change_locks(entity, &all, LockChange::Unlock),
            Word::AllLocked => self.change_locks(entity, &["all"], LockChange::Lock),
            Word::Unmonitored => {
                self.fixture.catalog.set_monitored(entity, false, PublishMode::Apply, at(5)).unwrap();
            }
        }
    }

    fn value(&self, name: &str) -> String {
        let fields = self.fixture.catalog.metadata_of(self.season).unwrap();
        fields.into_iter().find(|one| one.field == name).map(|one| one.value).unwrap_or_default()
    }

    /// All that a player or person sees of the season.
    fn seen(&self) -> (Vec<(String, u8)>, String, String, String) {
        let title = self.fixture.catalog.entity(self.season).unwrap().unwrap().title;
        (self.fixture.shown("Lost/Season 1"), self.value("plot"), self.value("tagline"), title)
    }
}

fn field(name: &str, value: &str) -> MetadataField {
    MetadataField { field: name.into(), value: value.into() }
}

fn offer(byte: u8) -> OfferedCandidate {
    OfferedCandidate {
        kind: ImageKind::Poster,
        provider_key: byte.to_string(),
        url: format!("https://example.org/{byte}.jpg"),
        width: None,
        height: None,
        language: None,
        vote_average: None,
        vote_count: None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Word {
    Nothing,
    Locked,
    Unlocked,
    AllLocked,
    Unmonitored,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Action {
    /// `enrich` finds a better poster and it is published.
    Choose,
    /// The same, published before it was locked.
    PublishOther,
    /// A provider tells another plot.
    Tell,
    /// A metadata file tells another tagline.
    ReadNfo,
    /// The folder has another title.
    Rename,
    /// A person chooses a picture and publishes.
    ChooseByHand,
    /// A person edits the plot.
    EditByHand,
    /// A person publishes the item by its name.
    PublishByName,
    /// A person goes back to before anything was published.
    Rollback,
    /// A person wants none.
    Deselect,
    /// A manager's or player's program writes over the picture, and that is captured.
    Capture,
    /// A person blocks what is shown, and it is published.
    Block,
}

impl Action {
    const ALL: [Self; 12] = [
        Self::Choose,
        Self::PublishOther,
        Self::Tell,
        Self::ReadNfo,
        Self::Rename,
        Self::ChooseByHand,
        Self::EditByHand,
        Self::PublishByName,
        Self::Rollback,
        Self::Deselect,
        Self::Capture,
        Self::Block,
    ];

    fn is_by_hand(self) -> bool {
        matches!(
            self,
            Self::ChooseByHand | Self::EditByHand | Self::PublishByName | Self::Rollback | Self::Deselect | Self::Block
        )
    }

    fn is_of_artwork(self) -> bool {
        matches!(self, Self::Choose | Self::PublishOther)
    }

    /// What is done before anything is locked.
    fn prepare(self, shelf: &mut Shelf) {
        if matches!(self, Self::PublishOther | Self::PublishByName) {
            shelf.choose(2);
        }
    }

    fn run(self, shelf: &mut Shelf) {
        let season = shelf.season;
        match self {
            Self::Choose => {
                shelf.choose(2);
                shelf.publish(Scope::All);
            }
            Self::PublishOther => drop(shelf.publish(Scope::All)),
            Self::Tell => shelf.tell("New"),
            Self::ReadNfo => drop(shelf.scan("Season 1", "Second")),
            Self::Rename => drop(shelf.scan("Season One", "First")),
            Self::ChooseByHand => {
                shelf.fixture.catalog.select_by_hand(&picture(season, "poster", 9), at(6)).unwrap();
                shelf.publish(Scope::All);
            }
            Self::EditByHand => {
                let plot = EntityEdit::SetField("plot".parse().unwrap(), "Mine".into());
                shelf.fixture.catalog.edit(season, &[plot], at(6)).unwrap();
            }
            Self::Deselect => {
                let poster = "poster".parse().unwrap();
                shelf.fixture.catalog.deselect(&[(season, poster)], &stamp(20)).unwrap();
            }
            Self::Capture => {
                shelf.fixture.catalog.offer_captured(&picture(season, "poster", 8), at(6)).unwrap();
                shelf.publish(Scope::All);
            }
            Self::Block => {
                let candidate = shelf.candidate(1);
                shelf.fixture.catalog.set_blocked(candidate, true).unwrap();
                shelf.publish(Scope::Pictures(&[(season, "poster".parse().unwrap())]));
            }
            Self::PublishByName => drop(shelf.publish(Scope::Entities(&[season]))),
            Self::Rollback => {
                shelf
                    .fixture
                    .catalog
                    .rollback(GenerationId::new(0), RollbackScope::All, PublishMode::Apply, &stamp(20))
                    .unwrap();
            }
        }
    }
}

/// Lock of the item × lock of what it belongs to × what is done, by a person or automatically.
#[test]
fn what_a_lock_keeps_and_from_whom() {
    use Word::{AllLocked, Locked, Nothing, Unlocked, Unmonitored};
    for (own, above, keeps_artwork, keeps_metadata) in [
        (Nothing, Nothing, false, false),
        (Locked, Nothing, true, true),
        (Nothing, Locked, true, true),
        (Unlocked, Locked, false, false),
        (Locked, Unlocked, true, true),
        (Unlocked, Nothing, false, false),
        (Nothing, Unlocked, false, false),
        (AllLocked, Nothing, true, true),
        (Nothing, AllLocked, true, true),
        (Unlocked, AllLocked, false, false),
        (AllLocked, Unlocked, true, true),
        (Unmonitored, Nothing, true, false),
        (Nothing, Unmonitored, true, false),
        (Unlocked, Unmonitored, true, false),
        (Locked, Unmonitored, true, true),
    ] {
        for action in Action::ALL {
            let mut shelf = Shelf::new();
            action.prepare(&mut shelf);
            let (series, season) = (shelf.series, shelf.season);
            shelf.say(series, above);
            shelf.say(season, own);
            let before = shelf.seen();
            action.run(&mut shelf);
            let keeps = match action {
                // What is captured changes nothing, locked or not.
                Action::Capture => true,
                _ if action.is_of_artwork() => keeps_artwork,
                _ => keeps_metadata,
            };
            let is_kept = keeps && !action.is_by_hand();
            assert_eq!(shelf.seen() == before, is_kept, "{action:?} where {own:?} below {above:?}: {:?}", shelf.seen());
        }
    }
}

/// "… until the user chooses again or unlocks."
#[test]
fn what_was_kept_gives_way_when_it_is_unlocked() {
    let mut shelf = Shelf::new();
    shelf.choose(2);
    let season = shelf.season;
    shelf.change_locks(season, &["poster"], LockChange::Lock);
    shelf.publish(Scope::All);
    assert_eq!(shelf.fixture.shown("Lost/Season 1"), [("poster.jpg".into(), 1)]);
    shelf.change_locks(season, &["poster"], LockChange::Inherit);
    shelf.publish(Scope::All);
    assert_eq!(shelf.fixture.shown("Lost/Season 1"), [("poster.jpg".into(), 2)]);
}

/// A person went back, and locked what they found there.
#[test]
fn a_lock_keeps_what_a_rollback_brought_back() {
    let mut shelf = Shelf::new();
    shelf.choose(2);
    shelf.publish(Scope::All);
    shelf.fixture.catalog.rollback(GenerationId::new(1), RollbackScope::All, PublishMode::Apply, &stamp(20)).unwrap();
    let season = shelf.season;
    shelf.change_locks(season, &["poster"], LockChange::Lock);
    for _ in 0..2 {
        assert_eq!(shelf.publish(Scope::All), 1, "what automation may not change is counted");
        assert_eq!(shelf.fixture.shown("Lost/Season 1"), [("poster.jpg".into(), 1)]);
    }
}

#[test]
fn a_trial_changes_no_lock() {
    let mut shelf = Shelf::new();
    let (season, catalog) = (shelf.season, &mut shelf.fixture.catalog);
    let poster = ["poster".parse().unwrap()];
    let then = catalog.change_locks(season, &poster, LockChange::Lock, PublishMode::DryRun, at(5)).unwrap();
    assert!(then.is_locked("poster") && !catalog.guard_of(season).unwrap().is_locked("poster"));
    let (changed, then) = catalog.set_monitored(season, false, PublishMode::DryRun, at(5)).unwrap();
    assert!(changed == 1 && then.is_unmonitored() && !catalog.guard_of(season).unwrap().is_unmonitored());
    let nobody = EntityId::new(77);
    let error = catalog.set_monitored(nobody, false, PublishMode::Apply, at(5)).unwrap_err();
    assert!(matches!(error, CatalogError::NoSuchEntity { id } if id == nobody), "{error:?}");
}

#[test]
fn monitoring_is_said_of_all_that_belongs_to_an_item() {
    let mut shelf = Shelf::new();
    let (series, season, catalog) = (shelf.series, shelf.season, &mut shelf.fixture.catalog);
    let mut set = |id, is_monitored| catalog.set_monitored(id, is_monitored, PublishMode::Apply, at(5)).unwrap().0;
    assert_eq!((set(season, false), set(season, false), set(series, false)), (1, 0, 1));
    // The series is not monitored still, so this says something, and nothing comes of it yet.
    assert_eq!(set(season, true), 1);
    set(season, false);
    assert_eq!(set(series, true), 2);
    assert!(!catalog.guard_of(season).unwrap().is_unmonitored());
}

fn automatic() -> impl Strategy<Value = (u8, u8)> {
    (0_u8..6, 0_u8..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No sequence of automatic phases changes what a locked field shows.
    #[test]
    fn nothing_automatic_changes_what_is_locked(
        before in proptest::collection::vec(automatic(), 0..6),
        with_all: bool,
        at_series: bool,
        is_chosen_by_hand: bool,
        after in proptest::collection::vec(automatic(), 1..12),
    ) {
        let mut shelf = Shelf::new();
        before.into_iter().for_each(|step| run(&mut shelf, step));
        if is_chosen_by_hand {
            let season = shelf.season;
            shelf.fixture.catalog.select_by_hand(&picture(season, "poster", 9), at(6)).unwrap();
            shelf.publish(Scope::All);
        }
        let of = if at_series { shelf.series } else { shelf.season };
        shelf.say(of, if with_all { Word::AllLocked } else { Word::Locked });
        let seen = shelf.seen();
        for step in after {
            run(&mut shelf, step);
            prop_assert_eq!(shelf.seen(), seen.clone(), "{:?}", step);
        }
    }
}

/// One automatic step.
fn run(shelf: &mut Shelf, (step, choice): (u8, u8)) {
    let library = shelf.fixture.library;
    let words = ["one", "two", "three", "four"];
    match step {
        0 => shelf.choose(OFFERED[usize::from(choice)]),
        1 => shelf.tell(words[usize::from(choice)]),
        2 => drop(shelf.scan(words[usize::from(choice)], words[usize::from(3 - choice)])),
        3 => drop(shelf.publish(Scope::Libraries(&[library]))),
        4 => {
            let offers: Vec<_> = OFFERED[..=usize::from(choice)].iter().copied().map(offer).collect();
            let season = shelf.season;
            shelf.fixture.catalog.record_answers(season, &posters(offers), &unrated, at(7)).unwrap();
            let all: Vec<_> = OFFERED.map(offer).into();
            shelf.fixture.catalog.record_answers(season, &posters(all), &unrated, at(8)).unwrap();
        }
        _ => drop(shelf.publish(Scope::All)),
    }
}
