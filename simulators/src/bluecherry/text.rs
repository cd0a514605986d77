//! How codes are compared and how tracking numbers come about.

/// A code as it is compared: without spaces around, in upper case.
pub fn code(raw: &str) -> String {
    raw.trim().to_uppercase()
}

/// Whether two spellings are the same code.
pub fn same(left: &str, right: &str) -> bool {
    code(left) == code(right)
}

/// Microseconds since 1970 by the real clock.
pub fn real_now_us() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// Ten digits that depend on the seed and a running number alone.
pub fn digits(seed: u64, number: u64) -> String {
    let mut mixed = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    format!("{:010}", (mixed ^ (mixed >> 31)) % 10_000_000_000)
}
