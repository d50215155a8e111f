//! The nodes of a tree, of whichever kind its leaves are, and the paths that rows take through them.

use super::row::{Given, TreeRow};
use super::split::Test;
use crate::arithmetic::Python;
use crate::model::{Refused, Value};

/// A leaf of a tree that grows.
pub trait Grows {
    /// What is known of the labels that came to a node.
    type Stats;

    fn weight(&self, python: &Python) -> f64;
    fn depth(&self) -> u32;
    fn is_active(&self) -> bool;
    /// Lets it grow again, from nothing.
    fn activate(&mut self);
}

pub struct Branch<S> {
    pub test: Test,
    pub children: Vec<usize>,
    pub depth: u32,
    /// That of the leaf that it was.
    pub stats: S,
}

pub enum Node<L: Grows> {
    Leaf(Box<L>),
    Branch(Branch<L::Stats>),
}

/// Where a row leads to.
pub enum Place {
    /// A leaf, and whether every test on the way could be made.
    Leaf { leaf: usize, whole: bool },
    /// A branch that has no side for the text that the row brings.
    New { branch: usize, word: u32 },
}

pub struct Nodes<L: Grows> {
    /// The root is the first; a child comes after its parent.
    pub all: Vec<Node<L>>,
    /// Whether a node is not as it was when River's object was last brought up to date.
    pub changed: Vec<bool>,
    pub active: i64,
    pub inactive: i64,
}

impl<L: Grows> Default for Nodes<L> {
    fn default() -> Self {
        Nodes { all: Vec::new(), changed: Vec::new(), active: 0, inactive: 0 }
    }
}

impl<L: Grows> Nodes<L> {
    pub fn add(&mut self, node: Node<L>) -> usize {
        self.all.push(node);
        self.changed.push(true);
        self.all.len() - 1
    }

    /// Takes back all of them, where the first record is refused.
    pub fn clear(&mut self) {
        *self = Nodes::default();
    }

    /// A leaf for a text that a branch has no side for.
    pub fn add_side(&mut self, at: usize, word: u32, leaf: L) -> usize {
        let made = self.add(Node::Leaf(Box::new(leaf)));
        if let Node::Branch(branch) = &mut self.all[at] {
            branch.children.push(made);
            if let Test::Among { words, .. } = &mut branch.test {
                words.push(word);
            }
        }
        self.changed[at] = true;
        self.active += 1;
        made
    }

    /// Puts a branch in the place of a leaf, and its leaves after all others.
    pub fn split(&mut self, at: usize, test: Test, depth: u32, stats: L::Stats, leaves: Vec<L>) {
        self.active += leaves.len() as i64 - 1;
        let children = leaves.into_iter().map(|leaf| self.add(Node::Leaf(Box::new(leaf)))).collect();
        self.mark_parent_of(at);
        self.all[at] = Node::Branch(Branch { test, children, depth, stats });
    }

    /// The parent of a node that becomes another object of River's.
    fn mark_parent_of(&mut self, at: usize) {
        for (node, changed) in self.all.iter().zip(&mut self.changed) {
            if let Node::Branch(branch) = node {
                *changed |= branch.children.contains(&at);
            }
        }
    }

    /// A leaf has been deactivated.
    pub fn deactivated(&mut self) {
        self.active -= 1;
        self.inactive += 1;
    }

    /// As long as the tree is within its size, River lets all leaves grow again after each attempt.
    pub fn activate_all(&mut self, max_depth: u32) {
        if self.inactive == 0 {
            return;
        }
        for (node, changed) in self.all.iter_mut().zip(&mut self.changed) {
            if let Node::Leaf(leaf) = node {
                if !leaf.is_active() && leaf.depth() < max_depth {
                    leaf.activate();
                    *changed = true;
                    self.active += 1;
                    self.inactive -= 1;
                }
            }
        }
    }

    pub fn leaf_for_prediction(&self, row: &TreeRow, python: &Python) -> Result<usize, Refused> {
        let mut at = 0;
        while let Node::Branch(branch) = &self.all[at] {
            let side = side(branch, row)?;
            at = branch.children[side.unwrap_or_else(|| self.most_common(branch, python))];
        }
        Ok(at)
    }

    pub fn place(&self, row: &TreeRow, python: &Python) -> Result<Place, Refused> {
        let (mut at, mut whole) = (0, true);
        while let Node::Branch(branch) = &self.all[at] {
            let side = side(branch, row)?;
            if let (None, Test::Among { feature, .. }) = (side, &branch.test) {
                if let Some(Given::Word(Some(word))) = row.get(*feature) {
                    return Ok(Place::New { branch: at, word });
                }
            }
            whole &= side.is_some();
            at = branch.children[side.unwrap_or_else(|| self.most_common(branch, python))];
        }
        Ok(Place::Leaf { leaf: at, whole })
    }

    /// The side of a branch to which most of the weight went; the first of them in a tie.
    fn most_common(&self, branch: &Branch<L::Stats>, python: &Python) -> usize {
        let mut best = 0;
        let mut most = f64::NEG_INFINITY;
        for (side, child) in branch.children.iter().enumerate() {
            let weight = self.total(*child, python);
            if weight > most {
                (best, most) = (side, weight);
            }
        }
        best
    }

    fn total(&self, node: usize, python: &Python) -> f64 {
        match &self.all[node] {
            Node::Leaf(leaf) => leaf.weight(python),
            Node::Branch(branch) => {
                python.sum(branch.children.iter().map(|child| self.total(*child, python)))
            }
        }
    }
}

/// The side of a branch that the row takes; none when it says nothing of the feature, or something new.
fn side<S>(branch: &Branch<S>, row: &TreeRow) -> Result<Option<usize>, Refused> {
    Ok(match (&branch.test, row.get(branch.test.feature())) {
        (_, None) => None,
        (Test::AtMost { threshold, .. }, Some(Given::Number(_, number))) => {
            Some(usize::from(number > plain(*threshold)))
        }
        (Test::Equal { word, .. }, Some(Given::Word(found))) => Some(usize::from(found != Some(*word))),
        (Test::Among { words, .. }, Some(Given::Word(found))) => {
            found.and_then(|found| words.iter().position(|word| *word == found))
        }
        _ => return Err(Refused::Record),
    })
}

/// A number that is known to be one.
pub fn plain(value: Value) -> f64 {
    value.number().unwrap_or(f64::NAN)
}
