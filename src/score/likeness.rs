//! When two pictures are nearly the same.

/// Perceptual hashes of 64 bits that differ in at most so many bits are taken for one picture, by default. The same
/// picture scaled, recompressed or in another format differs by up to 6; different stills of one film by 12 and more.
pub const NEAR_DUPLICATE_BITS: u32 = 8;

/// In how many bits two hashes differ. Hashes of different lengths have nothing in common: every bit counts.
#[must_use]
pub fn bits_apart(one: &[u8], other: &[u8]) -> u32 {
    if one.len() != other.len() {
        return u32::try_from(8 * one.len().max(other.len())).unwrap_or(u32::MAX);
    }
    one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted() {
        for (one, other, wanted) in [
            (&[0u8; 8][..], &[0u8; 8][..], 0),
            (&[0xff; 8], &[0; 8], 64),
            (&[1, 0, 0, 0, 0, 0, 0, 0], &[0, 0, 0, 0, 0, 0, 0, 0x80], 2),
            (&[], &[0; 8], 64),
            (&[], &[], 0),
        ] {
            assert_eq!(bits_apart(one, other), wanted, "{one:?} {other:?}");
        }
    }
}
