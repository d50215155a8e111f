//! `SoftmaxRegression`: weights of features for each class, and shares of what those put out.

use crate::arithmetic::{square, sum};
use crate::glm::{Memory, Optimizer, Schedule, Weights};
use crate::model::{class_number, finite, Cell, Class, Label, Output, Refused};

/// Shares are taken for no less and no more than this, where they are learned.
const LEAST: f64 = 1e-15;
const MOST: f64 = 1.0 - 1e-15;

/// What does not change as the model learns.
pub struct Settings {
    pub optimizer: Optimizer,
    pub rate: Schedule,
    pub penalty: f64,
    /// What the loss of a class counts, where it is not 1.
    pub class_weights: Vec<(Class, f64)>,
}

/// A class, with an optimizer of its own.
pub struct Known {
    pub class: Class,
    /// The records that it has learned.
    pub iterations: u64,
    pub weights: Weights,
    /// What its loss counts.
    counts: f64,
}

pub struct Softmax {
    pub settings: Settings,
    /// In the order in which they came.
    pub classes: Vec<Known>,
    numbers: ByFeature,
    shares: Vec<f64>,
    /// The weights that the features of a row will have, class by class.
    staged: Vec<(f64, Memory)>,
}

impl Softmax {
    pub fn new(settings: Settings) -> Self {
        let (numbers, shares, staged) = (ByFeature::default(), Vec::new(), Vec::new());
        Softmax { settings, classes: Vec::new(), numbers, shares, staged }
    }

    /// A class that has learned nothing; it may be known already.
    pub fn fresh(&self, class: Class) -> Result<Known, Refused> {
        let known = &self.settings.class_weights;
        let place = class_number(known.iter().map(|(class, _)| class), &class)?;
        let counts = known.get(place).map_or(1.0, |(_, counts)| *counts);
        Ok(Known { class, iterations: 0, weights: Weights::default(), counts })
    }

    pub fn predict(&mut self, cells: &[Cell]) -> Result<Output, Refused> {
        self.find_shares(cells)?;
        let share = |(place, share): (usize, &f64)| (place as u32, *share);
        Ok(Output::Classes(self.shares.iter().enumerate().map(share).collect()))
    }

    pub fn learn(&mut self, cells: &[Cell], label: Label<'_>) -> Result<(), Refused> {
        let class = Class::of(label)?;
        let place = class_number(self.classes.iter().map(|known| &known.class), &class)?;
        self.find_shares(cells)?;
        let fresh = if place == self.classes.len() { Some(self.fresh(class)?) } else { None };
        self.staged.clear();
        for (number, known) in self.classes.iter().chain(&fresh).enumerate() {
            let share = self.shares.get(number).copied().unwrap_or(0.0);
            let truth = f64::from(u8::from(number == place));
            let slope = finite(known.counts * (share.clamp(LEAST, MOST) - truth))?;
            known.stage(cells, slope, &self.settings, &mut self.staged)?;
        }
        self.classes.extend(fresh);
        self.commit(cells);
        Ok(())
    }

    fn commit(&mut self, cells: &[Cell]) {
        let remembers = self.settings.optimizer.remembers() > 0;
        let mut staged = self.staged.iter();
        for known in &mut self.classes {
            for (cell, (weight, memory)) in cells.iter().zip(&mut staged) {
                known.weights.set(cell.field, *weight);
                if remembers {
                    known.weights.remember(cell.field, *memory);
                }
            }
            known.iterations += 1;
        }
    }

    /// River's `softmax` of what the classes put out.
    fn find_shares(&mut self, cells: &[Cell]) -> Result<(), Refused> {
        self.numbers.set(cells)?;
        self.shares.clear();
        for known in &self.classes {
            self.shares.push(finite(known.raw(cells, &self.numbers))?);
        }
        let most = self.shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for share in &mut self.shares {
            *share = (*share - most).exp();
            total += *share;
        }
        self.shares.iter_mut().for_each(|share| *share /= total);
        Ok(())
    }
}

impl Known {
    /// River's product of weights and features: in the order of the weights where those are fewer.
    fn raw(&self, cells: &[Cell], numbers: &ByFeature) -> f64 {
        let weights = &self.weights;
        if weights.order.len() < cells.len() {
            let term = |feature: &u32| Some(weights.get(*feature) * numbers.get(*feature)?);
            return sum(weights.order.iter().filter_map(term));
        }
        // A weight that is not known adds a zero, which changes nothing.
        sum(cells.iter().map(|cell| weights.get(cell.field) * cell.value.number().unwrap_or(f64::NAN)))
    }

    /// Adds the weights that the features of a row will have.
    fn stage(
        &self,
        cells: &[Cell],
        slope: f64,
        settings: &Settings,
        staged: &mut Vec<(f64, Memory)>,
    ) -> Result<(), Refused> {
        let rate = settings.optimizer.rate(settings.rate.rate(self.iterations)?, self.iterations);
        for cell in cells {
            let weight = self.weights.get(cell.field);
            let gradient = cell.value.number()? * slope + settings.penalty * weight;
            let mut memory = self.weights.memory(cell.field);
            let step = settings.optimizer.step(rate, gradient, square, &mut memory);
            if !memory.is_finite() {
                return Err(Refused::Record);
            }
            staged.push((finite(weight - step)?, memory));
        }
        Ok(())
    }
}

/// The numbers of a row by their features.
#[derive(Default)]
struct ByFeature {
    numbers: Vec<Option<f64>>,
    features: Vec<u32>,
}

impl ByFeature {
    fn set(&mut self, cells: &[Cell]) -> Result<(), Refused> {
        for feature in self.features.drain(..) {
            self.numbers[feature as usize] = None;
        }
        for cell in cells {
            let (number, place) = (cell.value.number()?, cell.field as usize);
            if place >= self.numbers.len() {
                self.numbers.resize(place + 1, None);
            }
            self.numbers[place] = Some(number);
            self.features.push(cell.field);
        }
        Ok(())
    }

    fn get(&self, feature: u32) -> Option<f64> {
        self.numbers.get(feature as usize).copied().flatten()
    }
}
