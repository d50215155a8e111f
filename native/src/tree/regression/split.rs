//! `VarianceReductionSplitCriterion`: how much a split reduces the variance of the labels.

use crate::moments::Variance;
use crate::tree::split::Test;

/// A test, and the labels on each of its sides.
#[derive(Clone, Debug)]
pub struct Split {
    pub test: Test,
    pub sides: Vec<Variance>,
}

/// A split with its merit, or the null one: none.
#[derive(Clone, Debug)]
pub struct Suggestion {
    pub merit: f64,
    pub split: Option<Split>,
}

impl Suggestion {
    pub fn null() -> Self {
        Suggestion { merit: f64::NEG_INFINITY, split: None }
    }
}

pub struct Criterion {
    pub before: Variance,
    /// The records that each side must have.
    pub least: f64,
}

impl Criterion {
    pub fn merit(&self, sides: &[Variance]) -> f64 {
        if sides.iter().any(|side| side.count < self.least) {
            return 0.0;
        }
        let mut merit = self.before.variance();
        for side in sides {
            merit -= side.count / self.before.count * side.variance();
        }
        merit
    }

    /// Some labels, and the others.
    pub fn sides(&self, some: Variance) -> [Variance; 2] {
        [some, self.before.minus(&some)]
    }
}
