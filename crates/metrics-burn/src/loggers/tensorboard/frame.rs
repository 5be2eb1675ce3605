//! The framing of event files: length, its checksum, the bytes, their checksum.

use crc32c::crc32c;

/// Bytes before the message: its length as `u64` and that number's checksum.
const HEAD: usize = 12;

/// CRC-32C, rotated and shifted so that it also works for data that contain checksums.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A message with its frame.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let len = (message.len() as u64).to_le_bytes();
    let mut framed = Vec::with_capacity(message.len() + HEAD + 4);
    framed.extend(len);
    framed.extend(masked_crc(&len).to_le_bytes());
    framed.extend(message);
    framed.extend(masked_crc(message).to_le_bytes());
    framed
}

/// Takes the next message off; none at the end or where the frame is torn or damaged.
pub fn unframe<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let (len, crc) = head.split_first_chunk::<8>()?;
    if masked_crc(len).to_le_bytes() != *crc {
        return None;
    }
    let (message, rest) = rest.split_at_checked(u64::from_le_bytes(*len).try_into().ok()?)?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    if masked_crc(message).to_le_bytes() != *crc {
        return None;
    }
    *bytes = rest;
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_known_vectors() {
        // RFC 3720, B.4: CRC-32C of 32 bytes of zeros, and of 0 to 31.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&rising), 0x46dd_794e);
        // The first 12 bytes of every event file whose first message has 24 bytes, as TensorFlow
        // writes them.
        assert_eq!(
            frame(&[7; 24])[..HEAD],
            *b"\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22"
        );
    }

    #[test]
    fn a_torn_or_damaged_frame_is_not_read() {
        let whole = [frame(b"one"), frame(b"")].concat();
        let mut bytes = whole.as_slice();
        assert_eq!(unframe(&mut bytes), Some(b"one".as_slice()));
        assert_eq!(unframe(&mut bytes), Some(b"".as_slice()));
        assert_eq!(unframe(&mut bytes), None);
        let first = frame(b"one");
        for len in 0..first.len() {
            assert_eq!(unframe(&mut &first[..len]), None, "{len} bytes");
            let mut damaged = first.clone();
            damaged[len] ^= 1;
            assert_eq!(unframe(&mut damaged.as_slice()), None, "byte {len}");
        }
    }
}
