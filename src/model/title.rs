//! Titles of entities.

/// The title in lower case with an English article put behind it, as players sort.
#[must_use]
pub fn sort_title(title: &str) -> String {
    let lower = title.to_lowercase();
    let article = ["the ", "a ", "an "].into_iter().find_map(|article| Some((lower.strip_prefix(article)?, article)));
    match article {
        Some((rest, article)) if !rest.trim().is_empty() => format!("{}, {}", rest.trim_start(), article.trim_end()),
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_sort_without_their_article() {
        for (title, sorted) in
            [("The Matrix", "matrix, the"), ("A", "a"), ("An Education", "education, an"), ("The ", "the ")]
        {
            assert_eq!(sort_title(title), sorted);
        }
    }
}
