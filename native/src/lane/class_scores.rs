//! Progressive scores and baselines of a binary task, as `engine.evaluation.progressive_scores` adds them up.

use super::output::Output;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyDictMethods};

/// What one series of outputs adds to the counts of metrics: cells in the order in which they came up.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    of_pairs: bool,
    of_bins: bool,
    edges: Vec<f64>,
    scored: u64,
    pairs: [u64; 4],
    pair_order: Vec<usize>,
    bins: Vec<u64>,
    bin_order: Vec<usize>,
}

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

    /// Adds the counts to `engine.evaluation.metric_counts.MetricCounts`; they begin anew.
    fn write(&mut self, py: Python<'_>, counts: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.scored == 0 {
            return Ok(());
        }
        let scored: u64 = counts.getattr("scored")?.extract()?;
        counts.setattr("scored", scored + std::mem::take(&mut self.scored))?;
        let (pairs, bins) = (counts.getattr("pairs")?, counts.getattr("bins")?);
        for cell in self.pair_order.drain(..) {
            let count = std::mem::take(&mut self.pairs[cell]);
            add(pairs.cast()?, (cell / 2 == 1, cell % 2 == 1).into_pyobject(py)?.into_any(), count)?;
        }
        let places = self.edges.len() + 1;
        for cell in self.bin_order.drain(..) {
            let count = std::mem::take(&mut self.bins[cell]);
            add(bins.cast()?, (cell / places == 1, cell % places).into_pyobject(py)?.into_any(), count)?;
        }
        Ok(())
    }
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
    /// In the order in which the classes came up.
    counts: Vec<(bool, u64)>,
    squares: u64,
    majority: Option<bool>,
}

impl Prior {
    fn read(prior: &Bound<'_, PyAny>) -> PyResult<Prior> {
        let counts = prior.getattr("counts")?;
        let counts = counts.cast::<PyDict>()?.iter();
        let majority = prior.getattr("majority")?; // a text while there is none
        Ok(Prior {
            labels: prior.getattr("labels")?.extract()?,
            counts: counts
                .map(|(label, count)| Ok((label.extract()?, count.extract()?)))
                .collect::<PyResult<_>>()?,
            squares: prior.getattr("squares")?.extract()?,
            majority: majority.cast_exact::<PyBool>().ok().map(|majority| majority.is_true()),
        })
    }

    fn write(&self, py: Python<'_>, prior: &Bound<'_, PyAny>) -> PyResult<()> {
        let counts = PyDict::new(py);
        self.counts.iter().try_for_each(|(label, count)| counts.set_item(label, count))?;
        prior.setattr("labels", self.labels)?;
        prior.setattr("counts", counts)?;
        prior.setattr("squares", self.squares)?;
        self.majority.map_or(Ok(()), |majority| prior.setattr("majority", majority))
    }

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

/// What is counted of a binary task.
pub struct Counted {
    counters: [Counter; 3],
    prior: Prior,
    sums: Sums,
}

impl Counted {
    pub fn read(lent: &Bound<'_, PyAny>, counters: [Counter; 3]) -> PyResult<Counted> {
        let (prior, sums) = (lent.getattr("baseline")?, lent.getattr("sums")?);
        Ok(Counted { counters, prior: Prior::read(&prior)?, sums: Sums::read(&sums)? })
    }

    pub fn write(&mut self, py: Python<'_>, lent: &Bound<'_, PyAny>) -> PyResult<()> {
        for (counter, name) in self.counters.iter_mut().zip(["served", "last_labels", "baselines"]) {
            counter.write(py, &lent.getattr(name)?)?;
        }
        self.prior.write(py, &lent.getattr("baseline")?)?;
        self.sums.write(&lent.getattr("sums")?)
    }

    pub fn add(&mut self, output: &Output, label: bool, loss: f64, last: Option<bool>) {
        let [served, last_labels, baselines] = &mut self.counters;
        let probability = output.yes();
        served.add(label, output.served().is_true(), probability);
        let baseline = self.prior.score(label);
        if let Some((majority, share, _)) = baseline {
            baselines.add(label, majority, share);
        }
        if let Some(last) = last {
            last_labels.add(label, last, 1.0);
        }
        let usual = baseline.map_or(loss, |(_, _, loss)| loss);
        let unchanged = last.map_or(loss, |last| f64::from(u8::from(last != label)));
        self.sums.totals.add(loss, usual, unchanged);
        self.sums.calibration.add(probability, label);
    }
}
