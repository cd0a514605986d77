//! A gzip bomb, written bit by bit: no compressor is needed for bytes that are all the same.

use axum::body::Bytes;
use std::sync::OnceLock;

/// Size of the unpacked text, in bytes: one literal and so many repeats of 258.
const REPEATS: u32 = 400_000;
const UNPACKED: u32 = 1 + REPEATS * 258;

/// About 100 MB of NUL bytes in about 650 KB of valid gzip.
pub(super) fn bomb() -> Bytes {
    static BOMB: OnceLock<Bytes> = OnceLock::new();
    BOMB.get_or_init(pack).clone()
}

fn pack() -> Bytes {
    let mut bits = Bits::default();
    // One last block with the fixed codes of RFC 1951.
    bits.push(0b1, 1);
    bits.push(0b01, 2);
    // The literal 0: code 00110000, most significant bit first.
    bits.push_code(0b0011_0000, 8);
    for _ in 0..REPEATS {
        // Length 258 is symbol 285 (11000101) and distance 1 is code 00000.
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    // End of the block.
    bits.push_code(0, 7);
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.extend(bits.finish());
    file.extend(crc_of_zeros(UNPACKED).to_le_bytes());
    file.extend(UNPACKED.to_le_bytes());
    file.into()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    last: u8,
    used: u8,
}

impl Bits {
    /// Adds bits, the least significant first.
    fn push(&mut self, bits: u16, count: u8) {
        for place in 0..count {
            let bit = u8::from(bits >> place & 1 == 1);
            self.last |= bit << self.used;
            self.used += 1;
            if self.used == 8 {
                self.bytes.push(std::mem::take(&mut self.last));
                self.used = 0;
            }
        }
    }

    /// Adds a code, the most significant bit first.
    fn push_code(&mut self, code: u16, count: u8) {
        for place in (0..count).rev() {
            self.push(code >> place & 1, 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.bytes.push(self.last);
        }
        self.bytes
    }
}

/// CRC-32 of so many NUL bytes: a step is linear, so that steps can be squared.
fn crc_of_zeros(mut count: u32) -> u32 {
    let byte = |state: u32| {
        (0..8).fold(state, |state, _| {
            let carry = if state & 1 == 1 { 0xEDB8_8320 } else { 0 };
            (state >> 1) ^ carry
        })
    };
    let apply = |step: &[u32; 32], state: u32| {
        (0..32)
            .filter(|bit| state >> bit & 1 == 1)
            .fold(0, |sum, bit| sum ^ step[bit])
    };
    let mut step: [u32; 32] = std::array::from_fn(|bit| byte(1 << bit));
    let mut state = u32::MAX;
    while count > 0 {
        if count & 1 == 1 {
            state = apply(&step, state);
        }
        step = std::array::from_fn(|bit| apply(&step, step[bit]));
        count >>= 1;
    }
    !state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_bytes_name_very_many_and_their_checksum_is_that_of_zeros() {
        let file = bomb();
        assert!(file.len() < 700_000, "{}", file.len());
        let size = u32::from_le_bytes(file[file.len() - 4..].try_into().unwrap());
        assert_eq!(size, 103_200_001);
        // Known from RFC 1952's polynomial: CRC-32 of one and of four NUL bytes.
        assert_eq!(crc_of_zeros(1), 0xD202_EF8D);
        assert_eq!(crc_of_zeros(4), 0x2144_DF1C);
    }
}
