//! Models beside the champion that are compiled too: shadows, as `engine.core.shadows`, and challengers, as
//! `engine.core.challengers`.

use super::model::Compiled;
use super::row::{Fate, Output, Shared};
use super::state::Learned;
use super::value::Value;
use pyo3::prelude::*;

/// `engine.core.live_model.LiveModel`
struct LiveModel {
    live: Py<PyAny>,
    number: u32,
    compiled: Compiled,
    learned: Learned,
}

impl LiveModel {
    fn read(shared: &Shared, live: &Bound<'_, PyAny>) -> PyResult<LiveModel> {
        Ok(LiveModel {
            number: shared.model(live.py(), live.getattr("name")?.cast()?)?,
            compiled: Compiled::of(live)?,
            learned: live.getattr("learned")?.extract()?,
            live: live.clone().unbind(),
        })
    }

    fn write(&self, py: Python<'_>) -> PyResult<()> {
        self.learned.write(&self.live.bind(py).getattr("learned")?)
    }

    /// Its output joins the others', unless it is a new one that says nothing; false when Python must ask it.
    fn predict(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
        outputs: &mut Vec<(u32, Option<Output>)>,
    ) -> PyResult<bool> {
        let Some(output) = self.compiled.predict(py, shared, features)? else { return Ok(false) };
        if output.is_some() || self.learned.events > 0 {
            outputs.push((self.number, output));
        }
        Ok(true)
    }

    /// Learns an outcome. What the compiled model does not take River learns, and the lane must not go on.
    fn learn(&mut self, py: Python<'_>, shared: &Shared, fate: &Fate, label: bool) -> PyResult<ByRiver> {
        if self.compiled.learn(py, shared, &fate.row.features, label)? {
            self.learned.add(fate.row.time);
            return Ok(ByRiver::No);
        }
        self.write(py)?;
        let live = self.live.bind(py);
        let raised = live.call_method1("learn", (shared.outcome(py, fate)?,))?;
        self.learned = live.getattr("learned")?.extract()?;
        Ok(ByRiver::Yes { raised: (!raised.is_none()).then(|| raised.unbind()) })
    }
}

/// Whether River has learned an outcome, and what it has raised.
enum ByRiver {
    No,
    Yes { raised: Option<Py<PyAny>> },
}

/// `engine.core.shadows.Shadow`
struct Shadow {
    shadow: Py<PyAny>,
    live: LiveModel,
    outcomes: u64,
    /// Whether it learns at present: vetted ones do not always.
    learns: bool,
    is_guarded: bool,
}

impl Shadow {
    fn read(shared: &Shared, shadow: &Bound<'_, PyAny>, vetted_learn: bool) -> PyResult<Shadow> {
        let is_vetted: bool = shadow.getattr("vetted")?.extract()?;
        Ok(Shadow {
            live: LiveModel::read(shared, &shadow.getattr("live")?)?,
            outcomes: shadow.getattr("outcomes")?.extract()?,
            learns: vetted_learn || !is_vetted,
            is_guarded: shadow.getattr("guarded")?.extract()?,
            shadow: shadow.clone().unbind(),
        })
    }

    fn write(&self, py: Python<'_>) -> PyResult<()> {
        self.shadow.bind(py).setattr("outcomes", self.outcomes)?;
        self.live.write(py)
    }
}

/// `engine.core.challengers.Challenger`
struct Challenger {
    name: String,
    live: LiveModel,
    share: f64,
}

impl Challenger {
    fn read(shared: &Shared, challenger: &Bound<'_, PyAny>) -> PyResult<Challenger> {
        let live = challenger.getattr("live")?;
        Ok(Challenger {
            name: live.getattr("name")?.extract()?,
            share: challenger.getattr("share")?.extract()?,
            live: LiveModel::read(shared, &live)?,
        })
    }

    fn takes_part(&self, sequence: u64) -> bool {
        if self.share >= 1.0 {
            return true;
        }
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.name.as_bytes());
        hasher.update(b"/");
        hasher.update(itoa::Buffer::new().format(sequence).as_bytes());
        f64::from(hasher.finalize()) < self.share * 2.0_f64.powi(32)
    }
}

/// A challenger that raised while it learned: its name, the outcome, and what it raised.
pub type Raised = (String, Py<PyAny>, Py<PyAny>);

/// All of them, in their order.
pub struct Rivals {
    shadows: Vec<Shadow>,
    challengers: Vec<Challenger>,
    /// What they said for the example at hand, by model.
    pub outputs: Vec<(u32, Option<Output>)>,
    pub raised: Vec<Raised>,
}

impl Rivals {
    pub fn read(
        shared: &Shared,
        shadows: &Bound<'_, PyAny>,
        challengers: &Bound<'_, PyAny>,
        vetted_learn: bool,
    ) -> PyResult<Rivals> {
        let shadows = shadows.try_iter()?.map(|one| Shadow::read(shared, &one?, vetted_learn));
        let challengers = challengers.try_iter()?.map(|one| Challenger::read(shared, &one?));
        Ok(Rivals {
            shadows: shadows.collect::<PyResult<_>>()?,
            challengers: challengers.collect::<PyResult<_>>()?,
            outputs: vec![],
            raised: vec![],
        })
    }

    pub fn write(&self, py: Python<'_>) -> PyResult<()> {
        self.shadows.iter().try_for_each(|shadow| shadow.write(py))?;
        self.challengers.iter().try_for_each(|challenger| challenger.live.write(py))
    }

    pub fn is_empty(&self) -> bool {
        self.shadows.is_empty() && self.challengers.is_empty()
    }

    /// The guarded shadow, if there is one.
    pub fn guarded(&self) -> Option<u32> {
        self.shadows.iter().find(|shadow| shadow.is_guarded).map(|shadow| shadow.live.number)
    }

    /// Each gives its output; false when Python must ask them.
    pub fn predict(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        sequence: u64,
        features: &[(u32, Value)],
    ) -> PyResult<bool> {
        let outputs = &mut self.outputs;
        outputs.clear();
        for shadow in &mut self.shadows {
            if !shadow.live.predict(py, shared, features, outputs)? {
                return Ok(false);
            }
        }
        for challenger in &mut self.challengers {
            if challenger.takes_part(sequence) && !challenger.live.predict(py, shared, features, outputs)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Each learns an outcome; false when some compiled model is not to be used any more.
    pub fn learn(&mut self, py: Python<'_>, shared: &Shared, fate: &Fate, label: bool) -> PyResult<bool> {
        let mut goes_on = true;
        for challenger in &mut self.challengers {
            if !challenger.takes_part(fate.row.sequence) {
                continue;
            }
            if let ByRiver::Yes { raised } = challenger.live.learn(py, shared, fate, label)? {
                goes_on = false;
                if let Some(raised) = raised {
                    let outcome = shared.outcome(py, fate)?.unbind();
                    self.raised.push((challenger.name.clone(), outcome, raised));
                }
            }
        }
        for shadow in &mut self.shadows {
            if shadow.learns && fate.order >= shadow.outcomes {
                shadow.outcomes = fate.order + 1;
                goes_on &= matches!(shadow.live.learn(py, shared, fate, label)?, ByRiver::No);
            }
        }
        Ok(goes_on)
    }
}
