//! A leaf: the labels that came to it, what it knows of their features, and a linear model of them.

use super::search_tree::SearchTree;
use super::texts::Texts;
use super::{Options, Prediction};
use crate::arithmetic::{rounded, square, Python};
use crate::glm::Glm;
use crate::model::{finite, Cell, Label, Refused, Value};
use crate::moments::Variance;
use crate::tree::paths::Grows;
use crate::tree::row::{Given, TreeRow};

#[derive(Clone)]
pub enum Splitter {
    Numbers(SearchTree),
    Texts(Texts),
}

#[derive(Clone)]
pub struct Leaf {
    pub labels: Variance,
    pub depth: u32,
    /// What it knows of features, in the order in which they came; none when it grows no more.
    pub splitters: Option<Vec<(u32, Splitter)>>,
    /// How often it has begun anew.
    pub begun: u32,
    /// The weight at the last attempt to split it.
    pub attempted_at: f64,
    /// None where leaves predict their mean only.
    pub model: Option<Glm>,
    /// The faded squared errors of its mean and of its model, where one of them is chosen.
    pub mean_error: f64,
    pub model_error: f64,
}

impl Leaf {
    pub fn new(labels: Variance, depth: u32, model: Option<Glm>) -> Self {
        Leaf {
            labels,
            depth,
            splitters: Some(Vec::new()),
            begun: 0,
            attempted_at: labels.count,
            model,
            mean_error: 0.0,
            model_error: 0.0,
        }
    }

    /// A leaf on a side of a split of this one: it goes on with the same model.
    pub fn child(&self, labels: Variance) -> Self {
        let (mean_error, model_error) = (self.mean_error, self.model_error);
        Leaf { mean_error, model_error, ..Leaf::new(labels, self.depth + 1, self.model.clone()) }
    }

    pub fn predict(&self, cells: &[Cell], options: &Options) -> Result<f64, Refused> {
        match &self.model {
            Some(_) if options.prediction == Prediction::Adaptive && self.mean_error < self.model_error => {
                Ok(self.labels.mean)
            }
            Some(model) => model.raw(cells),
            None => Ok(self.labels.mean),
        }
    }

    /// Learns a row that it does not refuse.
    pub fn learn(
        &mut self,
        row: &TreeRow,
        cells: &[Cell],
        label: f64,
        options: &Options,
    ) -> Result<(), Refused> {
        self.check(row)?;
        self.learn_model(cells, label, options)?;
        self.labels.update(label);
        let Some(splitters) = &mut self.splitters else {
            return Ok(());
        };
        for (place, (feature, given)) in row.given().enumerate() {
            match (splitter_of(splitters, place, feature, given), given) {
                (Splitter::Numbers(numbers), Given::Number(value, _)) => {
                    numbers.update(truncated(value, options.digits), label);
                }
                (Splitter::Texts(texts), Given::Word(Some(word))) => texts.update(word, label),
                _ => return Err(Refused::Record),
            }
        }
        Ok(())
    }

    /// The model learns a row, and its errors and those of the mean are counted before it does.
    fn learn_model(&mut self, cells: &[Cell], label: f64, options: &Options) -> Result<(), Refused> {
        let Some(model) = &mut self.model else {
            return Ok(());
        };
        let (mut mean_error, mut model_error) = (self.mean_error, self.model_error);
        if options.prediction == Prediction::Adaptive {
            let faded = |error, prediction| finite(options.decay * error + square(label - prediction));
            mean_error = faded(mean_error, self.labels.mean)?;
            model_error = faded(model_error, model.raw(cells)?)?;
        }
        model.learn(cells, Label::Float(label))?;
        (self.mean_error, self.model_error) = (mean_error, model_error);
        Ok(())
    }

    /// Refuses a row with a text where there were numbers, or a number where there were texts.
    fn check(&self, row: &TreeRow) -> Result<(), Refused> {
        for (feature, splitter) in self.splitters.iter().flatten() {
            match (splitter, row.get(*feature)) {
                (Splitter::Numbers(_), Some(Given::Word(_)))
                | (Splitter::Texts(_), Some(Given::Number(..))) => return Err(Refused::Record),
                _ => {}
            }
        }
        Ok(())
    }

    pub fn deactivate(&mut self) {
        self.splitters = None;
    }
}

/// The splitter of a feature, which is mostly at its place in the row.
fn splitter_of(
    splitters: &mut Vec<(u32, Splitter)>,
    place: usize,
    feature: u32,
    given: Given,
) -> &mut Splitter {
    let is_there = splitters.get(place).is_some_and(|(known, _)| *known == feature);
    let known =
        if is_there { Some(place) } else { splitters.iter().position(|(known, _)| *known == feature) };
    let place = known.unwrap_or_else(|| {
        splitters.push((
            feature,
            match given {
                Given::Number(..) => Splitter::Numbers(SearchTree::default()),
                Given::Word(_) => Splitter::Texts(Texts::default()),
            },
        ));
        splitters.len() - 1
    });
    &mut splitters[place].1
}

/// A number as a splitter takes it: rounded, where it says to how many digits.
fn truncated(value: Value, digits: Option<u32>) -> Value {
    match (value, digits) {
        (Value::Float(number), Some(digits)) => Value::Float(rounded(number, digits)),
        (Value::Bool(truth), Some(_)) => Value::Int(f64::from(u8::from(truth))),
        (value, _) => value,
    }
}

impl Grows for Leaf {
    type Stats = Variance;

    fn weight(&self, _: &Python) -> f64 {
        self.labels.count
    }

    fn depth(&self) -> u32 {
        self.depth
    }

    fn is_active(&self) -> bool {
        self.splitters.is_some()
    }

    fn activate(&mut self) {
        self.splitters = Some(Vec::new());
        self.begun += 1;
    }
}
