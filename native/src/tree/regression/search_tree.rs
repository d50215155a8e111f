//! `TEBSTSplitter` and `EBSTSplitter`: a binary search tree of a feature's numbers.
//!
//! Each place has the labels of its own number and of those to its left.

use super::split::{Criterion, Split, Suggestion};
use crate::model::Value;
use crate::moments::Variance;
use crate::tree::paths::plain;
use crate::tree::split::Test;

#[derive(Clone, Debug)]
pub struct Place {
    /// The number, of the type of the record that brought it.
    pub value: Value,
    number: f64,
    pub labels: Variance,
    pub left: Option<u32>,
    pub right: Option<u32>,
}

impl Place {
    pub fn new(value: Value, labels: Variance) -> Self {
        Place { value, number: plain(value), labels, left: None, right: None }
    }
}

/// The root is the first place.
#[derive(Clone, Debug, Default)]
pub struct SearchTree(pub Vec<Place>);

/// What the best split was when it was not made, and by which others are judged.
pub struct LastCheck {
    /// The merit of the second best by that of the best.
    pub ratio: f64,
    pub merit: f64,
    pub bound: f64,
}

enum Walk {
    Descend(u32),
    Judge(u32),
    Add(u32),
    Subtract(u32),
}

/// How far a place on the stack of `remove` has come.
enum Phase {
    Left,
    Right,
    Judge { added: bool },
}

impl SearchTree {
    pub fn update(&mut self, value: Value, label: f64) {
        let number = plain(value);
        let (mut at, made) = (0, self.0.len() as u32);
        while let Some(place) = self.0.get_mut(at) {
            let next = if number == place.number {
                place.labels.update(label);
                return;
            } else if number < place.number {
                place.labels.update(label);
                &mut place.left
            } else {
                &mut place.right
            };
            at = *next.get_or_insert(made) as usize;
        }
        self.0.push(Place::new(value, Variance::of(label)));
    }

    pub fn suggest(&self, feature: u32, criterion: &Criterion) -> Suggestion {
        let mut best = Suggestion::null();
        // The labels of the places that are to the left of where the walk is, and above it.
        let mut above = Variance::default();
        let mut walk = if self.0.is_empty() { vec![] } else { vec![Walk::Descend(0)] };
        while let Some(step) = walk.pop() {
            match step {
                Walk::Descend(at) => {
                    let place = &self.0[at as usize];
                    if let Some(right) = place.right {
                        walk.extend([Walk::Subtract(at), Walk::Descend(right), Walk::Add(at)]);
                    }
                    walk.push(Walk::Judge(at));
                    walk.extend(place.left.map(Walk::Descend));
                }
                Walk::Add(at) => above = above.plus(&self.0[at as usize].labels),
                Walk::Subtract(at) => above = above.minus(&self.0[at as usize].labels),
                Walk::Judge(at) => {
                    let place = &self.0[at as usize];
                    let sides = criterion.sides(place.labels.plus(&above));
                    let merit = criterion.merit(&sides);
                    if merit > best.merit {
                        let test = Test::AtMost { feature, threshold: place.value };
                        best = Suggestion { merit, split: Some(Split { test, sides: sides.to_vec() }) };
                    }
                }
            }
        }
        best
    }

    /// Removes places that are much worse to split at than the best one, below which there are no others.
    pub fn remove_bad(&mut self, criterion: &Criterion, check: &LastCheck) {
        if self.0.is_empty() {
            return;
        }
        let mut removed = vec![false; self.0.len()];
        let mut above = Variance::default();
        let mut stack = vec![(0_u32, Phase::Left)];
        // Whether all below the place that was left last, and it, are bad.
        let mut bad = false;
        while let Some((at, phase)) = stack.pop() {
            let place = &self.0[at as usize];
            match phase {
                Phase::Left => {
                    stack.push((at, Phase::Right));
                    bad = true;
                    stack.extend(place.left.map(|left| (left, Phase::Left)));
                }
                Phase::Right if !bad => {}
                Phase::Right => {
                    stack.push((at, Phase::Judge { added: place.right.is_some() }));
                    if let Some(right) = place.right {
                        above = above.plus(&place.labels);
                        stack.push((right, Phase::Left));
                    }
                }
                Phase::Judge { added } => {
                    if added {
                        above = above.minus(&place.labels);
                    }
                    bad = bad && {
                        let merit = criterion.merit(&criterion.sides(place.labels.plus(&above)));
                        merit / check.merit < check.ratio - 2.0 * check.bound
                    };
                    removed[at as usize] = bad;
                }
            }
        }
        if removed.contains(&true) {
            self.keep(&removed);
        }
    }

    /// Closes the gaps of the places that were removed, with all below them.
    fn keep(&mut self, removed: &[bool]) {
        let mut kept = Vec::new();
        let mut numbers = vec![None; self.0.len()];
        for (at, place) in self.0.iter().enumerate() {
            if !removed[at] {
                numbers[at] = Some(kept.len() as u32);
                kept.push(place.clone());
            }
        }
        for place in &mut kept {
            place.left = place.left.and_then(|left| numbers[left as usize]);
            place.right = place.right.and_then(|right| numbers[right as usize]);
        }
        self.0 = kept;
    }
}
