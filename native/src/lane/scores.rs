//! Progressive scores and baselines: those that the lane keeps, and what Python is to score.

use super::class_scores::{Counted, Counter};
use super::output::{Output, Target};
use super::row::{Row, Shared};
use super::value_scores::Values;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;

/// A served output whose label has come.
struct Waiting {
    row: Arc<Row>,
    label: Target,
    loss: f64,
}

/// What `engine.evaluation.progressive_scores.Scores.update` takes.
pub type Unscored<'py> =
    (Bound<'py, PyAny>, Bound<'py, PyAny>, f64, Bound<'py, PyAny>, Option<Bound<'py, PyDict>>, i64);

/// What the lane scores.
pub enum Scored {
    /// Counts of the served outputs, the last-label baseline and the task's baseline of a task with classes.
    Classes(Box<[Counter; 3]>),
    /// Metrics of values by their names, with their classes.
    Values(Vec<(String, String)>),
    /// Nothing: Python scores.
    Nothing,
}

/// Who scores.
enum Scoring {
    Classes(Box<Counted>),
    Values(Values),
    /// Python, once the lane stops: what it is to score.
    Python(Vec<Waiting>),
}

/// All scores of a run.
pub struct Scores {
    scoring: Scoring,
    pub last_label: Option<Target>,
    /// `engine.evaluation.progressive_scores.LentScores`
    lent: Py<PyAny>,
}

impl Scores {
    pub fn read(lent: &Bound<'_, PyAny>, scored: &Scored, shared: &Shared) -> PyResult<Scores> {
        let last_label = lent.getattr("last_label")?;
        Ok(Scores {
            scoring: match scored {
                Scored::Classes(counters) => {
                    Scoring::Classes(Box::new(Counted::read(shared, lent, (**counters).clone())?))
                }
                Scored::Values(kinds) => Scoring::Values(Values::read(lent, kinds)?),
                Scored::Nothing => Scoring::Python(vec![]),
            },
            last_label: shared.label(&last_label),
            lent: lent.clone().unbind(),
        })
    }

    pub fn write(&mut self, py: Python<'_>, shared: &Shared) -> PyResult<()> {
        let lent = self.lent.bind(py);
        lent.setattr("last_label", shared.label_to_py(py, self.last_label)?)?;
        match &mut self.scoring {
            Scoring::Classes(counted) => counted.write(py, shared, lent),
            Scoring::Values(values) => values.write(lent),
            Scoring::Python(_) => Ok(()),
        }
    }

    pub fn update(&mut self, row: &Arc<Row>, output: &Output, label: Target, loss: f64) {
        self.last_label = Some(label);
        match &mut self.scoring {
            Scoring::Values(values) => values.add(output.served(), label, loss, row.last_label),
            Scoring::Classes(counted) => counted.add(output, label, loss, row.last_label),
            Scoring::Python(waiting) => waiting.push(Waiting { row: row.clone(), label, loss }),
        }
    }

    /// What Python is to score of a window, with features if it needs them.
    pub fn take_waiting<'py>(
        &mut self,
        py: Python<'py>,
        shared: &Shared,
        slot: i64,
        with_features: bool,
    ) -> PyResult<Vec<Unscored<'py>>> {
        let waiting = match &mut self.scoring {
            Scoring::Classes(_) | Scoring::Values(_) => return Ok(vec![]),
            Scoring::Python(waiting) => std::mem::take(waiting),
        };
        let scored = |Waiting { row, label, loss }: Waiting| {
            let features = with_features.then(|| shared.features(py, &row.features)).transpose()?;
            let last_label = shared.label_to_py(py, row.last_label)?;
            let output = shared.output_to_py(py, row.output.as_ref())?;
            Ok((output, shared.target(py, label)?, loss, last_label, features, slot))
        };
        waiting.into_iter().map(scored).collect()
    }
}
