//! How names tell an episode. The order in which the patterns are tried is not told here.

use super::super::pattern::pattern;

// Season and episode.
pattern!(pub(super) S_E, r"(?i)s(\d{1,4})[\]\[ ._-]*x?[\]\[ ._-]*e(?:p(?:isode)?)?[ ._-]*(\d{1,5})");
pattern!(pub(super) S_X, r"(?i)(?:^|[^\p{L}\p{N}])s(\d{1,4})x(\d{1,4})");
pattern!(
    pub(super) SEASON_WORDS,
    r"(?i)(?:season|series|staffel|saison|temporada|stagione|seizoen|sezon|sæson|säsong|sesong|kausi|serie|сезон|(?:^|[^\p{L}\p{N}])se)[ ._-]*(\d{1,4})[ ._,-]*(?:episode|episodio|épisode|folge|aflevering|afl|afsnit|avsnitt|jakso|odcinek|серия|эпизод|ep|e)[ ._-]*(\d{1,4})"
);
pattern!(pub(super) N_X_N, r"(?i)(?:^|[ ._\-\[(])(\d{1,4})x(\d{1,4})");

// The episode alone.
pattern!(
    pub(super) EPISODE_ONLY,
    r"(?i)(?:^|[^\p{L}\p{N}])(?:(?:ep|eps|episode|episodio|épisode|episódio|folge|aflevering|afl|afsnit|avsnitt|jakso|odc|odcinek|epizod|epizoda|capitulo|capítulo|chapter|серия|серії|эпизод|выпуск)[ ._-]*|e|#)(\d{1,5})(?:v\d|[a-i])?(?:[^\p{L}\p{N}]|[ex]p?\d|$)"
);
pattern!(
    pub(super) CHAPTER,
    r"(?i)(?:^|[^\p{L}\p{N}])cap(?:[ií]tulo)?[ ._-]*(\d{1,2})(\d{2})(?:_(\d{1,2})(\d{2}))?(?:[^\p{L}\p{N}]|$)"
);
pattern!(pub(super) SPECIAL, r"(?i)(?:^|[^\p{L}\p{N}])sp(\d{1,3})(?:[^\p{L}\p{N}]|$)");
pattern!(pub(super) COUNTED, r"第(\d{1,4})[話话集回]");
pattern!(
    pub(super) COUNTED_BEHIND,
    r"(?i)(?:^|[^\p{L}\p{N}])(\d{1,4})[. ]{0,2}(?:bölüm|bolum|blm|серия|эпизод|rész|jakso)(?:[^\p{L}\p{N}]|$)"
);
pattern!(pub(super) OF, r"(?i)(?:^|[^\p{L}\p{N}])(\d{1,3})[ ._]?of[ ._]?\d{1,3}(?:[^\p{L}\p{N}]|$)");

// Numbers without a word.
pattern!(pub(super) BRACKETED, r"(?i)[\[{](\d{1,4})(?:v\d)?(?:[ _]?(?:end|fin|完|集))?[\]}]");
pattern!(pub(super) BRACKETED_RANGE, r"(?i)[\[(](\d{2,4})[-~](\d{2,4})(?:[ _]?(?:end|fin|完))?[\])]");
pattern!(pub(super) DASHED, r"(?i)[^ _.]([ _.]+-[ _.]+)(\d{1,4})(?:v\d)?(?:$|[^\p{L}\p{N}.]|\.(?:\D|\d{3}|$))");
pattern!(pub(super) DASHED_TIGHTLY, r"(?i)[^ _.\d-](-)(\d{2,4})(?:v\d)?[\[(]");
pattern!(pub(super) LEADING, r"^(\d{1,4})(?:v\d)?(?:[ _]*[-\[({]|\.|$)");
pattern!(pub(super) LEADING_RANGE, r"^(\d{1,4})(?:-| ?~ ?)(\d{1,4})(?:$|[^\p{L}\p{N}])");
pattern!(pub(super) LEADING_WORD, r"^(\d{1,3})[ _]");
pattern!(pub(super) TRAILING, r"(?i)(?:[^\d ._-]|[ ._-]s\d{1,2}|[ ._-](?:19|20)\d{2})(?:[ _]+(\d{1,4})|\.(\d{2}))(?:v\d)?$");
pattern!(pub(super) TRAILING_RANGE, r"[^\d ._-][ _]+(\d{2,4}) ?[-~] ?(\d{2,4})$");
pattern!(pub(super) SEASON_WORD_AT_END, r"(?i)(?:season|series|staffel|saison|temporada|stagione)$");
pattern!(
    pub(super) PART,
    r"(?i)(?:^|[^\p{L}])p(?:ar)?t[ ._-]*(\d{1,3}|[ivx]{1,5}|one|two|three|four|five|six|seven|eight|nine|ten)(?:[^\p{L}\p{N}]|$)"
);

// Further episodes, directly behind the first.
pattern!(pub(super) NEXT_S_E, r"(?i)^[ ._]*[-~&+,]?[ ._]*s(\d{1,4})[ ._-]*e(?:p)?[ ._]?(\d{1,5})");
pattern!(pub(super) NEXT_N_X_N, r"(?i)^[ ._]*[-~&+,]?[ ._]*(\d{1,4})x(\d{1,4})");
pattern!(pub(super) NEXT_E, r"(?i)^[ ._]*[-~&+,]?[ ._]*(?:x?e(?:p)?[ ._]?|x)(\d{1,5})");
pattern!(pub(super) NEXT_NUMBER, r"^(?:[-_~]| ~ )(\d{1,4})");
pattern!(pub(super) NEXT_TO, r"(?i)^[ ._]+(?:to|bis|до|à)[ ._]+(?:s\d{1,4}e|\d{1,4}x|ep?)?(\d{1,4})(?:[^\p{L}\p{N}]|$)");
pattern!(pub(super) NEXT_AND, r"(?i)^[ ._]*(?:&|\+|and|und|en|et|y)[ ._]*(\d{1,4})(?:[^\p{L}\p{N}]|$)");
pattern!(pub(super) S_E_START, r"(?i)^s\d{1,4}e\d");

// What stands around them.
pattern!(pub(super) CHECKSUM, r"[\[(][0-9A-Fa-f]{8}[\])]");
pattern!(pub(super) GROUPS, r"^(?:\[[^\]]*\][ ._-]*)+");
pattern!(
    pub(super) SEASON_BEFORE,
    r"(?i)(?:^|[ ._\-\[(])(?:s(\d{1,2})|season[ ._]?(\d{1,2})|(\d{1,2})(?:st|nd|rd|th)[ ._]season)[\])]?[ ._-]*$"
);
