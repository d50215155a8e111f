//! The guarded shadow: a compiled model beside a champion that is not suspected, as `engine.supervision.guarded`.

use super::model::Compiled;
use super::row::{Fate, Output, Shadows, Shared};
use super::value::Value;
use pyo3::prelude::*;

/// `engine.supervision.evidence.MATTERS` and the standard errors that an advantage must be.
const MATTERS: f64 = 1.0;
const ERRORS: f64 = 3.0;

/// By how much it loses less than the champion.
#[derive(Clone, Debug, FromPyObject, IntoPyObject)]
#[pyo3(from_item_all)]
pub struct Advantage {
    pub since: u64,
    pub events: u64,
    pub champion: f64,
    pub other: f64,
    pub sum: f64,
    pub squares: f64,
}

impl Advantage {
    /// With the losses on one more event, which are at most 1.
    fn with(&self, champion: f64, other: f64) -> Advantage {
        let difference = champion - other;
        Advantage {
            since: self.since,
            events: self.events + 1,
            champion: self.champion + champion,
            other: self.other + other,
            sum: self.sum + difference,
            squares: self.squares + difference * difference,
        }
    }

    fn is_clear(&self) -> bool {
        self.sum >= MATTERS && self.sum >= ERRORS * self.squares.sqrt()
    }
}

/// What a model has learned from.
#[derive(Clone, Debug, FromPyObject, IntoPyObject)]
#[pyo3(from_item_all)]
pub struct Learned {
    pub events: u64,
    pub first: Option<f64>,
    pub last: Option<f64>,
}

impl Learned {
    pub fn add(&mut self, time: f64) {
        self.events += 1;
        if self.first.is_none_or(|first| time < first) {
            self.first = Some(time);
        }
        if self.last.is_none_or(|last| time > last) {
            self.last = Some(time);
        }
    }
}

pub struct Guarded {
    pub name: u32,
    pub model: Compiled,
    /// Python's way to learn an outcome, where the compiled model does not take it.
    pub learn: Py<PyAny>,
    pub outcomes: u64,
    pub learned: Learned,
    pub advantage: Option<Advantage>,
}

impl Guarded {
    /// Its output beside the champion's; `None` when Python must ask it.
    pub fn predict(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
    ) -> PyResult<Option<Shadows>> {
        let Some(output) = self.model.predict(py, shared, features)? else { return Ok(None) };
        // A new one that says nothing is left out.
        let is_left_out = output.is_none() && self.learned.events == 0;
        Ok(Some(if is_left_out { Shadows::Empty } else { Shadows::One(self.name, output) }))
    }

    /// The advantage with one more event, if that counts; `None` when it is clear, which is Python's.
    pub fn compared(
        &self,
        sequence: u64,
        output: Option<Output>,
        shadows: Shadows,
        label: bool,
    ) -> Option<Option<Advantage>> {
        let (Shadows::One(name, other), Some(advantage)) = (shadows, &self.advantage) else {
            return Some(None);
        };
        if name != self.name || sequence < advantage.since {
            return Some(None);
        }
        // A null output is worse than any other.
        let loss = |output: Option<Output>| output.map_or(1.0, |found| found.loss(label));
        let next = advantage.with(loss(output), loss(other));
        (!next.is_clear()).then_some(Some(next))
    }

    /// Learns an outcome, unless it has; false when the compiled model is not to be used any more.
    pub fn take(&mut self, py: Python<'_>, shared: &Shared, fate: &Fate, label: bool) -> PyResult<bool> {
        if fate.order < self.outcomes {
            return Ok(true);
        }
        self.outcomes = fate.order + 1;
        if self.model.learn(py, shared, &fate.row.features, label)? {
            self.learned.add(fate.row.time);
            return Ok(true);
        }
        let outcome = shared.outcome(py, fate)?;
        self.learned = self.learn.bind(py).call1((outcome, self.learned.clone()))?.extract()?;
        Ok(false)
    }
}
