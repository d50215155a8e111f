//! The guarded shadow: a compiled model beside a champion that is not suspected, as `engine.supervision.guarded`.

use super::model::Compiled;
use super::row::{Fate, Output, Shadows, Shared};
use super::value::Value;
use crate::python::CompiledModel;
use pyo3::prelude::*;

/// `engine.supervision.evidence.MATTERS` and the standard errors that an advantage must be.
const MATTERS: f64 = 1.0;
const ERRORS: f64 = 3.0;

/// By how much it loses less than the champion.
#[derive(Clone, Debug, FromPyObject)]
pub struct Advantage {
    since: u64,
    events: u64,
    champion: f64,
    other: f64,
    sum: f64,
    squares: f64,
}

impl Advantage {
    fn write(&self, advantage: &Bound<'_, PyAny>) -> PyResult<()> {
        advantage.setattr("events", self.events)?;
        advantage.setattr("champion", self.champion)?;
        advantage.setattr("other", self.other)?;
        advantage.setattr("sum", self.sum)?;
        advantage.setattr("squares", self.squares)
    }

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
#[derive(Clone, Debug, FromPyObject)]
pub struct Learned {
    events: u64,
    first: Option<f64>,
    last: Option<f64>,
}

impl Learned {
    pub fn write(&self, learned: &Bound<'_, PyAny>) -> PyResult<()> {
        learned.setattr("events", self.events)?;
        learned.setattr("first", self.first)?;
        learned.setattr("last", self.last)
    }

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

/// `engine.core.shadows.Shadow`
pub struct Guarded {
    shadow: Py<PyAny>,
    name: u32,
    model: Compiled,
    outcomes: u64,
    learned: Learned,
    pub advantage: Option<Advantage>,
    /// `engine.supervision.evidence.Advantage`
    compared: Option<Py<PyAny>>,
}

impl Guarded {
    pub fn read(
        shared: &Shared,
        shadow: &Bound<'_, PyAny>,
        compared: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Guarded> {
        let live = shadow.getattr("live")?;
        let model = live.getattr("running")?.getattr("native")?;
        Ok(Guarded {
            name: shared.model(shadow.py(), live.getattr("name")?.cast()?)?,
            model: Compiled::new(model.cast::<CompiledModel>()?.clone().unbind()),
            outcomes: shadow.getattr("outcomes")?.extract()?,
            learned: live.getattr("learned")?.extract()?,
            advantage: compared.map(|compared| compared.extract()).transpose()?,
            compared: compared.map(|compared| compared.clone().unbind()),
            shadow: shadow.clone().unbind(),
        })
    }

    pub fn write(&self, py: Python<'_>) -> PyResult<()> {
        let shadow = self.shadow.bind(py);
        shadow.setattr("outcomes", self.outcomes)?;
        self.learned.write(&shadow.getattr("live")?.getattr("learned")?)?;
        match (&self.advantage, &self.compared) {
            (Some(advantage), Some(compared)) => advantage.write(compared.bind(py)),
            _ => Ok(()),
        }
    }

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
        let live = self.shadow.bind(py).getattr("live")?;
        self.learned.write(&live.getattr("learned")?)?;
        live.call_method1("learn", (shared.outcome(py, fate)?,))?;
        self.learned = live.getattr("learned")?.extract()?;
        Ok(false)
    }
}
