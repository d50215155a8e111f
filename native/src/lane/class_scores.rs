//! Progressive scores and baselines of tasks with classes, as `engine.evaluation.progressive_scores` adds them up.

use super::output::{Output, Target, Task};
use super::row::Shared;
use hashbrown::HashMap;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyDictMethods};

/// A label and a class, by number.
type Pair = (u32, u32);

/// Cells that are scanned before they are looked up.
const FEW: usize = 8;

/// Counts by label and class, in the order in which they came up.
#[derive(Clone, Debug, Default)]
struct Pairs {
    counts: Vec<(Pair, u64)>,
    places: HashMap<Pair, usize>,
}

impl Pairs {
    fn add(&mut self, pair: Pair) {
        let place = match self.counts.len() <= FEW {
            true => self.counts.iter().position(|known| known.0 == pair),
            false => self.places.get(&pair).copied(),
        };
        match place {
            Some(place) => self.counts[place].1 += 1,
            None => {
                self.places.insert(pair, self.counts.len());
                self.counts.push((pair, 1));
            }
        }
    }

    fn take(&mut self) -> Vec<(Pair, u64)> {
        self.places.clear();
        std::mem::take(&mut self.counts)
    }
}

/// What one series of outputs adds to the counts of metrics: cells in the order in which they came up.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    of_pairs: bool,
    of_bins: bool,
    edges: Vec<f64>,
    scored: u64,
    pairs: Pairs,
    /// Of two classes alone.
    bins: Vec<u64>,
    bin_order: Vec<usize>,
}

impl Counter {
    pub fn new(of_pairs: bool, of_bins: bool, edges: Vec<f64>) -> Counter {
        let bins = vec![0; 2 * (edges.len() + 1)];
        Counter { of_pairs, of_bins, edges, bins, ..Counter::default() }
    }

    fn add(&mut self, label: u32, top: u32, probability: f64) {
        self.scored += 1;
        if self.of_pairs {
            self.pairs.add((label, top));
        }
        if self.of_bins {
            let place = self.edges.partition_point(|edge| *edge < probability);
            let cell = (label as usize).min(1) * (self.edges.len() + 1) + place;
            if self.bins[cell] == 0 {
                self.bin_order.push(cell);
            }
            self.bins[cell] += 1;
        }
    }

    /// Adds the counts to `engine.evaluation.metric_counts.MetricCounts`; they begin anew.
    fn write(&mut self, py: Python<'_>, shared: &Shared, counts: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.scored == 0 {
            return Ok(());
        }
        let scored: u64 = counts.getattr("scored")?.extract()?;
        counts.setattr("scored", scored + std::mem::take(&mut self.scored))?;
        let (pairs, bins) = (counts.getattr("pairs")?, counts.getattr("bins")?);
        for ((label, top), count) in self.pairs.take() {
            let cell = (class(py, shared, label)?, class(py, shared, top)?);
            add(pairs.cast()?, cell.into_pyobject(py)?.into_any(), count)?;
        }
        let places = self.edges.len() + 1;
        for cell in self.bin_order.drain(..) {
            let count = std::mem::take(&mut self.bins[cell]);
            add(bins.cast()?, (cell / places == 1, cell % places).into_pyobject(py)?.into_any(), count)?;
        }
        Ok(())
    }
}

/// A class of Python's by its number.
fn class<'py>(py: Python<'py>, shared: &Shared, number: u32) -> PyResult<Bound<'py, PyAny>> {
    shared.target(
        py,
        if shared.task == Task::Binary { Target::Bool(number == 1) } else { Target::Class(number) },
    )
}

fn number_of(shared: &Shared, class: &Bound<'_, PyAny>) -> PyResult<u32> {
    let known = shared.label(class).and_then(Target::class);
    known.ok_or_else(|| PyValueError::new_err("expected classes that records have"))
}

fn add(cells: &Bound<'_, PyDict>, cell: Bound<'_, PyAny>, count: u64) -> PyResult<()> {
    match cells.get_item(&cell)? {
        Some(before) => cells.set_item(cell, before.add(count)?),
        None => cells.set_item(cell, count),
    }
}

/// The class prior: `engine.tasks.baselines.ClassPrior`.
#[derive(Clone, Debug)]
struct Prior {
    labels: u64,
    /// Classes in the order in which they came up, with the number of labels of each.
    counts: Vec<(u32, u64)>,
    /// Where a class stands there, by its number.
    places: Vec<Option<usize>>,
    squares: u64,
    majority: Option<u32>,
}

impl Prior {
    fn read(shared: &Shared, prior: &Bound<'_, PyAny>) -> PyResult<Prior> {
        let counts = prior.getattr("counts")?;
        let labels: u64 = prior.getattr("labels")?.extract()?;
        let mut found = Prior {
            labels,
            counts: vec![],
            places: vec![],
            squares: prior.getattr("squares")?.extract()?,
            majority: match labels {
                0 => None,
                _ => Some(number_of(shared, &prior.getattr("majority")?)?),
            },
        };
        for (label, count) in counts.cast::<PyDict>()?.iter() {
            let count = count.extract()?;
            *found.entry(number_of(shared, &label)?) = count;
        }
        Ok(found)
    }

    fn write(&self, py: Python<'_>, shared: &Shared, prior: &Bound<'_, PyAny>) -> PyResult<()> {
        let counts = PyDict::new(py);
        for (label, count) in &self.counts {
            counts.set_item(class(py, shared, *label)?, count)?;
        }
        prior.setattr("labels", self.labels)?;
        prior.setattr("counts", counts)?;
        prior.setattr("squares", self.squares)?;
        match self.majority {
            Some(majority) => prior.setattr("majority", class(py, shared, majority)?),
            None => Ok(()),
        }
    }

    fn count(&self, label: u32) -> u64 {
        let place = self.places.get(label as usize).copied().flatten();
        place.map_or(0, |place| self.counts[place].1)
    }

    /// The number of labels of a class, which may be new.
    fn entry(&mut self, label: u32) -> &mut u64 {
        let at = label as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, None);
        }
        let place = *self.places[at].get_or_insert(self.counts.len());
        if place == self.counts.len() {
            self.counts.push((label, 0));
        }
        &mut self.counts[place].1
    }

    /// The most frequent class, the share of the positive one, and the loss on this label; then it is learned.
    fn score(&mut self, label: u32) -> Option<(u32, f64, f64)> {
        let count = self.count(label);
        let found = self.majority.filter(|_| self.labels > 0).map(|majority| {
            let labels = self.labels as f64;
            let squares = self.squares as f64 / (self.labels * self.labels) as f64;
            let loss = (squares - 2.0 * (count as f64 / labels) + 1.0) / 2.0;
            (majority, self.count(1) as f64 / labels, if loss > 0.0 { loss } else { 0.0 })
        });
        self.learn(label, count + 1);
        found
    }

    fn learn(&mut self, label: u32, count: u64) {
        self.labels += 1;
        *self.entry(label) = count;
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
    fn top(&self) -> Option<u32> {
        let mut best: Option<(u32, u64)> = None;
        for (label, count) in &self.counts {
            if best.is_none_or(|(_, most)| *count > most) {
                best = Some((*label, *count));
            }
        }
        best.map(|(label, _)| label)
    }
}

/// Sums over the open window: `engine.evaluation.window_sums`.
#[derive(Clone, Debug)]
struct Sums {
    totals: Totals,
    calibration: Calibration,
}

/// `engine.evaluation.window_sums.Totals`
#[derive(Clone, Debug, FromPyObject)]
pub struct Totals {
    scored: u64,
    loss: f64,
    baseline_loss: f64,
    last_label_loss: f64,
}

#[derive(Clone, Debug, FromPyObject)]
struct Calibration {
    events: Vec<u64>,
    predicted: Vec<f64>,
    observed: Vec<u64>,
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
    fn read(sums: &Bound<'_, PyAny>) -> PyResult<Sums> {
        Ok(Sums {
            totals: sums.getattr("totals")?.extract()?,
            calibration: sums.getattr("calibration")?.extract()?,
        })
    }

    fn write(&self, sums: &Bound<'_, PyAny>) -> PyResult<()> {
        let (totals, calibration) = (sums.getattr("totals")?, sums.getattr("calibration")?);
        self.totals.write(&totals)?;
        calibration.setattr("events", &self.calibration.events)?;
        calibration.setattr("predicted", &self.calibration.predicted)?;
        calibration.setattr("observed", &self.calibration.observed)
    }
}

impl Totals {
    pub fn write(&self, totals: &Bound<'_, PyAny>) -> PyResult<()> {
        totals.setattr("scored", self.scored)?;
        totals.setattr("loss", self.loss)?;
        totals.setattr("baseline_loss", self.baseline_loss)?;
        totals.setattr("last_label_loss", self.last_label_loss)
    }

    pub fn add(&mut self, loss: f64, baseline: f64, last: f64) {
        self.scored += 1;
        self.loss += loss;
        self.baseline_loss += baseline;
        self.last_label_loss += last;
    }
}

impl Calibration {
    fn add(&mut self, probability: f64, happened: bool) {
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

/// What is counted of a task with classes.
pub struct Counted {
    counters: [Counter; 3],
    prior: Prior,
    sums: Sums,
}

impl Counted {
    pub fn read(shared: &Shared, lent: &Bound<'_, PyAny>, counters: [Counter; 3]) -> PyResult<Counted> {
        let (prior, sums) = (lent.getattr("baseline")?, lent.getattr("sums")?);
        Ok(Counted { counters, prior: Prior::read(shared, &prior)?, sums: Sums::read(&sums)? })
    }

    pub fn write(&mut self, py: Python<'_>, shared: &Shared, lent: &Bound<'_, PyAny>) -> PyResult<()> {
        for (counter, name) in self.counters.iter_mut().zip(["served", "last_labels", "baselines"]) {
            counter.write(py, shared, &lent.getattr(name)?)?;
        }
        self.prior.write(py, shared, &lent.getattr("baseline")?)?;
        self.sums.write(&lent.getattr("sums")?)
    }

    pub fn add(&mut self, output: &Output, label: Target, loss: f64, last: Option<Target>) {
        let (Some(truth), Some(top)) = (label.class(), output.served().class()) else { return };
        let [served, last_labels, baselines] = &mut self.counters;
        let probability = output.as_number();
        served.add(truth, top, probability);
        let baseline = self.prior.score(truth);
        if let Some((majority, share, _)) = baseline {
            baselines.add(truth, majority, share);
        }
        let last = last.and_then(Target::class);
        if let Some(last) = last {
            last_labels.add(truth, last, 1.0);
        }
        let usual = baseline.map_or(loss, |(_, _, loss)| loss);
        let unchanged = last.map_or(loss, |last| f64::from(u8::from(last != truth)));
        self.sums.totals.add(loss, usual, unchanged);
        let happened = if let Target::Bool(label) = label { label } else { top == truth };
        self.sums.calibration.add(probability, happened);
    }
}
