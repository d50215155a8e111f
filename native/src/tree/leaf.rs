//! A leaf: the classes that came to it, and what it knows of their features.

use super::distribution::Distribution;
use super::gaussian::Gaussian;
use super::nominal::Nominal;
use super::paths::Grows;
use super::row::{Given, TreeRow};
use super::{Options, Prediction};
use crate::arithmetic::Python;
use crate::model::Refused;

#[derive(Clone, Debug)]
pub enum Splitter {
    Gaussian(Gaussian),
    Nominal(Nominal),
}

impl Splitter {
    /// What a leaf begins to know of a feature.
    fn of(given: Given) -> Self {
        match given {
            Given::Number(..) => Splitter::Gaussian(Gaussian::default()),
            Given::Word(_) => Splitter::Nominal(Nominal::default()),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Leaf {
    pub classes: Distribution,
    pub depth: u32,
    /// What it knows of features, in the order in which they came; none when it grows no more.
    pub splitters: Option<Vec<(u32, Splitter)>>,
    /// How often it has begun anew.
    pub begun: u32,
    /// The weight at the last attempt to split it. River's is a whole number until there is one.
    pub attempted_at: f64,
    pub attempted: bool,
    pub majority_right: f64,
    pub bayes_right: f64,
}

impl Leaf {
    pub fn new(classes: Distribution, depth: u32, options: &Options) -> Self {
        Leaf {
            attempted_at: classes.total(&options.python),
            classes,
            depth,
            splitters: Some(Vec::new()),
            begun: 0,
            attempted: false,
            majority_right: 0.0,
            bayes_right: 0.0,
        }
    }

    /// Refuses a row with a text where there were numbers, or a number where there were texts.
    pub fn check(&self, row: &TreeRow) -> Result<(), Refused> {
        for (feature, splitter) in self.splitters.iter().flatten() {
            match (splitter, row.get(*feature)) {
                (Splitter::Gaussian(_), Some(Given::Word(_)))
                | (Splitter::Nominal(_), Some(Given::Number(..))) => return Err(Refused::Record),
                _ => {}
            }
        }
        Ok(())
    }

    pub fn predict(&mut self, row: &TreeRow, options: &Options) -> Distribution {
        let by_bayes = self.splitters.is_some()
            && match options.prediction {
                Prediction::Majority => false,
                Prediction::Bayes => self.classes.total(&options.python) >= options.bayes_from,
                Prediction::Adaptive => self.bayes_right >= self.majority_right,
            };
        if by_bayes {
            self.bayes(row, options)
        } else {
            self.classes.normalized(&options.python)
        }
    }

    pub fn learn(&mut self, row: &TreeRow, class: u32, options: &Options) -> Result<(), Refused> {
        if options.prediction == Prediction::Adaptive && self.splitters.is_some() {
            let majority = self.classes.normalized(&options.python).top();
            if majority.is_none_or(|top| top == class) {
                self.majority_right += 1.0;
            }
            if self.bayes(row, options).top() == Some(class) {
                self.bayes_right += 1.0;
            }
        }
        self.classes.add(class, 1.0);
        let Some(splitters) = &mut self.splitters else {
            return Ok(());
        };
        for (feature, given) in row.given() {
            let known = splitters.iter().position(|(known, _)| *known == feature);
            let place = known.unwrap_or_else(|| {
                splitters.push((feature, Splitter::of(given)));
                splitters.len() - 1
            });
            match (&mut splitters[place].1, given) {
                (Splitter::Gaussian(found), Given::Number(value, _)) => found.update(value, class)?,
                (Splitter::Nominal(found), Given::Word(Some(word))) => found.update(word, class),
                _ => return Err(Refused::Record),
            }
        }
        Ok(())
    }

    /// The probabilities of naive Bayes; none while there is no class.
    fn bayes(&mut self, row: &TreeRow, options: &Options) -> Distribution {
        let total = self.classes.total(&options.python);
        if self.classes.0.is_empty() || total == 0.0 {
            return Distribution::default();
        }
        let mut votes = Distribution(Vec::with_capacity(self.classes.0.len()));
        for &(class, weight) in &self.classes.0 {
            let mut vote = 0.0;
            if weight > 0.0 {
                vote = (weight / total).ln();
                for (feature, splitter) in self.splitters.iter_mut().flatten() {
                    vote += match (splitter, row.get(*feature)) {
                        (Splitter::Gaussian(found), Some(Given::Number(_, number))) => {
                            match found.log_density(number, class) {
                                Some(log) if log > f64::NEG_INFINITY => log,
                                _ => continue,
                            }
                        }
                        (Splitter::Nominal(found), Some(Given::Word(word))) => {
                            let share = found.share(word, class);
                            if share > 0.0 {
                                share.ln()
                            } else {
                                0.0
                            }
                        }
                        _ => continue,
                    };
                }
            }
            votes.0.push((class, vote));
        }
        let most = votes.most();
        let sum = options.python.sum(votes.weights().map(|vote| (vote - most).exp()));
        let scale = most + sum.ln();
        for (_, vote) in &mut votes.0 {
            *vote = (*vote - scale).exp();
        }
        votes
    }

    /// Whether a prediction makes River note that a class has had no text: it writes where it looks.
    pub fn writes_on_prediction(&self, row: &TreeRow) -> bool {
        self.splitters.iter().flatten().any(|(feature, splitter)| match splitter {
            Splitter::Nominal(found) if row.get(*feature).is_some() => {
                self.classes.0.iter().any(|(class, _)| !found.knows(*class))
            }
            _ => false,
        })
    }

    pub fn deactivate(&mut self) {
        self.splitters = None;
    }
}

impl Grows for Leaf {
    type Stats = Distribution;

    fn weight(&self, python: &Python) -> f64 {
        self.classes.total(python)
    }

    fn depth(&self) -> u32 {
        self.depth
    }

    fn is_active(&self) -> bool {
        self.splitters.is_some()
    }

    fn activate(&mut self) {
        self.splitters = Some(Vec::new());
        self.begun += 1;
    }
}
