//! How a tree learns and grows.

use std::cmp::Ordering;

use super::leaf::{Leaf, Splitter};
use super::search_tree::LastCheck;
use super::split::{Criterion, Split, Suggestion};
use super::{Node, Tree};
use crate::model::{Cell, Refused};
use crate::moments::Variance;
use crate::tree::paths::Place;

/// What comes of an attempt to split a leaf.
enum Attempt {
    Nothing,
    /// Not to split has won.
    Deactivate,
    Split(Split),
    /// No split is good enough, and some are bad enough to be forgotten.
    Forget(LastCheck),
}

impl Tree {
    /// Learns the row that was read; a tree that refuses it is as before.
    pub(super) fn grow(&mut self, cells: &[Cell], label: f64) -> Result<(), Refused> {
        if self.nodes.all.is_empty() {
            let leaf = Leaf::new(Variance::default(), 0, self.model.clone());
            self.nodes.add(Node::Leaf(Box::new(leaf)));
            self.nodes.active += 1;
            let learned = self.learn_in(0, cells, label, true);
            if learned.is_err() {
                self.nodes.clear();
            }
            return learned;
        }
        match self.nodes.place(&self.row, &self.options.python)? {
            Place::Leaf { leaf, whole } => self.learn_in(leaf, cells, label, whole),
            Place::New { branch, word } => {
                let Node::Branch(parent) = &self.nodes.all[branch] else {
                    return Err(Refused::Record);
                };
                let mut leaf = Leaf::new(Variance::default(), parent.depth + 1, self.model.clone());
                leaf.learn(&self.row, cells, label, &self.options)?;
                self.nodes.add_side(branch, word, leaf);
                Ok(())
            }
        }
    }

    /// A leaf learns the row, and is split where it is time and `may_split`.
    fn learn_in(&mut self, at: usize, cells: &[Cell], label: f64, may_split: bool) -> Result<(), Refused> {
        let options = &self.options;
        let Node::Leaf(leaf) = &mut self.nodes.all[at] else {
            return Err(Refused::Record);
        };
        let may_split = may_split && leaf.splitters.is_some();
        let is_deepest = leaf.depth >= options.max_depth;
        let weight = leaf.labels.count + 1.0;
        let is_due = may_split && !is_deepest && weight - leaf.attempted_at >= options.grace_period;
        // An attempt can be refused, and then nothing was learned.
        let before = is_due.then(|| leaf.clone());
        leaf.learn(&self.row, cells, label, options)?;
        self.nodes.changed[at] = true;
        if may_split && is_deepest {
            leaf.deactivate();
            self.nodes.deactivated();
        }
        let Some(before) = before else {
            return Ok(());
        };
        match self.attempt(at) {
            Ok(attempt) => self.carry_out(at, attempt, weight),
            Err(refused) => {
                self.nodes.all[at] = Node::Leaf(before);
                return Err(refused);
            }
        }
        Ok(())
    }

    fn attempt(&self, at: usize) -> Result<Attempt, Refused> {
        let Node::Leaf(leaf) = &self.nodes.all[at] else {
            return Err(Refused::Record);
        };
        let mut suggestions = self.suggestions(leaf);
        if suggestions.iter().any(|suggestion| suggestion.merit.is_nan() || suggestion.merit == f64::INFINITY)
        {
            return Err(Refused::Record); // how Python sorts one that is no number is its own affair
        }
        let order = |one: &Suggestion, other: &Suggestion| one.merit.partial_cmp(&other.merit);
        suggestions.sort_by(|one, other| order(one, other).unwrap_or(Ordering::Equal)); // stable, as Python's
        if let [.., second, best] = suggestions.as_slice() {
            let bound = ((1.0 / self.options.delta).ln() / (2.0 * leaf.labels.count)).sqrt();
            let ratio = second.merit / best.merit;
            if best.merit <= 0.0 || (ratio >= 1.0 - bound && bound >= self.options.tau) {
                let check = LastCheck { ratio, merit: best.merit, bound };
                let is_close = best.merit > 0.0 && second.merit > 0.0;
                return Ok(if is_close { Attempt::Forget(check) } else { Attempt::Nothing });
            }
        }
        let Some(best) = suggestions.pop() else {
            return Ok(Attempt::Nothing);
        };
        let more = best.split.as_ref().map_or(0, |split| split.sides.len() as i64 - 1);
        if self.nodes.active + self.nodes.inactive + more > self.options.most_leaves {
            return Err(Refused::Step); // River chooses leaves that grow no more
        }
        Ok(best.split.map_or(Attempt::Deactivate, Attempt::Split))
    }

    fn suggestions(&self, leaf: &Leaf) -> Vec<Suggestion> {
        let options = &self.options;
        let criterion = Criterion { before: leaf.labels, least: options.least };
        let mut found = Vec::new();
        if options.null_split {
            found.push(Suggestion::null());
        }
        for (feature, splitter) in leaf.splitters.iter().flatten() {
            found.push(match splitter {
                Splitter::Numbers(numbers) => numbers.suggest(*feature, &criterion),
                Splitter::Texts(texts) => texts.suggest(*feature, &criterion, options.binary, &self.words),
            });
        }
        found
    }

    fn carry_out(&mut self, at: usize, attempt: Attempt, weight: f64) {
        let Node::Leaf(leaf) = &mut self.nodes.all[at] else {
            return;
        };
        leaf.attempted_at = weight;
        match attempt {
            Attempt::Nothing => return,
            Attempt::Forget(check) => {
                let criterion = Criterion { before: leaf.labels, least: self.options.least };
                for (_, splitter) in leaf.splitters.iter_mut().flatten() {
                    if let Splitter::Numbers(numbers) = splitter {
                        numbers.remove_bad(&criterion, &check);
                    }
                }
                return;
            }
            Attempt::Deactivate => {
                leaf.deactivate();
                self.nodes.deactivated();
            }
            Attempt::Split(split) => {
                let (depth, labels) = (leaf.depth, leaf.labels);
                let leaves = split.sides.into_iter().map(|side| leaf.child(side)).collect();
                self.nodes.split(at, split.test, depth, labels, leaves);
            }
        }
        self.nodes.activate_all(self.options.max_depth);
    }
}
