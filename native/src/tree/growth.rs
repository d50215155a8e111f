//! How a tree learns and grows.

use std::cmp::Ordering;

use super::distribution::Distribution;
use super::leaf::{Leaf, Splitter};
use super::paths::Place;
use super::split::{Criterion, Split, Suggestion};
use super::{Node, Tree};
use crate::model::Refused;

/// What comes of an attempt to split a leaf.
enum Attempt {
    Nothing,
    /// Not to split has won.
    Deactivate,
    Split(Split),
}

impl Tree {
    /// Learns the row that was read; a tree that refuses it is as before.
    pub(super) fn grow(&mut self, class: u32) -> Result<(), Refused> {
        if self.nodes.all.is_empty() {
            let leaf = Leaf::new(Distribution::default(), 0, &self.options);
            self.nodes.add(Node::Leaf(Box::new(leaf)));
            self.nodes.active += 1;
            if let Err(refused) = self.learn_in(0, class, true) {
                self.nodes.clear();
                return Err(refused);
            }
            return Ok(());
        }
        match self.nodes.place(&self.row, &self.options.python)? {
            Place::Leaf { leaf, whole } => self.learn_in(leaf, class, whole),
            Place::New { branch, word } => {
                let depth = match &self.nodes.all[branch] {
                    Node::Branch(branch) => branch.depth + 1,
                    Node::Leaf(_) => return Err(Refused::Record),
                };
                let leaf = Leaf::new(Distribution::default(), depth, &self.options);
                let leaf = self.nodes.add_side(branch, word, leaf);
                self.learn_in(leaf, class, false)
            }
        }
    }

    /// A leaf learns the row, and is split where it is time and `may_split`.
    fn learn_in(&mut self, at: usize, class: u32, may_split: bool) -> Result<(), Refused> {
        let options = &self.options;
        let Node::Leaf(leaf) = &mut self.nodes.all[at] else {
            return Err(Refused::Record);
        };
        leaf.check(&self.row)?;
        if !may_split || leaf.splitters.is_none() {
            self.nodes.changed[at] = true;
            return leaf.learn(&self.row, class, options);
        }
        if leaf.depth >= options.max_depth {
            leaf.learn(&self.row, class, options)?;
            leaf.deactivate();
            self.nodes.changed[at] = true;
            self.nodes.deactivated();
            return Ok(());
        }
        let due = |leaf: &Leaf| {
            let weight = leaf.classes.total(&options.python);
            (weight - leaf.attempted_at >= options.grace_period).then_some(weight)
        };
        // The weight after the row is at most this; an attempt can be refused, and then nothing was learned.
        let soon = leaf.classes.total(&options.python) + 2.0 - leaf.attempted_at >= options.grace_period;
        let before = soon.then(|| leaf.clone());
        leaf.learn(&self.row, class, options)?;
        self.nodes.changed[at] = true;
        let Some(weight) = due(leaf) else {
            return Ok(());
        };
        let attempt = match self.attempt(at, weight) {
            Ok(attempt) => attempt,
            Err(refused) => {
                if let Some(before) = before {
                    self.nodes.all[at] = Node::Leaf(before);
                }
                return Err(refused);
            }
        };
        if let Node::Leaf(leaf) = &mut self.nodes.all[at] {
            leaf.attempted_at = weight;
            leaf.attempted = true;
        }
        self.carry_out(at, attempt);
        Ok(())
    }

    fn attempt(&self, at: usize, weight: f64) -> Result<Attempt, Refused> {
        let Node::Leaf(leaf) = &self.nodes.all[at] else {
            return Err(Refused::Record);
        };
        if leaf.classes.is_pure() {
            return Ok(Attempt::Nothing);
        }
        let mut suggestions = self.suggestions(leaf, weight)?;
        if suggestions.iter().any(|suggestion| suggestion.merit.is_nan()) {
            return Err(Refused::Record); // how Python sorts it is its own affair
        }
        let order = |one: &Suggestion, other: &Suggestion| one.merit.partial_cmp(&other.merit);
        suggestions.sort_by(|one, other| order(one, other).unwrap_or(Ordering::Equal)); // stable, as Python's
        let worth_it = match suggestions.as_slice() {
            [.., second, best] => {
                let range = f64::from((leaf.classes.0.len() as u32).max(2)).log2();
                let delta = self.options.delta;
                let bound = ((range * range * (1.0 / delta).ln()) / (2.0 * weight)).sqrt();
                best.merit - second.merit > bound || bound < self.options.tau
            }
            alone => !alone.is_empty(),
        };
        let Some(best) = suggestions.pop().filter(|_| worth_it) else {
            return Ok(Attempt::Nothing);
        };
        let more = best.split.as_ref().map_or(0, |split| split.sides.len() as i64 - 1);
        if self.nodes.active + self.nodes.inactive + more > self.options.most_leaves {
            return Err(Refused::Step); // River chooses leaves that grow no more
        }
        Ok(best.split.map_or(Attempt::Deactivate, Attempt::Split))
    }

    fn suggestions(&self, leaf: &Leaf, weight: f64) -> Result<Vec<Suggestion>, Refused> {
        let options = &self.options;
        let most = leaf.classes.most();
        if most != 0.0 && most / weight > options.most_share {
            return Ok(vec![Suggestion::null()]);
        }
        let criterion = Criterion {
            before: &leaf.classes,
            least_share: options.least_share,
            places: options.places,
            binary: options.binary,
            python: &options.python,
        };
        let mut found = Vec::new();
        if options.null_split {
            found.push(Suggestion::null());
        }
        for (feature, splitter) in leaf.splitters.iter().flatten() {
            found.push(match splitter {
                Splitter::Gaussian(numbers) => numbers.suggest(*feature, &criterion)?,
                Splitter::Nominal(texts) => {
                    texts.suggest(*feature, &criterion, &self.words, &self.classes)?
                }
            });
        }
        Ok(found)
    }

    fn carry_out(&mut self, at: usize, attempt: Attempt) {
        let Node::Leaf(leaf) = &mut self.nodes.all[at] else {
            return;
        };
        match attempt {
            Attempt::Nothing => return,
            Attempt::Deactivate => {
                leaf.deactivate();
                self.nodes.deactivated();
            }
            Attempt::Split(split) => {
                let (depth, classes) = (leaf.depth, std::mem::take(&mut leaf.classes));
                let leaf_of = |side| Leaf::new(side, depth + 1, &self.options);
                let leaves = split.sides.into_iter().map(leaf_of).collect();
                self.nodes.split(at, split.test, depth, classes, leaves);
            }
        }
        self.nodes.activate_all(self.options.max_depth);
    }
}
