//! Pipelines: transformers that learn from features alone, and behind them a model that learns from labels.

mod hasher;
mod imputers;
mod min_max;
mod one_hot;
mod scaler;
mod steps;
mod target;
mod text_encoder;

pub use hasher::Hasher;
pub use imputers::{Kept, PreviousImputer, StatImputer};
pub use min_max::{Extreme, MinMax};
pub use one_hot::OneHot;
pub use scaler::Scaler;
pub use steps::{Part, Step, Types, Union};
pub use target::Target;
pub use text_encoder::{Known, TextEncoder};

use crate::glm::Glm;
use crate::model::{Cell, Class, Label, Model, Output, Refused, Row};
use crate::naive_bayes::NaiveBayes;
use crate::names::Names;
use crate::one_vs_rest::OneVsRest;
use crate::softmax::Softmax;
use crate::tree::{regression, Tree};
use steps::{Pass, Seen};

/// The last step.
pub enum Last {
    Glm(Box<Glm>),
    NaiveBayes(Box<NaiveBayes>),
    OneVsRest(Box<OneVsRest>),
    Softmax(Box<Softmax>),
    Tree(Box<Tree>),
    RegressionTree(Box<regression::Tree>),
}

pub struct Pipeline {
    pub names: Names,
    pub steps: Vec<Step>,
    pub last: Last,
    /// The labels, where the last step learns them scaled.
    pub target: Option<Target>,
    cells: Vec<Cell>,
    seen: Seen,
    /// A record has had a field with the name of a category: two features of one name.
    ambiguous: bool,
}

impl Pipeline {
    pub fn new(names: Names, steps: Vec<Step>, last: Last, target: Option<Target>) -> Self {
        Pipeline { names, steps, last, target, cells: Vec::new(), seen: Seen::default(), ambiguous: false }
    }

    /// What the last step sees of a row.
    fn transform(&mut self, row: &Row, learns: bool) -> Result<(), Refused> {
        if self.ambiguous {
            return Err(Refused::Record);
        }
        self.cells.clear();
        self.cells.extend_from_slice(&row.cells);
        let unknown_count = matches!(self.last, Last::NaiveBayes(_) | Last::Softmax(_));
        let mut pass = Pass { names: &mut self.names, texts: &row.texts, learns, unknown_count };
        for step in &mut self.steps {
            step.apply(&mut self.cells, &mut pass)?;
        }
        self.seen.check(&self.cells)
    }

    fn commit(&mut self) {
        self.steps.iter_mut().for_each(Step::commit);
    }
}

impl Model for Pipeline {
    fn field(&mut self, name: &str) -> u32 {
        let number = self.names.number(name);
        self.ambiguous |= self.names.is_category(number);
        number
    }

    fn predict(&mut self, row: &Row) -> Result<Output, Refused> {
        self.transform(row, false)?;
        let output = match &mut self.last {
            Last::Glm(model) => model.predict(&self.cells)?,
            Last::NaiveBayes(model) => model.predict(&self.cells)?,
            Last::OneVsRest(model) => model.predict(&self.cells)?,
            Last::Softmax(model) => model.predict(&self.cells)?,
            Last::Tree(model) => model.predict(&self.cells, &row.texts)?,
            Last::RegressionTree(model) => model.predict(&self.cells, &row.texts)?,
        };
        let output = match &self.target {
            Some(target) => target.unscaled(output)?,
            None => output,
        };
        self.commit();
        Ok(output)
    }

    fn learn(&mut self, row: &Row, label: Label<'_>) -> Result<(), Refused> {
        self.transform(row, true)?;
        let (target, label) = match self.target {
            Some(target) => target.learned(label).map(|(target, label)| (Some(target), label))?,
            None => (None, label),
        };
        match &mut self.last {
            Last::Glm(model) => model.learn(&self.cells, label)?,
            Last::NaiveBayes(model) => model.learn(&self.cells, label)?,
            Last::OneVsRest(model) => model.learn(&self.cells, label)?,
            Last::Softmax(model) => model.learn(&self.cells, label)?,
            Last::Tree(model) => model.learn(&self.cells, &row.texts, label)?,
            Last::RegressionTree(model) => model.learn(&self.cells, &row.texts, label)?,
        }
        self.target = target;
        self.commit();
        Ok(())
    }

    fn class(&self, number: u32) -> &Class {
        match &self.last {
            Last::NaiveBayes(model) => &model.classes[number as usize].class,
            Last::OneVsRest(model) => &model.classes[number as usize].0,
            Last::Softmax(model) => &model.classes[number as usize].class,
            Last::Tree(model) => model.class(number),
            Last::Glm(_) | Last::RegressionTree(_) => unreachable!("it puts out no classes by number"),
        }
    }
}
