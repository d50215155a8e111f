//! `HoeffdingTreeRegressor`, with search trees of numbers and linear models in its leaves.

mod growth;
mod leaf;
mod search_tree;
mod split;
mod texts;

pub use leaf::{Leaf, Splitter};
pub use search_tree::{Place, SearchTree};
pub use texts::Texts;

use super::paths::{self, Nodes};
use super::row::{TreeRow, MOST};
use crate::arithmetic::Python;
use crate::glm::Glm;
use crate::model::{Cell, Label, Output, Refused};
use crate::names::Names;

/// How a leaf predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prediction {
    Mean,
    Model,
    Adaptive,
}

pub struct Options {
    pub grace_period: f64,
    pub max_depth: u32,
    pub delta: f64,
    pub tau: f64,
    pub prediction: Prediction,
    /// How much of the squared errors remains at each record.
    pub decay: f64,
    pub binary: bool,
    /// The records that each side of a split must have.
    pub least: f64,
    /// Whether not to split at all is one of the suggestions.
    pub null_split: bool,
    /// To how many digits numbers are rounded before a splitter learns them.
    pub digits: Option<u32>,
    /// After so many records River measures its objects' bytes, which there are none of here.
    pub measured_every: f64,
    /// The most leaves for which there is room, by what River has measured.
    pub most_leaves: i64,
    pub python: Python,
}

pub type Node = paths::Node<Leaf>;

pub struct Tree {
    pub options: Options,
    /// The model of a leaf without a parent.
    pub model: Option<Glm>,
    pub nodes: Nodes<Leaf>,
    pub weight: f64,
    pub words: Names,
    row: TreeRow,
}

impl Tree {
    pub fn new(options: Options, model: Option<Glm>) -> Self {
        Tree {
            options,
            model,
            nodes: Nodes::default(),
            weight: 0.0,
            words: Names::default(),
            row: TreeRow::default(),
        }
    }

    pub fn predict(&mut self, cells: &[Cell], texts: &str) -> Result<Output, Refused> {
        self.row.read(cells, texts, &mut self.words, false)?;
        if self.nodes.all.is_empty() {
            return Ok(Output::Number(0.0));
        }
        let at = self.nodes.leaf_for_prediction(&self.row, &self.options.python)?;
        match &self.nodes.all[at] {
            Node::Leaf(leaf) => leaf.predict(cells, &self.options).map(Output::Number),
            Node::Branch(_) => Err(Refused::Record),
        }
    }

    pub fn learn(&mut self, cells: &[Cell], texts: &str, label: Label<'_>) -> Result<(), Refused> {
        let label = label.number()?;
        if label.abs() > MOST {
            return Err(Refused::Record);
        }
        self.row.read(cells, texts, &mut self.words, true)?;
        let weight = self.weight + 1.0;
        if weight % self.options.measured_every == 0.0 {
            return Err(Refused::Step);
        }
        self.grow(cells, label)?;
        self.weight = weight;
        Ok(())
    }
}
