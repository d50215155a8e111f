//! `HoeffdingTreeClassifier`, with information gain and Gaussian splitters; in `regression`, trees that regress.

mod distribution;
mod gaussian;
mod growth;
mod leaf;
mod nominal;
mod paths;
pub mod regression;
mod row;
mod split;

pub use distribution::Distribution;
pub use gaussian::{Gaussian, Normal};
pub use leaf::{Leaf, Splitter};
pub use nominal::{Counts, Nominal};
pub use paths::{Branch, Nodes};
pub use split::Test;

use crate::arithmetic::Python;
use crate::model::{class_number, Cell, Class, Label, Output, Refused};
use crate::names::Names;
use row::TreeRow;

/// How a leaf predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prediction {
    Majority,
    Bayes,
    Adaptive,
}

pub struct Options {
    pub grace_period: f64,
    pub max_depth: u32,
    pub delta: f64,
    pub tau: f64,
    pub prediction: Prediction,
    /// The weight from which on leaves predict by naive Bayes, where they do so.
    pub bayes_from: f64,
    pub binary: bool,
    pub least_share: f64,
    pub most_share: f64,
    /// Whether not to split at all is one of the suggestions.
    pub null_split: bool,
    pub places: u32,
    /// After so many records River measures its objects' bytes, which there are none of here.
    pub measured_every: f64,
    /// The most leaves for which there is room, by what River has measured.
    pub most_leaves: i64,
    pub python: Python,
}

pub type Node = paths::Node<Leaf>;

pub struct Tree {
    pub options: Options,
    pub nodes: Nodes<Leaf>,
    pub weight: f64,
    pub classes: Vec<Class>,
    pub words: Names,
    /// Numbers of the classes in their own order.
    sorted: Vec<u32>,
    row: TreeRow,
}

impl Tree {
    pub fn new(options: Options, classes: Vec<Class>, words: Names) -> Self {
        let mut tree = Tree {
            options,
            nodes: Nodes::default(),
            weight: 0.0,
            classes,
            words,
            sorted: Vec::new(),
            row: TreeRow::default(),
        };
        tree.sort_classes();
        tree
    }

    pub fn class(&self, number: u32) -> &Class {
        &self.classes[number as usize]
    }

    fn sort_classes(&mut self) {
        self.sorted = (0..self.classes.len() as u32).collect();
        let classes = &self.classes;
        self.sorted.sort_by(|one, other| classes[*one as usize].cmp(&classes[*other as usize]));
    }

    pub fn predict(&mut self, cells: &[Cell], texts: &str) -> Result<Output, Refused> {
        self.row.read(cells, texts, &mut self.words, false)?;
        let mut output: Vec<(u32, f64)> = self.sorted.iter().map(|class| (*class, 0.0)).collect();
        if !self.nodes.all.is_empty() {
            let at = self.nodes.leaf_for_prediction(&self.row, &self.options.python)?;
            let Node::Leaf(leaf) = &mut self.nodes.all[at] else {
                return Err(Refused::Record);
            };
            leaf.check(&self.row)?;
            self.nodes.changed[at] |= leaf.writes_on_prediction(&self.row);
            for (class, share) in leaf.predict(&self.row, &self.options).0 {
                if let Some(found) = output.iter_mut().find(|(known, _)| *known == class) {
                    found.1 = share;
                }
            }
        }
        Ok(Output::Classes(output))
    }

    pub fn learn(&mut self, cells: &[Cell], texts: &str, label: Label<'_>) -> Result<(), Refused> {
        self.row.read(cells, texts, &mut self.words, true)?;
        let weight = self.weight + 1.0;
        if weight % self.options.measured_every == 0.0 {
            return Err(Refused::Step);
        }
        let class = Class::of(label)?;
        let number = class_number(self.classes.iter(), &class)?;
        if number == self.classes.len() {
            // A class that is known and has no leaf yet changes nothing, if the row is refused after all.
            self.classes.push(class);
            if let Err(refused) = self.grow(number as u32) {
                self.classes.pop();
                return Err(refused);
            }
            self.sort_classes();
        } else {
            self.grow(number as u32)?;
        }
        self.weight = weight;
        Ok(())
    }
}
