//! Models beside the champion, compiled ones and others of Python's: shadows, as `engine.core.shadows`, and
//! challengers, as `engine.core.challengers`.

use super::model::Compiled;
use super::output::{Output, Target};
use super::reading::output_of;
use super::row::{Fate, Shared, Strange};
use super::state::Learned;
use super::value::Value;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::borrow::Cow;

/// What a model of Python's has said or raised for the example at hand, so that it is not asked twice.
pub type Asked = (u32, Option<Py<PyAny>>, Option<PyErr>);

/// `engine.core.live_model.LiveModel`
struct LiveModel {
    live: Py<PyAny>,
    number: u32,
    /// Its compiled form, if it has one, and what that has learned from.
    compiled: Option<(Compiled, Learned)>,
}

/// What has come of learning.
pub enum Learning {
    Done,
    /// River has learned what the compiled model does not take, and the lane must not go on.
    ByRiver {
        raised: Option<Py<PyAny>>,
    },
    /// The model is Python's, which raised this.
    Raised(Py<PyAny>),
    /// It was interrupted.
    Stopped(PyErr),
}

impl LiveModel {
    fn read(shared: &Shared, live: &Bound<'_, PyAny>) -> PyResult<LiveModel> {
        let is_compiled = live.getattr("running")?.getattr("is_compiled")?.is_truthy()?;
        Ok(LiveModel {
            number: shared.model(live.getattr("name")?.cast()?)?,
            compiled: match is_compiled {
                true => Some((Compiled::of(live)?, live.getattr("learned")?.extract()?)),
                false => None,
            },
            live: live.clone().unbind(),
        })
    }

    fn write(&self, py: Python<'_>) -> PyResult<()> {
        match &self.compiled {
            Some((_, learned)) => learned.write(&self.live.bind(py).getattr("learned")?),
            None => Ok(()),
        }
    }

    /// Its output; the outer `None` when Python must go on.
    fn predict(
        &mut self,
        example: &mut Example<'_, '_>,
        asked: &mut Vec<Asked>,
    ) -> PyResult<Option<Option<Output>>> {
        let py = example.py;
        if let Some((compiled, _)) = &mut self.compiled {
            return compiled.predict(py, example.shared, example.features);
        }
        match self.live.bind(py).call_method1("try_predict", (example.dict()?,)) {
            Ok(output) => {
                asked.push((self.number, Some(output.clone().unbind()), None));
                Ok(output_of(example.shared, &output))
            }
            Err(error) => {
                asked.push((self.number, None, Some(error)));
                Ok(None)
            }
        }
    }

    fn is_new(&self, py: Python<'_>) -> PyResult<bool> {
        match &self.compiled {
            Some((_, learned)) => Ok(learned.events == 0),
            None => self.live.bind(py).getattr("is_new")?.extract(),
        }
    }

    /// Learns an outcome, without what is hidden from it.
    fn learn(
        &mut self,
        labelled: &mut LabelledOutcome<'_, '_>,
        hidden: Option<&Strange>,
    ) -> PyResult<Learning> {
        let (py, fate) = (labelled.py, labelled.fate);
        if let Some((compiled, learned)) = &mut self.compiled {
            let features = match hidden {
                Some(strange) => Cow::Owned(strange.visible(&fate.row.features)),
                None => Cow::Borrowed(&*fate.row.features),
            };
            if compiled.learn(py, labelled.shared, &features, labelled.label)? {
                learned.add(fate.row.time);
                return Ok(Learning::Done);
            }
            self.write(py)?;
        }
        let live = self.live.bind(py);
        let outcome = labelled.outcome()?;
        let found = match hidden {
            Some(strange) => {
                live.call_method1("learn", (outcome, strange.object.bind(py).getattr("hidden")?))
            }
            None => live.call_method1("learn", (outcome,)),
        };
        let raised = match found {
            Ok(raised) => (!raised.is_none()).then(|| raised.unbind()),
            Err(error) => return Ok(Learning::Stopped(error)),
        };
        if let Some((_, learned)) = &mut self.compiled {
            *learned = live.getattr("learned")?.extract()?;
            return Ok(Learning::ByRiver { raised });
        }
        Ok(raised.map_or(Learning::Done, Learning::Raised))
    }
}

/// An example that is predicted.
pub struct Example<'a, 'py> {
    pub py: Python<'py>,
    pub shared: &'a Shared,
    pub sequence: u64,
    pub features: &'a [(u32, Value)],
    pub strange: Option<&'a Strange>,
    /// The features for models of Python's, once they were made.
    pub made: &'a mut Option<Py<PyDict>>,
}

impl<'py> Example<'_, 'py> {
    fn dict(&mut self) -> PyResult<Bound<'py, PyDict>> {
        if let Some(dict) = &self.made {
            return Ok(dict.bind(self.py).clone());
        }
        let dict = self.shared.features(self.py, self.features)?;
        *self.made = Some(dict.clone().unbind());
        Ok(dict)
    }
}

/// An outcome with a label.
pub struct LabelledOutcome<'a, 'py> {
    pub py: Python<'py>,
    pub shared: &'a Shared,
    pub fate: &'a Fate,
    pub label: Target,
    /// The same for models of Python's, once it was made.
    pub made: Option<Py<PyAny>>,
}

impl<'py> LabelledOutcome<'_, 'py> {
    fn outcome(&mut self) -> PyResult<Bound<'py, PyAny>> {
        if let Some(outcome) = &self.made {
            return Ok(outcome.bind(self.py).clone());
        }
        let outcome = self.shared.outcome(self.py, self.fate)?;
        self.made = Some(outcome.clone().unbind());
        Ok(outcome)
    }
}

/// `engine.core.shadows.Shadow`
pub struct Shadow {
    shadow: Py<PyAny>,
    live: LiveModel,
    outcomes: u64,
    /// Whether it learns at present: vetted ones do not always.
    learns: bool,
    is_guarded: bool,
}

impl Shadow {
    pub fn read(shared: &Shared, shadow: &Bound<'_, PyAny>, vetted_learn: bool) -> PyResult<Shadow> {
        let is_vetted: bool = shadow.getattr("vetted")?.extract()?;
        Ok(Shadow {
            live: LiveModel::read(shared, &shadow.getattr("live")?)?,
            outcomes: shadow.getattr("outcomes")?.extract()?,
            learns: vetted_learn || !is_vetted,
            is_guarded: shadow.getattr("guarded")?.extract()?,
            shadow: shadow.clone().unbind(),
        })
    }

    pub fn write(&self, py: Python<'_>) -> PyResult<()> {
        self.shadow.bind(py).setattr("outcomes", self.outcomes)?;
        self.live.write(py)
    }

    pub fn is_compiled(&self) -> bool {
        self.live.compiled.is_some()
    }

    /// What it says, of which nothing is hidden; the outer `None` when that is for Python to ask.
    pub fn predict(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
    ) -> PyResult<Option<Option<Output>>> {
        match &mut self.live.compiled {
            Some((compiled, _)) => compiled.predict(py, shared, features),
            None => Ok(None),
        }
    }

    /// Learns an outcome, unless it has.
    pub fn learn(&mut self, labelled: &mut LabelledOutcome<'_, '_>) -> PyResult<Learning> {
        let fate = labelled.fate;
        if fate.order < self.outcomes {
            return Ok(Learning::Done);
        }
        self.outcomes = fate.order + 1;
        match fate.row.strange.as_deref().filter(|_| self.is_guarded) {
            Some(strange) if !strange.learned => Ok(Learning::Done),
            hidden => self.live.learn(labelled, hidden),
        }
    }
}

/// `engine.core.challengers.Challenger`
struct Challenger {
    name: String,
    live: LiveModel,
    share: f64,
    reported: bool,
}

impl Challenger {
    fn read(shared: &Shared, challenger: &Bound<'_, PyAny>) -> PyResult<Challenger> {
        let live = challenger.getattr("live")?;
        Ok(Challenger {
            name: live.getattr("name")?.extract()?,
            share: challenger.getattr("share")?.extract()?,
            reported: challenger.getattr("reported")?.extract()?,
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
    pub asked: Vec<Asked>,
    pub raised: Vec<Raised>,
    /// What interrupted one that learned.
    pub stopped: Option<PyErr>,
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
            asked: vec![],
            raised: vec![],
            stopped: None,
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

    /// Each gives its output; false when Python must go on. A new one that says nothing is left out.
    pub fn predict(&mut self, example: &mut Example<'_, '_>) -> PyResult<bool> {
        self.outputs.clear();
        let shadows = self.shadows.iter_mut().map(|shadow| (&mut shadow.live, shadow.is_guarded));
        let sequence = example.sequence;
        let challengers = self.challengers.iter_mut().filter(|one| one.takes_part(sequence));
        for (live, is_guarded) in shadows.chain(challengers.map(|one| (&mut one.live, false))) {
            let output = match example.strange {
                Some(strange) if is_guarded => {
                    let visible = strange.visible(example.features);
                    let (py, shared) = (example.py, example.shared);
                    let mut less =
                        Example { py, shared, sequence, features: &visible, strange: None, made: &mut None };
                    live.predict(&mut less, &mut self.asked)?
                }
                _ => live.predict(example, &mut self.asked)?,
            };
            let Some(output) = output else { return Ok(false) };
            if output.is_some() || !live.is_new(example.py)? {
                self.outputs.push((live.number, output));
            }
        }
        Ok(true)
    }

    /// Each learns an outcome; false when the lane must not go on.
    pub fn learn(&mut self, labelled: &mut LabelledOutcome<'_, '_>) -> PyResult<bool> {
        let (fate, mut goes_on) = (labelled.fate, true);
        for challenger in &mut self.challengers {
            if !challenger.takes_part(fate.row.sequence) {
                continue;
            }
            let raised = match challenger.live.learn(labelled, None)? {
                Learning::Done => continue,
                Learning::ByRiver { raised } => raised,
                Learning::Raised(_) if challenger.reported => continue,
                Learning::Raised(raised) => Some(raised),
                Learning::Stopped(error) => {
                    self.stopped = Some(error);
                    None
                }
            };
            goes_on = false;
            if let Some(raised) = raised {
                challenger.reported = true;
                self.raised.push((challenger.name.clone(), labelled.outcome()?.unbind(), raised));
            }
        }
        for shadow in &mut self.shadows {
            if !shadow.learns {
                continue;
            }
            match shadow.learn(labelled)? {
                Learning::Done | Learning::Raised(_) => {}
                Learning::ByRiver { .. } => goes_on = false,
                Learning::Stopped(error) => {
                    goes_on = false;
                    self.stopped = Some(error);
                }
            }
        }
        Ok(goes_on)
    }
}
