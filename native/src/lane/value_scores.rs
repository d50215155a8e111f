//! Progressive scores and baselines of regression, as `engine.evaluation.progressive_scores` and River's metrics add
//! them up.

use super::class_scores::Totals;
use super::output::Target;
use crate::arithmetic::square;
use crate::moments::{Mean, Variance};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

fn read(mean: &Bound<'_, PyAny>) -> PyResult<Mean> {
    Ok(Mean { count: mean.getattr("n")?.extract()?, mean: mean.getattr("_mean")?.extract()? })
}

fn write(mean: Mean, into: &Bound<'_, PyAny>) -> PyResult<()> {
    into.setattr("n", mean.count)?;
    into.setattr("_mean", mean.mean)
}

/// The difference of two numbers, and its square; the square of whole numbers is exact before it is rounded.
fn squared(label: Target, said: Target) -> (f64, f64) {
    let difference = label.number() - said.number();
    let is_whole = matches!((label, said), (Target::Int(_), Target::Int(_)));
    (difference, if is_whole { difference * difference } else { square(difference) })
}

#[derive(Clone, Debug)]
enum Metric {
    Absolute(Mean),
    /// `MSE`, and `RMSE`, whose root is taken when its value is.
    Squared(Mean),
    /// `R2`: the labels, and the sum of the squares of errors.
    Explained {
        labels: Variance,
        residual: f64,
    },
}

impl Metric {
    fn read(kind: &str, metric: &Bound<'_, PyAny>) -> PyResult<Metric> {
        match kind {
            "MAE" => Ok(Metric::Absolute(read(&metric.getattr("_mean")?)?)),
            "MSE" | "RMSE" => Ok(Metric::Squared(read(&metric.getattr("_mean")?)?)),
            "R2" => {
                let variance = metric.getattr("_y_var")?;
                let Mean { count, mean } = read(&variance.getattr("mean")?)?;
                Ok(Metric::Explained {
                    labels: Variance { count, mean, squares: variance.getattr("_S")?.extract()? },
                    residual: metric.getattr("_residual_sum_of_squares")?.extract()?,
                })
            }
            _ => Err(PyValueError::new_err(format!("no metric of the lane: {kind}"))),
        }
    }

    fn write(&self, metric: &Bound<'_, PyAny>) -> PyResult<()> {
        match self {
            Metric::Absolute(mean) | Metric::Squared(mean) => write(*mean, &metric.getattr("_mean")?),
            Metric::Explained { labels: Variance { count, mean, squares }, residual } => {
                let variance = metric.getattr("_y_var")?;
                write(Mean { count: *count, mean: *mean }, &variance.getattr("mean")?)?;
                variance.setattr("_S", squares)?;
                metric.setattr("_residual_sum_of_squares", residual)
            }
        }
    }

    /// False where Python's arithmetic raises; then nothing has changed.
    fn add(&mut self, label: Target, said: Target) -> bool {
        match self {
            Metric::Absolute(mean) => mean.update((label.number() - said.number()).abs()),
            Metric::Squared(mean) => {
                let (difference, square) = squared(label, said);
                if square.is_infinite() && difference.is_finite() {
                    return false;
                }
                mean.update(square);
            }
            Metric::Explained { labels, residual } => {
                labels.update(label.number());
                let difference = label.number() - said.number();
                *residual += difference * difference;
            }
        }
        true
    }
}

/// A metric by its name.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    metric: Metric,
    /// Events that it could not take.
    misses: u64,
}

/// `engine.evaluation.metric_counts.MetricCounts` of one series of outputs.
#[derive(Clone, Debug)]
struct Series {
    scored: u64,
    metrics: Vec<Named>,
}

impl Series {
    fn read(counts: &Bound<'_, PyAny>, kinds: &[(String, String)]) -> PyResult<Series> {
        let events = counts.getattr("events")?;
        let named = |(name, kind): &(String, String)| {
            let metric = Metric::read(kind, &events.get_item(name)?)?;
            Ok(Named { name: name.clone(), metric, misses: 0 })
        };
        Ok(Series { scored: 0, metrics: kinds.iter().map(named).collect::<PyResult<_>>()? })
    }

    fn write(&mut self, counts: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.scored == 0 {
            return Ok(());
        }
        let scored: u64 = counts.getattr("scored")?.extract()?;
        counts.setattr("scored", scored + std::mem::take(&mut self.scored))?;
        let (events, undefined) = (counts.getattr("events")?, counts.getattr("undefined")?);
        let undefined = undefined.cast::<PyDict>()?;
        for Named { name, metric, misses } in &mut self.metrics {
            metric.write(&events.get_item(&*name)?)?;
            if *misses > 0 {
                let before = undefined.get_item(&*name)?.map_or(Ok(0), |count| count.extract::<u64>())?;
                undefined.set_item(&*name, before + std::mem::take(misses))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, label: Target, said: Target) {
        self.scored += 1;
        for one in &mut self.metrics {
            one.misses += u64::from(!one.metric.add(label, said));
        }
    }
}

/// What is counted in regression.
pub struct Values {
    /// Of what was served, of the last label, and of the mean of labels.
    series: [Series; 3],
    /// `engine.tasks.baselines.RunningMean`
    labels: u64,
    total: f64,
    totals: Totals,
}

const SERIES: [&str; 3] = ["served", "last_labels", "baselines"];

impl Values {
    /// From `engine.evaluation.progressive_scores.LentScores`; metrics by their names, with their classes.
    pub fn read(lent: &Bound<'_, PyAny>, kinds: &[(String, String)]) -> PyResult<Values> {
        let [served, last_labels, baselines] = SERIES.map(|name| Series::read(&lent.getattr(name)?, kinds));
        let baseline = lent.getattr("baseline")?;
        Ok(Values {
            series: [served?, last_labels?, baselines?],
            labels: baseline.getattr("labels")?.extract()?,
            total: baseline.getattr("total")?.extract()?,
            totals: lent.getattr("sums")?.getattr("totals")?.extract()?,
        })
    }

    pub fn write(&mut self, lent: &Bound<'_, PyAny>) -> PyResult<()> {
        for (series, name) in self.series.iter_mut().zip(SERIES) {
            series.write(&lent.getattr(name)?)?;
        }
        let baseline = lent.getattr("baseline")?;
        baseline.setattr("labels", self.labels)?;
        baseline.setattr("total", self.total)?;
        self.totals.write(&lent.getattr("sums")?.getattr("totals")?)
    }

    /// Scores a value that was served, with its loss, and the label that was known last when it was.
    pub fn add(&mut self, said: Target, label: Target, loss: f64, last: Option<Target>) {
        let (number, [served, last_labels, baselines]) = (label.number(), &mut self.series);
        served.add(label, said);
        let mut usual = loss;
        if self.labels > 0 {
            let mean = self.total / self.labels as f64;
            baselines.add(label, Target::Float(mean));
            usual = (mean - number).abs();
        }
        self.labels += 1;
        self.total += number;
        let mut unchanged = loss;
        if let Some(last) = last {
            last_labels.add(label, last);
            unchanged = (last.number() - number).abs();
        }
        self.totals.add(loss, usual, unchanged);
    }
}
