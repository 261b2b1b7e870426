//! A delta of a pack: copies from a base and bytes of its own (gitformat-pack(5)).

/// The size of the result that a delta says.
#[must_use]
pub fn result_size(delta: &[u8]) -> Option<u64> {
    let (_, rest) = size(delta)?;
    size(rest).map(|(size, _)| size)
}

/// The result; none when the delta does not fit its base or contradicts itself.
#[must_use]
pub fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let (base_size, rest) = size(delta)?;
    let (result_size, mut rest) = size(rest)?;
    if base_size != base.len() as u64 {
        return None;
    }
    let expected = usize::try_from(result_size).ok()?;
    // The claim of a size costs no memory before there are bytes for it.
    let mut result = Vec::with_capacity(expected.min(1024 * 1024));
    while let Some((code, behind)) = rest.split_first() {
        rest = behind;
        if code & 0x80 != 0 {
            let offset = fields(&mut rest, *code, 0..4)?;
            let length = match fields(&mut rest, *code, 4..7)? {
                0 => 0x1_0000,
                length => length,
            };
            result.extend_from_slice(base.get(offset..offset.checked_add(length)?)?);
        } else if *code != 0 {
            let (own, behind) = rest.split_at_checked(usize::from(*code))?;
            result.extend_from_slice(own);
            rest = behind;
        } else {
            return None;
        }
        if result.len() > expected {
            return None;
        }
    }
    (result.len() == expected).then_some(result)
}

/// A number of which only the bytes are stored whose bits are set.
fn fields(rest: &mut &[u8], code: u8, bits: std::ops::Range<u8>) -> Option<usize> {
    let mut value = 0;
    for (shift, bit) in bits.enumerate() {
        if code & (1 << bit) != 0 {
            let (byte, behind) = rest.split_first()?;
            value |= usize::from(*byte) << (8 * shift);
            *rest = behind;
        }
    }
    Some(value)
}

/// Seven bits a byte, the lowest first.
fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut rest) = (0_u64, bytes);
    for shift in (0..63).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        rest = behind;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn copies_and_own_bytes() {
        // Base of 6, result of 8: copy 4 from 2, then three of its own, then one from 0.
        let delta = [6, 8, 0x91, 2, 4, 3, b'x', b'y', b'z', 0x90, 1];
        assert_eq!(apply(b"abcdef", &delta).unwrap(), b"cdefxyza");
        assert_eq!(result_size(&delta), Some(8));
        // A length of which no byte is stored is 64 KiB: the sizes 0x10001 and 0x10000, then a copy.
        let base = vec![7; 0x1_0001];
        let whole = [0x81, 0x80, 4, 0x80, 0x80, 4, 0x80];
        assert_eq!(apply(&base, &whole).unwrap(), vec![7; 0x1_0000]);
        for wrong in
            [&[5, 8, 0x91, 2, 4][..], &[6, 8, 0x91, 4, 4], &[6, 1, 0], &[6, 9, 0x90, 6], &[0x80]]
        {
            assert_eq!(apply(b"abcdef", wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_apply_or_are_refused(base in proptest::collection::vec(any::<u8>(), 0..64), delta in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(result) = apply(&base, &delta) {
                prop_assert_eq!(result_size(&delta), Some(result.len() as u64));
            }
        }
    }
}
