//! Shadows that are compiled models: they predict and learn beside the champion, as `engine.core.shadows`.

use super::model::Compiled;
use super::row::{Fate, Output, Shared};
use super::state::Learned;
use super::value::Value;
use pyo3::prelude::*;

/// `engine.core.shadows.Shadow`
struct Shadow {
    shadow: Py<PyAny>,
    model: u32,
    compiled: Compiled,
    outcomes: u64,
    learned: Learned,
    /// Whether it learns at present: vetted ones do not always.
    learns: bool,
    is_guarded: bool,
}

impl Shadow {
    fn read(shared: &Shared, shadow: &Bound<'_, PyAny>, vetted_learn: bool) -> PyResult<Shadow> {
        let live = shadow.getattr("live")?;
        let is_vetted: bool = shadow.getattr("vetted")?.extract()?;
        Ok(Shadow {
            model: shared.model(shadow.py(), live.getattr("name")?.cast()?)?,
            compiled: Compiled::of(&live)?,
            outcomes: shadow.getattr("outcomes")?.extract()?,
            learned: live.getattr("learned")?.extract()?,
            learns: vetted_learn || !is_vetted,
            is_guarded: shadow.getattr("guarded")?.extract()?,
            shadow: shadow.clone().unbind(),
        })
    }

    fn write(&self, py: Python<'_>) -> PyResult<()> {
        let shadow = self.shadow.bind(py);
        shadow.setattr("outcomes", self.outcomes)?;
        self.learned.write(&shadow.getattr("live")?.getattr("learned")?)
    }

    /// Learns an outcome, unless it has; false when the compiled model is not to be used any more.
    fn learn(&mut self, py: Python<'_>, shared: &Shared, fate: &Fate, label: bool) -> PyResult<bool> {
        if !self.learns || fate.order < self.outcomes {
            return Ok(true);
        }
        self.outcomes = fate.order + 1;
        if self.compiled.learn(py, shared, &fate.row.features, label)? {
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

/// All of them, in their order.
pub struct Shadows {
    alive: Vec<Shadow>,
    /// What they said for the example at hand, by model. A new one that says nothing is left out.
    pub outputs: Vec<(u32, Option<Output>)>,
}

impl Shadows {
    pub fn read(shared: &Shared, shadows: &Bound<'_, PyAny>, vetted_learn: bool) -> PyResult<Shadows> {
        let alive = shadows.try_iter()?.map(|shadow| Shadow::read(shared, &shadow?, vetted_learn));
        Ok(Shadows { alive: alive.collect::<PyResult<_>>()?, outputs: vec![] })
    }

    pub fn write(&self, py: Python<'_>) -> PyResult<()> {
        self.alive.iter().try_for_each(|shadow| shadow.write(py))
    }

    pub fn is_empty(&self) -> bool {
        self.alive.is_empty()
    }

    /// The guarded one, if there is one.
    pub fn guarded(&self) -> Option<u32> {
        self.alive.iter().find(|shadow| shadow.is_guarded).map(|shadow| shadow.model)
    }

    /// Each gives its output; false when Python must ask them.
    pub fn predict(&mut self, py: Python<'_>, shared: &Shared, features: &[(u32, Value)]) -> PyResult<bool> {
        self.outputs.clear();
        for shadow in &mut self.alive {
            let Some(output) = shadow.compiled.predict(py, shared, features)? else { return Ok(false) };
            if output.is_some() || shadow.learned.events > 0 {
                self.outputs.push((shadow.model, output));
            }
        }
        Ok(true)
    }

    /// Each learns an outcome; false when some compiled model is not to be used any more.
    pub fn learn(&mut self, py: Python<'_>, shared: &Shared, fate: &Fate, label: bool) -> PyResult<bool> {
        let mut all = true;
        for shadow in &mut self.alive {
            all &= shadow.learn(py, shared, fate, label)?;
        }
        Ok(all)
    }
}
