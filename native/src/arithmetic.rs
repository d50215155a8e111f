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

/// `value ** 2`: Python calls `pow`.
pub fn square(value: f64) -> f64 {
    value.powf(black_box(2.0))
}

/// What Python does that depends on its version, and what it takes from C's library and Rust's lacks.
#[derive(Clone, Copy)]
pub struct Python {
    /// Whether its `sum` makes up for what is lost (since 3.12).
    pub compensates: bool,
    pub erf: fn(f64) -> f64,
}

impl Python {
    /// Python's `sum` of floats; zero when there are none.
    pub fn sum(&self, numbers: impl Iterator<Item = f64>) -> f64 {
        let (mut total, mut lost) = (0.0_f64, 0.0_f64);
        for number in numbers {
            let sum = total + number;
            lost += if total.abs() >= number.abs() { (total - sum) + number } else { (number - sum) + total };
            total = sum;
        }
        if self.compensates && lost != 0.0 && lost.is_finite() {
            total + lost
        } else {
            total
        }
    }
}
