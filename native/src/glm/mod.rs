//! `LogisticRegression` and `LinearRegression`.

mod loss;
mod optimizer;
mod schedule;
mod weights;

pub use loss::Loss;
pub use optimizer::{Memory, Optimizer};
pub use schedule::Schedule;
pub use weights::Weights;

use crate::model::{finite, Cell, Label, Output, Refused};

/// What does not change as the model learns.
#[derive(Clone)]
pub struct Settings {
    /// Whether it puts out probabilities.
    pub is_classifier: bool,
    pub loss: Loss,
    pub optimizer: Optimizer,
    pub rate: Schedule,
    pub intercept_rate: Schedule,
    pub penalty: f64,
    /// The most that a gradient may be.
    pub clip: f64,
}

#[derive(Clone)]
pub struct Glm {
    pub settings: Settings,
    pub intercept: f64,
    /// The records that it has learned.
    pub iterations: u64,
    pub weights: Weights,
    staged_intercept: f64,
    staged: Vec<f64>,
    staged_memories: Vec<Memory>,
}

impl Glm {
    pub fn new(settings: Settings, intercept: f64, iterations: u64) -> Self {
        Glm {
            settings,
            intercept,
            iterations,
            weights: Weights::default(),
            staged_intercept: 0.0,
            staged: Vec::new(),
            staged_memories: Vec::new(),
        }
    }

    pub fn predict(&self, cells: &[Cell]) -> Result<Output, Refused> {
        let raw = self.raw(cells)?;
        Ok(match (self.settings.is_classifier, self.settings.loss.of_classes()) {
            (false, _) => Output::Number(raw),
            (true, true) => sigmoid(raw),
            (true, false) => Output::Probability { yes: raw, certain: false }, // as River's, whatever it is
        })
    }

    pub fn learn(&mut self, cells: &[Cell], label: Label<'_>) -> Result<(), Refused> {
        self.stage(cells, label)?;
        self.commit(cells);
        Ok(())
    }

    /// Computes what a row changes, and keeps it aside.
    pub fn stage(&mut self, cells: &[Cell], label: Label<'_>) -> Result<(), Refused> {
        let settings = &self.settings;
        let slope = settings.loss.slope(self.raw(cells)?, label)?;
        // As Python's min and max; it is finite.
        let slope = slope.min(settings.clip).max(-settings.clip);
        let rate = settings.optimizer.rate(settings.rate.rate(self.iterations)?, self.iterations);
        let intercept_rate = settings.intercept_rate.rate(self.iterations)?;
        self.staged_intercept = finite(self.intercept - intercept_rate * slope)?;
        self.stage_weights(cells, slope, rate)
    }

    /// Changes what the row that was staged last does.
    pub fn commit(&mut self, cells: &[Cell]) {
        self.intercept = self.staged_intercept;
        for (cell, weight) in cells.iter().zip(&self.staged) {
            self.weights.set(cell.field, *weight);
        }
        for (cell, memory) in cells.iter().zip(&self.staged_memories) {
            self.weights.remember(cell.field, *memory);
        }
        self.iterations += 1;
    }

    /// The weights that the features of a row will have.
    fn stage_weights(&mut self, cells: &[Cell], slope: f64, rate: f64) -> Result<(), Refused> {
        self.staged.clear();
        self.staged_memories.clear();
        let remembers = self.settings.optimizer.remembers() > 0;
        for cell in cells {
            let weight = self.weights.get(cell.field);
            let mut gradient = cell.value.number()? * slope;
            if self.settings.penalty != 0.0 {
                gradient += self.settings.penalty * weight;
            }
            let step = if remembers { self.remembered(cell.field, rate, gradient)? } else { rate * gradient };
            self.staged.push(finite(weight - step)?);
        }
        Ok(())
    }

    /// A step by what is remembered of a feature's weight.
    fn remembered(&mut self, feature: u32, rate: f64, gradient: f64) -> Result<f64, Refused> {
        let mut memory = self.weights.memory(feature);
        let step = self.settings.optimizer.step(rate, gradient, times_itself, &mut memory);
        self.staged_memories.push(memory);
        if memory.is_finite() {
            Ok(step)
        } else {
            Err(Refused::Record)
        }
    }

    /// What it puts out before the loss makes a prediction of it.
    pub fn raw(&self, cells: &[Cell]) -> Result<f64, Refused> {
        let mut total = 0.0;
        for cell in cells {
            total += self.weights.get(cell.field) * cell.value.number()?;
        }
        finite(total + self.intercept)
    }
}

/// The square of a vector's number.
fn times_itself(number: f64) -> f64 {
    number * number
}

fn sigmoid(raw: f64) -> Output {
    let (yes, certain) = if raw < -30.0 {
        (0.0, true)
    } else if raw > 30.0 {
        (1.0, true)
    } else {
        (1.0 / (1.0 + (-raw).exp()), false)
    };
    Output::Probability { yes, certain }
}
