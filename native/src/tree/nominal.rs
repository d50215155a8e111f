//! `NominalSplitterClassif`: how often each text came with each class.

use super::distribution::Distribution;
use super::split::{Criterion, Split, Suggestion, Test};
use crate::model::{Class, Refused};
use crate::names::Names;

/// The texts of one class, in the order in which they came; the counts are whole numbers.
#[derive(Clone, Debug)]
pub struct Counts {
    pub class: u32,
    pub of_words: Vec<(u32, f64)>,
    total: f64,
}

impl Counts {
    pub fn new(class: u32, of_words: Vec<(u32, f64)>) -> Self {
        let total = of_words.iter().map(|(_, count)| count).sum();
        Counts { class, of_words, total }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Nominal {
    pub total: f64,
    pub classes: Vec<Counts>,
    /// All texts, in the order in which they came.
    pub words: Vec<u32>,
}

impl Nominal {
    pub fn update(&mut self, word: u32, class: u32) {
        if !self.words.contains(&word) {
            self.words.push(word);
        }
        let counts = self.class(class);
        match counts.of_words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1.0,
            None => counts.of_words.push((word, 1.0)),
        }
        counts.total += 1.0;
        self.total += 1.0;
    }

    /// The share of a text in a class. As River's, it takes a class that it does not know for one without texts.
    pub fn share(&mut self, word: Option<u32>, class: u32) -> f64 {
        let counts = self.class(class);
        let found = counts.of_words.iter().find(|(known, _)| Some(*known) == word);
        found.map_or(0.0, |(_, count)| count / counts.total)
    }

    pub fn knows(&self, class: u32) -> bool {
        self.classes.iter().any(|counts| counts.class == class)
    }

    fn class(&mut self, class: u32) -> &mut Counts {
        let known = self.classes.iter().position(|counts| counts.class == class);
        let place = known.unwrap_or_else(|| {
            self.classes.push(Counts::new(class, Vec::new()));
            self.classes.len() - 1
        });
        &mut self.classes[place]
    }

    pub fn suggest(
        &self,
        feature: u32,
        criterion: &Criterion<'_>,
        words: &Names,
        classes: &[Class],
    ) -> Result<Suggestion, Refused> {
        let mut best = Suggestion::null();
        if !criterion.binary {
            let (among, sides) = self.one_for_each(words, classes);
            let merit = criterion.merit(&sides);
            let test = Test::Among { feature, words: among };
            best = Suggestion::of(merit, Split { test, sides });
        }
        let mut tied = false;
        for &word in &self.words {
            let sides = self.one_or_not(word);
            let merit = criterion.merit(&sides);
            if merit > best.merit {
                let test = Test::Equal { feature, word };
                best = Suggestion::of(merit, Split { test, sides });
                tied = false;
            } else if merit == best.merit && best.is_of_one_word() {
                tied = true;
            }
        }
        // River takes the first in the order of a set, which the hashes of texts decide.
        if tied {
            Err(Refused::Step)
        } else {
            Ok(best)
        }
    }

    /// A side for each text, in the order of the texts, with its classes in theirs.
    fn one_for_each(&self, words: &Names, classes: &[Class]) -> (Vec<u32>, Vec<Distribution>) {
        let mut found: Vec<(u32, Distribution)> = Vec::new();
        for counts in &self.classes {
            for &(word, count) in &counts.of_words {
                let place = found.iter().position(|(known, _)| *known == word);
                let place = place.unwrap_or_else(|| {
                    found.push((word, Distribution::default()));
                    found.len() - 1
                });
                found[place].1.add(counts.class, count);
            }
        }
        found.sort_by(|one, other| words.name(one.0).cmp(words.name(other.0)));
        for (_, side) in &mut found {
            side.0.sort_by(|one, other| classes[one.0 as usize].cmp(&classes[other.0 as usize]));
        }
        found.into_iter().unzip()
    }

    fn one_or_not(&self, wanted: u32) -> Vec<Distribution> {
        let (mut equal, mut other) = (Distribution::default(), Distribution::default());
        for counts in &self.classes {
            for &(word, count) in &counts.of_words {
                let side = if word == wanted { &mut equal } else { &mut other };
                side.add(counts.class, count);
            }
        }
        vec![equal, other]
    }
}
