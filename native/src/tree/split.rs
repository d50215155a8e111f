//! What a leaf may be split by, and how much is gained.

use super::distribution::Distribution;
use crate::arithmetic::Python;
use crate::model::Value;

#[derive(Clone, Debug)]
pub enum Test {
    AtMost {
        feature: u32,
        threshold: Value,
    },
    Equal {
        feature: u32,
        word: u32,
    },
    /// One side for each text.
    Among {
        feature: u32,
        words: Vec<u32>,
    },
}

impl Test {
    pub fn feature(&self) -> u32 {
        match self {
            Test::AtMost { feature, .. } | Test::Equal { feature, .. } | Test::Among { feature, .. } => {
                *feature
            }
        }
    }
}

/// A test, and the classes on each of its sides.
#[derive(Clone, Debug)]
pub struct Split {
    pub test: Test,
    pub sides: Vec<Distribution>,
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

    pub fn of(merit: f64, split: Split) -> Self {
        Suggestion { merit, split: Some(split) }
    }

    /// Whether it separates one text from the others.
    pub fn is_of_one_word(&self) -> bool {
        matches!(&self.split, Some(Split { test: Test::Equal { .. }, .. }))
    }
}

/// `InfoGainSplitCriterion` on the classes of a leaf.
pub struct Criterion<'a> {
    pub before: &'a Distribution,
    pub least_share: f64,
    /// Thresholds that are tried on a number.
    pub places: u32,
    /// Whether there may be two sides only.
    pub binary: bool,
    pub python: &'a Python,
}

impl Criterion<'_> {
    pub fn merit(&self, sides: &[Distribution]) -> f64 {
        if self.sides_of_weight(sides) < 2 {
            return f64::NEG_INFINITY;
        }
        entropy(self.before) - self.mean_entropy(sides)
    }

    fn sides_of_weight(&self, sides: &[Distribution]) -> usize {
        let weights: Vec<f64> = sides.iter().map(|side| side.total(self.python)).collect();
        let total = weights.iter().fold(0.0, |total, weight| total + weight);
        let enough = |weight: &&f64| *weight / total > self.least_share;
        if total > 0.0 {
            weights.iter().filter(enough).count()
        } else {
            0
        }
    }

    fn mean_entropy(&self, sides: &[Distribution]) -> f64 {
        let (mut weight, mut mean) = (0.0, 0.0);
        for side in sides {
            let of_side = side.total(self.python);
            weight += of_side;
            mean += of_side * entropy(side);
        }
        mean / weight
    }
}

fn entropy(classes: &Distribution) -> f64 {
    let (mut found, mut total) = (0.0, 0.0);
    for weight in classes.weights() {
        if weight > 0.0 {
            found -= weight * weight.log2();
            total += weight;
        }
    }
    if total > 0.0 {
        (found + total * total.log2()) / total
    } else {
        0.0
    }
}
