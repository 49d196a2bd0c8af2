//! Locks: what automatic steps must leave alone, and how that is inherited.
//!
//! A lock is a word on one field of one entity: *locked* or *not locked*. What an entity has no word on, it takes from
//! what it belongs to: an episode from its season, a season from its series, nothing else from anything. That is so for what
//! was said with `lock` and `unlock` alone: who chooses the poster of a series has chosen none for its seasons, and who
//! names it has not named its episodes. The nearest word holds; at one entity a word on the field itself comes before a word on `all`. The artwork of what is not monitored,
//! or belongs to something that is not, is locked whatever is said; what the tree tells of it is still followed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EntityId, EntityType, Field, LockField};

/// How a lock came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockOrigin {
    /// By choosing, uploading or editing by hand. It holds for that entity alone.
    Manual,
    /// By `lock` or `unlock`. What belongs to the entity inherits it.
    Explicit,
}

/// What is said of one field at one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockWord {
    /// Locked, or not, whatever is said further up.
    pub is_locked: bool,
    /// How it came about.
    pub origin: LockOrigin,
}

impl LockWord {
    /// Whether it holds for what is so many steps below the entity of which it is said.
    fn holds(&self, steps_below: usize) -> bool {
        steps_below == 0 || self.origin == LockOrigin::Explicit
    }
}

/// An entity on the way from the one in question up to its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockLevel {
    /// Which.
    pub entity: EntityId,
    /// What it is.
    pub entity_type: EntityType,
    /// Whether automatic steps may touch it at all.
    pub is_monitored: bool,
    /// What is said of its fields, by the word of the field ([`LockField`]).
    pub words: BTreeMap<String, LockWord>,
}

/// What holds for an entity: its own words and those it inherits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    levels: Vec<LockLevel>,
}

/// Whether a field is locked, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InForce {
    /// Whether automatic steps must leave the field alone.
    pub is_locked: bool,
    /// What decides.
    pub reason: LockReason,
}

/// What decides whether a field is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockReason {
    /// Nobody said anything.
    Nothing,
    /// This entity is not monitored: the one in question, or what it belongs to. Decides on artwork only.
    Unmonitored(EntityId, EntityType),
    /// A word at this entity: the one in question, or what it belongs to.
    Said {
        /// Where.
        entity: EntityId,
        /// What that is.
        entity_type: EntityType,
        /// Whether it was said of `all` and not of the field itself.
        of_all: bool,
        /// How it came about.
        origin: LockOrigin,
    },
}

impl Guard {
    /// What holds for the first of these entities; each of the others is what the one before it belongs to.
    #[must_use]
    pub fn new(levels: Vec<LockLevel>) -> Self {
        Self { levels }
    }

    /// Whether a field (the word of a [`LockField`]) is locked, and why.
    #[must_use]
    pub fn in_force(&self, field: &str) -> InForce {
        let unmonitored = self.levels.iter().find(|level| !level.is_monitored);
        if let Some(level) = unmonitored.filter(|_| field.parse::<Field>().is_err()) {
            let reason = LockReason::Unmonitored(level.entity, level.entity_type);
            return InForce { is_locked: true, reason };
        }
        let said = self.levels.iter().enumerate().find_map(|(steps_up, level)| {
            let word_on = |field: &str| level.words.get(field).filter(|word| word.holds(steps_up));
            let own = word_on(field).map(|word| (word, false));
            let (word, of_all) = own.or_else(|| word_on(LockField::EVERY).map(|word| (word, true)))?;
            let (entity, entity_type, origin) = (level.entity, level.entity_type, word.origin);
            let reason = LockReason::Said { entity, entity_type, of_all, origin };
            Some(InForce { is_locked: word.is_locked, reason })
        });
        said.unwrap_or(InForce { is_locked: false, reason: LockReason::Nothing })
    }

    /// Whether automatic steps must leave a field (the word of a [`LockField`]) alone.
    #[must_use]
    pub fn is_locked(&self, field: &str) -> bool {
        self.in_force(field).is_locked
    }

    /// Whether nothing of it may be touched at all.
    #[must_use]
    pub fn is_unmonitored(&self) -> bool {
        self.levels.iter().any(|level| !level.is_monitored)
    }

    /// The words of all fields of which anything is said that holds here, `all` among them.
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        let said = self.levels.iter().enumerate().flat_map(|(steps_up, level)| {
            level.words.iter().filter(move |(_, word)| word.holds(steps_up)).map(|(field, _)| field.clone())
        });
        let mut fields: Vec<String> = said.collect();
        fields.sort();
        fields.dedup();
        fields
    }
}

impl InForce {
    /// In words for people, of the entity in question: `locked`, `locked by series 3`, `not monitored`. Empty where
    /// nothing is locked and nobody said so.
    #[must_use]
    pub fn told_of(&self, entity: EntityId) -> String {
        let of = |at: EntityId, what: EntityType| (at != entity).then(|| format!("{what} {at}"));
        match self.reason {
            LockReason::Nothing => String::new(),
            LockReason::Unmonitored(at, what) => {
                of(at, what).map_or("not monitored".to_owned(), |other| format!("not monitored, as {other} is not"))
            }
            LockReason::Said { entity: at, entity_type, of_all, origin } => {
                let word = if self.is_locked { "locked" } else { "not locked" };
                let how = match (origin, of_all) {
                    (LockOrigin::Manual, _) => " by hand",
                    (LockOrigin::Explicit, true) => " with all",
                    (LockOrigin::Explicit, false) => "",
                };
                let by = of(at, entity_type).map(|other| format!(" by {other}")).unwrap_or_default();
                format!("{word}{how}{by}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPISODE: EntityId = EntityId::new(3);

    /// Words of a level as they are typed: `poster` locked, `-poster` not locked, `+poster` locked by hand, `off` not
    /// monitored.
    fn level(entity: i64, entity_type: EntityType, words: &str) -> LockLevel {
        let said = words.split_whitespace().filter(|word| *word != "off").map(|word| {
            let field = word.trim_start_matches(['-', '+']).to_owned();
            let origin = if word.starts_with('+') { LockOrigin::Manual } else { LockOrigin::Explicit };
            (field, LockWord { is_locked: !word.starts_with('-'), origin })
        });
        let is_monitored = !words.contains("off");
        LockLevel { entity: EntityId::new(entity), entity_type, is_monitored, words: said.collect() }
    }

    fn guard(series: &str, season: &str, episode: &str) -> Guard {
        Guard::new(vec![
            level(3, EntityType::Episode, episode),
            level(2, EntityType::Season, season),
            level(1, EntityType::Series, series),
        ])
    }

    /// "Locks are inherited series → season → episode; an explicit lock or unlock further down wins."
    #[test]
    fn the_nearest_word_holds() {
        for (series, season, episode, is_locked, told) in [
            ("", "", "", false, ""),
            ("", "", "thumb", true, "locked"),
            ("", "thumb", "", true, "locked by season 2"),
            ("thumb", "", "", true, "locked by series 1"),
            ("thumb", "-thumb", "", false, "not locked by season 2"),
            ("thumb", "-thumb", "thumb", true, "locked"),
            ("-thumb", "thumb", "", true, "locked by season 2"),
            ("thumb", "", "-thumb", false, "not locked"),
            ("poster", "plot", "fanart", false, ""),
            ("all", "", "", true, "locked with all by series 1"),
            ("all", "-all", "", false, "not locked with all by season 2"),
            ("all", "-thumb", "", false, "not locked by season 2"),
            ("thumb", "-all", "", false, "not locked with all by season 2"),
            ("", "all -thumb", "", false, "not locked by season 2"),
            ("", "-all thumb", "", true, "locked by season 2"),
            ("", "", "all", true, "locked with all"),
            ("", "", "+thumb", true, "locked by hand"),
            ("+thumb", "", "", false, ""),
            ("", "+thumb", "", false, ""),
            ("thumb", "+thumb", "", true, "locked by series 1"),
            ("all", "+thumb", "", true, "locked with all by series 1"),
            ("-thumb", "+thumb", "", false, "not locked by series 1"),
            ("off", "", "-thumb", true, "not monitored, as series 1 is not"),
            ("", "off -all", "-all", true, "not monitored, as season 2 is not"),
            ("", "", "off", true, "not monitored"),
        ] {
            let in_force = guard(series, season, episode).in_force("thumb");
            let what = format!("series: {series}, season: {season}, episode: {episode}");
            assert_eq!((in_force.is_locked, in_force.told_of(EPISODE).as_str()), (is_locked, told), "{what}");
        }
    }

    /// "Unmonitored entities behave as if all their artwork were locked, yet renames … still follow."
    #[test]
    fn what_is_not_monitored_has_its_artwork_locked() {
        let guard = guard("off", "", "-all");
        assert!(guard.is_locked("thumb") && guard.is_locked("all") && guard.is_unmonitored());
        assert!(!guard.is_locked("title"));
    }

    #[test]
    fn what_is_said_at_all_is_told() {
        let guard = guard("poster +title", "-poster plot +outline", "all +year");
        assert_eq!(guard.fields(), ["all", "plot", "poster", "year"]);
        assert!(!guard.is_unmonitored() && Guard::default().fields().is_empty());
        assert!(!Guard::default().is_locked("poster"));
    }

    #[test]
    fn how_it_came_about_is_told() {
        let words = BTreeMap::from([("poster".into(), LockWord { is_locked: true, origin: LockOrigin::Manual })]);
        let (entity, entity_type) = (EntityId::new(7), EntityType::Movie);
        let guard = Guard::new(vec![LockLevel { entity, entity_type, is_monitored: true, words }]);
        assert_eq!(guard.in_force("poster").told_of(entity), "locked by hand");
    }
}
