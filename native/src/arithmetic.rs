//! Python's arithmetic where Rust has another way to the same number, or a faster one to another.

use std::hint::black_box;

/// `value ** 0.5`: Python calls `pow`, which is not `sqrt` in the last bit.
///
/// The exponent is hidden from the compiler, which would take the root instead.
pub fn root(value: f64) -> f64 {
    value.powf(black_box(0.5))
}

/// Whole numbers up to here, and the differences of two of them, are the same as floats.
pub const MOST_EXACT: i64 = 1 << 52;
