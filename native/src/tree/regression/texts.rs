//! `NominalSplitterReg`: the labels that came with each text.

use super::split::{Criterion, Split, Suggestion};
use crate::moments::Variance;
use crate::names::Names;
use crate::tree::split::Test;

/// In the order in which the texts came.
#[derive(Clone, Debug, Default)]
pub struct Texts(pub Vec<(u32, Variance)>);

impl Texts {
    pub fn update(&mut self, word: u32, label: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == word) {
            Some((_, labels)) => labels.update(label),
            None => self.0.push((word, Variance::of(label))),
        }
    }

    pub fn suggest(&self, feature: u32, criterion: &Criterion, binary: bool, words: &Names) -> Suggestion {
        let mut sorted = self.0.clone();
        sorted.sort_by(|one, other| words.name(one.0).cmp(words.name(other.0)));
        let mut best = Suggestion::null();
        if !binary && sorted.len() > 2 {
            let (among, sides): (Vec<_>, Vec<_>) = sorted.iter().copied().unzip();
            let merit = criterion.merit(&sides);
            let test = Test::Among { feature, words: among };
            best = Suggestion { merit, split: Some(Split { test, sides }) };
        }
        for (word, labels) in sorted {
            let sides = criterion.sides(labels).to_vec();
            let merit = criterion.merit(&sides);
            if merit > best.merit {
                best =
                    Suggestion { merit, split: Some(Split { test: Test::Equal { feature, word }, sides }) };
            }
        }
        best
    }
}
