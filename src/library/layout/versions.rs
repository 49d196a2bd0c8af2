//! Several versions of one thing in one folder.

use super::files::Group;
use super::title::decode;

/// The index of the version that players show by default: the highest resolution, else the first. There is at least one.
pub(super) fn main_of(groups: &[Group]) -> usize {
    let rank = |at: &usize| (resolution(&decode(&groups[*at].title_base())), std::cmp::Reverse(*at));
    (0..groups.len()).max_by_key(rank).unwrap_or(0)
}

/// The number of lines in a label like `- 1080p` or `4K`, 0 without one.
pub(super) fn resolution(label: &str) -> u16 {
    let lines = |word: &str| match word.to_ascii_lowercase().as_str() {
        "4k" | "uhd" => Some(2160),
        "8k" => Some(4320),
        word => word.strip_suffix(['p', 'i'])?.parse().ok(),
    };
    label.split(|c: char| !c.is_alphanumeric()).filter_map(lines).max().unwrap_or(0)
}
