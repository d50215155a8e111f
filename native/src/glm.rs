//! `LogisticRegression` and `LinearRegression` with plain SGD.

use crate::model::{finite, Cell, Label, Output, Refused};

#[derive(Clone)]
pub enum Loss {
    /// The logarithmic one, with the weights of a positive and of a negative label.
    Log {
        positive: f64,
        negative: f64,
    },
    Squared,
}

#[derive(Clone)]
pub struct Glm {
    pub loss: Loss,
    pub rate: f64,
    pub intercept_rate: f64,
    pub penalty: f64,
    /// The most that a gradient may be.
    pub clip: f64,
    pub intercept: f64,
    pub iterations: u64,
    /// Weights by the number of the feature, and the features that have one in the order in which they came.
    weights: Vec<f64>,
    has_weight: Vec<bool>,
    order: Vec<u32>,
    staged: Vec<f64>,
}

impl Glm {
    pub fn new(loss: Loss, rate: f64, intercept_rate: f64, penalty: f64, clip: f64) -> Self {
        Glm {
            loss,
            rate,
            intercept_rate,
            penalty,
            clip,
            intercept: 0.0,
            iterations: 0,
            weights: Vec::new(),
            has_weight: Vec::new(),
            order: Vec::new(),
            staged: Vec::new(),
        }
    }

    pub fn set(&mut self, feature: u32, weight: f64) {
        let place = feature as usize;
        if place >= self.weights.len() {
            self.weights.resize(place + 1, 0.0);
            self.has_weight.resize(place + 1, false);
        }
        self.weights[place] = weight;
        if !self.has_weight[place] {
            self.has_weight[place] = true;
            self.order.push(feature);
        }
    }

    pub fn has(&self, feature: u32) -> bool {
        let place = feature as usize;
        self.has_weight.get(place).copied().unwrap_or(false)
    }

    pub fn weights(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        let weight = |feature: &u32| (*feature, self.weights[*feature as usize]);
        self.order.iter().map(weight)
    }

    pub fn predict(&self, cells: &[Cell]) -> Result<Output, Refused> {
        let raw = self.raw(cells)?;
        Ok(match self.loss {
            Loss::Log { .. } => sigmoid(raw),
            Loss::Squared => Output::Number(raw),
        })
    }

    pub fn learn(&mut self, cells: &[Cell], label: Label<'_>) -> Result<(), Refused> {
        let raw = self.raw(cells)?;
        let slope = slope(&self.loss, raw, label)?;
        // As Python's min and max; it is finite.
        let slope = slope.min(self.clip).max(-self.clip);
        self.staged.clear();
        for cell in cells {
            let weight = self.weight(cell.field);
            let mut gradient = cell.value.number()? * slope;
            if self.penalty != 0.0 {
                gradient += self.penalty * weight;
            }
            self.staged.push(finite(weight - self.rate * gradient)?);
        }
        self.intercept = finite(self.intercept - self.intercept_rate * slope)?;
        for (index, cell) in cells.iter().enumerate() {
            self.set(cell.field, self.staged[index]);
        }
        self.iterations += 1;
        Ok(())
    }

    /// The weight of a feature; River begins with zero, and takes one that it does not know for zero.
    fn weight(&self, feature: u32) -> f64 {
        self.weights.get(feature as usize).copied().unwrap_or(0.0)
    }

    /// What it puts out before the loss makes a prediction of it.
    pub fn raw(&self, cells: &[Cell]) -> Result<f64, Refused> {
        let mut total = 0.0;
        for cell in cells {
            total += self.weight(cell.field) * cell.value.number()?;
        }
        finite(total + self.intercept)
    }
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

/// The gradient of the loss with respect to what the model puts out.
fn slope(loss: &Loss, raw: f64, label: Label<'_>) -> Result<f64, Refused> {
    match (loss, label) {
        (Loss::Squared, Label::Float(wanted)) => finite(2.0 * (raw - wanted)),
        (Loss::Squared, Label::Int(wanted)) => finite(2.0 * (raw - wanted as f64)),
        (Loss::Log { positive, negative }, Label::Bool(class)) => {
            let (sign, weight) = if class { (1.0, *positive) } else { (-1.0, *negative) };
            let margin = raw * sign;
            finite(if margin > 18.0 {
                weight * (-margin).exp() * -sign
            } else if margin < -18.0 {
                weight * -sign
            } else {
                weight * -sign / (margin.exp() + 1.0)
            })
        }
        _ => Err(Refused::Record),
    }
}
