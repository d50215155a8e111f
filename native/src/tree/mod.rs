//! `HoeffdingTreeClassifier`, with information gain and Gaussian splitters.

mod distribution;
mod gaussian;
mod growth;
mod leaf;
mod nominal;
mod row;
mod split;

pub use distribution::Distribution;
pub use gaussian::{Gaussian, Normal};
pub use leaf::{Leaf, Splitter};
pub use nominal::{Counts, Nominal};
pub use split::Test;

use crate::arithmetic::Python;
use crate::model::{Cell, Class, Label, Output, Refused};
use crate::names::Names;
use row::{Given, TreeRow};

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

pub struct Branch {
    pub test: Test,
    pub children: Vec<usize>,
    pub depth: u32,
    /// The classes of the leaf that it was.
    pub classes: Distribution,
}

pub enum Node {
    Leaf(Box<Leaf>),
    Branch(Branch),
}

pub struct Tree {
    pub options: Options,
    /// The root is the first; a child comes after its parent.
    pub nodes: Vec<Node>,
    /// Whether a node is not as it was when River's object was last brought up to date.
    pub changed: Vec<bool>,
    pub active: i64,
    pub inactive: i64,
    pub weight: f64,
    pub classes: Vec<Class>,
    pub words: Names,
    /// Numbers of the classes in their own order.
    sorted: Vec<u32>,
    row: TreeRow,
}

/// Where a row leads to.
enum Place {
    /// A leaf, and whether every test on the way could be made.
    Leaf { leaf: usize, whole: bool },
    /// A branch that has no side for the text that the row brings.
    New { branch: usize, word: u32 },
}

impl Tree {
    pub fn new(options: Options, classes: Vec<Class>, words: Names) -> Self {
        let mut tree = Tree {
            options,
            nodes: Vec::new(),
            changed: Vec::new(),
            active: 0,
            inactive: 0,
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
        if !self.nodes.is_empty() {
            let at = self.leaf_for_prediction()?;
            let Node::Leaf(leaf) = &mut self.nodes[at] else {
                return Err(Refused::Record);
            };
            leaf.check(&self.row)?;
            self.changed[at] |= leaf.writes_on_prediction(&self.row);
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
        let (class, new) = self.class_of(label)?;
        if let Some(new) = new {
            // A class that is known and has no leaf yet changes nothing, if the row is refused after all.
            self.classes.push(new);
            if let Err(refused) = self.grow(class) {
                self.classes.pop();
                return Err(refused);
            }
            self.sort_classes();
        } else {
            self.grow(class)?;
        }
        self.weight = weight;
        Ok(())
    }

    /// The number of a label's class, and the class when it is new.
    fn class_of(&self, label: Label<'_>) -> Result<(u32, Option<Class>), Refused> {
        let class = match label {
            Label::Bool(truth) => Class::Bool(truth),
            Label::Int(whole) => Class::Int(whole),
            Label::Text(text) => Class::Text(text.into()),
            Label::Float(_) => return Err(Refused::Record),
        };
        if let Some(found) = self.classes.iter().position(|known| *known == class) {
            return Ok((found as u32, None));
        }
        let alike = |known: &Class| std::mem::discriminant(known) == std::mem::discriminant(&class);
        if !self.classes.iter().all(alike) {
            return Err(Refused::Record); // True is 1 to Python, and a text cannot be compared with a number
        }
        Ok((self.classes.len() as u32, Some(class)))
    }

    /// The side of a branch that the row takes; none when it says nothing of the feature, or something new.
    fn side(&self, branch: &Branch) -> Result<Option<usize>, Refused> {
        Ok(match (&branch.test, self.row.get(branch.test.feature())) {
            (_, None) => None,
            (Test::AtMost { threshold, .. }, Some(Given::Number(_, number))) => {
                Some(usize::from(number > *threshold))
            }
            (Test::Equal { word, .. }, Some(Given::Word(found))) => Some(usize::from(found != Some(*word))),
            (Test::Among { words, .. }, Some(Given::Word(found))) => {
                found.and_then(|found| words.iter().position(|word| *word == found))
            }
            _ => return Err(Refused::Record),
        })
    }

    fn leaf_for_prediction(&self) -> Result<usize, Refused> {
        let mut at = 0;
        while let Node::Branch(branch) = &self.nodes[at] {
            let side = self.side(branch)?;
            at = branch.children[side.unwrap_or_else(|| self.most_common(branch))];
        }
        Ok(at)
    }

    fn place(&self) -> Result<Place, Refused> {
        let (mut at, mut whole) = (0, true);
        while let Node::Branch(branch) = &self.nodes[at] {
            let side = self.side(branch)?;
            if let (None, Test::Among { feature, .. }) = (side, &branch.test) {
                if let Some(Given::Word(Some(word))) = self.row.get(*feature) {
                    return Ok(Place::New { branch: at, word });
                }
            }
            whole &= side.is_some();
            at = branch.children[side.unwrap_or_else(|| self.most_common(branch))];
        }
        Ok(Place::Leaf { leaf: at, whole })
    }

    /// The side of a branch to which most of the weight went; the first of them in a tie.
    fn most_common(&self, branch: &Branch) -> usize {
        let mut best = 0;
        let mut most = f64::NEG_INFINITY;
        for (side, child) in branch.children.iter().enumerate() {
            let weight = self.total(*child);
            if weight > most {
                (best, most) = (side, weight);
            }
        }
        best
    }

    fn total(&self, node: usize) -> f64 {
        match &self.nodes[node] {
            Node::Leaf(leaf) => leaf.classes.total(&self.options.python),
            Node::Branch(branch) => {
                let totals = branch.children.iter().map(|child| self.total(*child));
                self.options.python.sum(totals)
            }
        }
    }
}
