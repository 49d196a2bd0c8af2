//! Several versions of one thing in one folder.

use super::files::Group;
use super::title::decode;

/// The index of the version that players show by default: the highest resolution, else the first. There is at least one.
pub(super) fn main_of(groups: &[Group]) -> usize {
    let rank = |at: &usize| (resolution(&decode(&groups[*at].title_base())), std::cmp::Reverse(*at));
    (0..groups.len()).max_by_key(rank).unwrap_or(0)
}

/// The number of lines in a label like `- 1080p`, 0 without one.
pub(super) fn resolution(label: &str) -> u16 {
    let words = label.split(|c: char| !c.is_alphanumeric());
    words.filter_map(|word| word.strip_suffix(['p', 'i', 'P', 'I'])?.parse().ok()).max().unwrap_or(0)
}
