//! Learning rates by the number of records that were learned.

use crate::arithmetic::power;
use crate::model::{finite, Refused};

#[derive(Clone)]
pub enum Schedule {
    Constant(f64),
    InverseScaling { rate: f64, power: f64 },
    Optimal { alpha: f64, begin: f64 },
}

impl Schedule {
    /// The rate; River raises where it is not finite.
    pub fn rate(&self, iterations: u64) -> Result<f64, Refused> {
        let time = iterations as f64;
        finite(match self {
            Schedule::Constant(rate) => *rate,
            Schedule::InverseScaling { rate, power: by } => rate / finite(power(time + 1.0, *by))?,
            Schedule::Optimal { alpha, begin } => 1.0 / (alpha * (begin + time)),
        })
    }
}
