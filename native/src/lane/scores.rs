//! Progressive scores and baselines of a binary task, as `engine.evaluation.progressive_scores` adds them up.

use super::row::Output;
use pyo3::prelude::*;

/// What one series of outputs adds to the counts of metrics: cells in the order in which they came up.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    of_pairs: bool,
    of_bins: bool,
    edges: Vec<f64>,
    pub scored: u64,
    pairs: [u64; 4],
    pair_order: Vec<usize>,
    bins: Vec<u64>,
    bin_order: Vec<usize>,
}

/// The counts by label and class, and by label and place.
pub type Cells = (u64, Vec<(bool, bool, u64)>, Vec<(bool, usize, u64)>);

impl Counter {
    pub fn new(of_pairs: bool, of_bins: bool, edges: Vec<f64>) -> Counter {
        let bins = vec![0; 2 * (edges.len() + 1)];
        Counter { of_pairs, of_bins, edges, bins, ..Counter::default() }
    }

    fn add(&mut self, label: bool, top: bool, probability: f64) {
        self.scored += 1;
        if self.of_pairs {
            let cell = usize::from(label) * 2 + usize::from(top);
            if self.pairs[cell] == 0 {
                self.pair_order.push(cell);
            }
            self.pairs[cell] += 1;
        }
        if self.of_bins {
            let place = self.edges.partition_point(|edge| *edge < probability);
            let cell = usize::from(label) * (self.edges.len() + 1) + place;
            if self.bins[cell] == 0 {
                self.bin_order.push(cell);
            }
            self.bins[cell] += 1;
        }
    }

    /// The counts since the last time, which begin anew.
    pub fn taken(&mut self) -> Cells {
        let places = self.edges.len() + 1;
        let pairs = self.pair_order.iter().map(|cell| (cell / 2 == 1, cell % 2 == 1, self.pairs[*cell]));
        let bins = self.bin_order.iter().map(|cell| (cell / places == 1, cell % places, self.bins[*cell]));
        let found = (self.scored, pairs.collect(), bins.collect());
        for cell in self.pair_order.drain(..) {
            self.pairs[cell] = 0;
        }
        for cell in self.bin_order.drain(..) {
            self.bins[cell] = 0;
        }
        self.scored = 0;
        found
    }
}

/// The class prior: `engine.tasks.baselines.ClassPrior`.
#[derive(Clone, Debug, FromPyObject, IntoPyObject)]
#[pyo3(from_item_all)]
pub struct Prior {
    pub labels: u64,
    /// In the order in which the classes came up.
    pub counts: Vec<(bool, u64)>,
    pub squares: u64,
    pub majority: Option<bool>,
}

impl Prior {
    fn count(&self, label: bool) -> u64 {
        self.counts.iter().find(|(known, _)| *known == label).map_or(0, |(_, count)| *count)
    }

    /// The most frequent class, the share of the positive one, and the loss on this label; then it is learned.
    fn score(&mut self, label: bool) -> Option<(bool, f64, f64)> {
        let count = self.count(label);
        let found = self.majority.filter(|_| self.labels > 0).map(|majority| {
            let labels = self.labels as f64;
            let squares = self.squares as f64 / (self.labels * self.labels) as f64;
            let loss = (squares - 2.0 * (count as f64 / labels) + 1.0) / 2.0;
            (majority, self.count(true) as f64 / labels, if loss > 0.0 { loss } else { 0.0 })
        });
        self.learn(label, count + 1);
        found
    }

    fn learn(&mut self, label: bool, count: u64) {
        self.labels += 1;
        match self.counts.iter_mut().find(|(known, _)| *known == label) {
            Some(known) => known.1 = count,
            None => self.counts.push((label, count)),
        }
        self.squares += 2 * count - 1;
        if self.majority != Some(label) {
            let most = self.majority.map_or(0, |majority| self.count(majority));
            if count > most {
                self.majority = Some(label);
            } else if count == most {
                self.majority = self.top();
            }
        }
    }

    /// The most frequent class, the first of them in a tie.
    fn top(&self) -> Option<bool> {
        let mut best: Option<(bool, u64)> = None;
        for (label, count) in &self.counts {
            if best.is_none_or(|(_, most)| *count > most) {
                best = Some((*label, *count));
            }
        }
        best.map(|(label, _)| label)
    }
}

/// Sums over the open window: `engine.evaluation.window_sums`.
#[derive(Clone, Debug, FromPyObject, IntoPyObject)]
#[pyo3(from_item_all)]
pub struct Sums {
    pub scored: u64,
    pub loss: f64,
    pub baseline_loss: f64,
    pub last_label_loss: f64,
    pub events: Vec<u64>,
    pub predicted: Vec<f64>,
    pub observed: Vec<u64>,
}

const TENTHS: [f64; 9] = [
    1.0 / 10.0,
    2.0 / 10.0,
    3.0 / 10.0,
    4.0 / 10.0,
    5.0 / 10.0,
    6.0 / 10.0,
    7.0 / 10.0,
    8.0 / 10.0,
    9.0 / 10.0,
];

impl Sums {
    fn add_losses(&mut self, loss: f64, baseline: f64, last: f64) {
        self.scored += 1;
        self.loss += loss;
        self.baseline_loss += baseline;
        self.last_label_loss += last;
    }

    fn calibrate(&mut self, probability: f64, happened: bool) {
        let place = TENTHS.partition_point(|edge| *edge < probability);
        if (0.0..=1.0).contains(&probability) {
            self.predicted[place] += probability;
        } else if probability.is_nan() {
            return;
        } else {
            self.predicted[place] += f64::from(u8::from(probability > 0.5));
        }
        self.events[place] += 1;
        self.observed[place] += u64::from(happened);
    }
}

/// All scores of a run.
#[derive(Clone, Debug)]
pub struct Scores {
    pub served: Counter,
    pub last_labels: Counter,
    pub baselines: Counter,
    pub prior: Prior,
    pub sums: Sums,
    pub last_label: Option<bool>,
}

impl Scores {
    pub fn update(&mut self, output: &Output, label: bool, loss: f64, last: Option<bool>) {
        let probability = output.get(true).map_or(0.0, |number| number.float());
        self.served.add(label, output.top(), probability);
        let baseline = self.prior.score(label);
        if let Some((majority, share, _)) = baseline {
            self.baselines.add(label, majority, share);
        }
        if let Some(last) = last {
            self.last_labels.add(label, last, 1.0);
        }
        let usual = baseline.map_or(loss, |(_, _, loss)| loss);
        let unchanged = last.map_or(loss, |last| f64::from(u8::from(last != label)));
        self.sums.add_losses(loss, usual, unchanged);
        self.sums.calibrate(probability, label);
        self.last_label = Some(label);
    }
}
