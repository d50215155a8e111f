//! Optimizers: how far a weight goes for a gradient, by what is remembered of the gradients before it.

use crate::arithmetic::{power, root, square};

#[derive(Clone)]
pub enum Optimizer {
    Sgd,
    RmsProp { keep: f64, eps: f64 },
    Adam { keep: f64, keep_squares: f64, eps: f64 },
    AdaGrad { eps: f64 },
    Momentum { keep: f64 },
}

/// What is remembered of a weight's gradients, or of their squares; Adam remembers both, squares second.
#[derive(Clone, Copy, Default)]
pub struct Memory(pub f64, pub f64);

impl Memory {
    pub fn is_finite(&self) -> bool {
        self.0.is_finite() && self.1.is_finite()
    }
}

impl Optimizer {
    /// How many numbers are remembered of a weight.
    pub fn remembers(&self) -> usize {
        match self {
            Optimizer::Sgd => 0,
            Optimizer::Adam { .. } => 2,
            Optimizer::RmsProp { .. } | Optimizer::AdaGrad { .. } | Optimizer::Momentum { .. } => 1,
        }
    }

    /// The learning rate of a record.
    pub fn rate(&self, rate: f64, iterations: u64) -> f64 {
        match self {
            Optimizer::Adam { keep, keep_squares, .. } => {
                let time = iterations as f64 + 1.0;
                rate * root(1.0 - power(*keep_squares, time)) / (1.0 - power(*keep, time))
            }
            _ => rate,
        }
    }

    /// What is taken off a weight.
    ///
    /// `squared` is the square of a gradient to the optimizers that River has for dictionaries and for its own vectors:
    /// by Python's power, or by the product.
    pub fn step(&self, rate: f64, gradient: f64, squared: fn(f64) -> f64, memory: &mut Memory) -> f64 {
        match self {
            Optimizer::Sgd => rate * gradient,
            Optimizer::RmsProp { keep, eps } => {
                memory.0 = keep * memory.0 + (1.0 - keep) * squared(gradient);
                rate / root(memory.0 + eps) * gradient
            }
            Optimizer::Adam { keep, keep_squares, eps } => {
                memory.0 = keep * memory.0 + (1.0 - keep) * gradient;
                memory.1 = keep_squares * memory.1 + (1.0 - keep_squares) * squared(gradient);
                memory.0 * rate / (root(memory.1) + eps)
            }
            Optimizer::AdaGrad { eps } => {
                memory.0 += square(gradient);
                rate / root(memory.0 + eps) * gradient
            }
            Optimizer::Momentum { keep } => {
                memory.0 = keep * memory.0 + rate * gradient;
                memory.0
            }
        }
    }
}
