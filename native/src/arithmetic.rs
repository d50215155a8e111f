//! Python's arithmetic where Rust has another way to the same number, or a faster one to another.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// `base ** exponent` of floats, and `math.pow`, where neither raises.
pub fn power(base: f64, exponent: f64) -> f64 {
    base.powf(black_box(exponent))
}

/// Python's `round` to some digits: to the nearest decimal number, the even one of two, exactly.
pub fn rounded(value: f64, digits: u32) -> f64 {
    let scale = 10.0_f64.powi(digits as i32);
    let scaled = value * scale;
    // The product is off by 1e-7 at most: far from the middle of two whole numbers it is clear which is nearer,
    // and dividing two numbers that are exact rounds as reading the decimal number does.
    let from_middle = (scaled - scaled.floor() - 0.5).abs();
    if digits <= 15 && scaled.abs() < 1e9 && from_middle > 1e-6 {
        return scaled.round() / scale;
    }
    format!("{value:.*}", digits as usize).parse().unwrap_or(value)
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
        summed(self.compensates, numbers)
    }
}

/// Whether the `sum` of this Python makes up for what is lost.
static COMPENSATES: AtomicBool = AtomicBool::new(false);

/// Takes note of the Python that runs.
pub fn runs_under(python: pyo3::Python<'_>) {
    COMPENSATES.store(python.version_info() >= (3, 12), Ordering::Relaxed);
}

/// The `sum` of floats of the Python that runs; zero when there are none.
pub fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    summed(COMPENSATES.load(Ordering::Relaxed), numbers)
}

fn summed(compensates: bool, numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let sum = total + number;
        lost += if total.abs() >= number.abs() { (total - sum) + number } else { (number - sum) + total };
        total = sum;
    }
    if compensates && lost != 0.0 && lost.is_finite() {
        total + lost
    } else {
        total
    }
}
