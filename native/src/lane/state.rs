//! What changes hands: the states of the engine's components, which the lane reads when it takes over, and writes
//! when it gives back.

use super::clock::Clock;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::HashMap;

/// What does not change as long as an engine lives: `engine.core.lane_plan.Settings`.
#[derive(FromPyObject)]
pub struct Settings {
    pub key: Vec<u8>,
    pub longest: usize,
    pub needs_label: bool,
    pub max_ahead: Option<f64>,
    pub max_behind: Option<f64>,
    pub looks: bool,
    /// Whether a prediction that waited too long stays without a label.
    pub expires: bool,
    pub wait: f64,
    pub max_waiting: usize,
    pub early_wait: f64,
    pub remember: f64,
    pub max_remembered: usize,
    pub remembers: bool,
    pub corrects: bool,
    /// Outcomes of a window, unless windows are cut by time.
    pub window: Option<u64>,
    /// Whether the heaviest of several models serves, and not all of them together.
    pub switches: bool,
    /// Whether scores need features, where Python scores.
    pub scores_features: bool,
    pub rates_step: u64,
    pub rates_records: u64,
    pub rates_seconds: f64,
}

/// The components' states: `engine.core.lane_state.Lent`.
#[derive(FromPyObject)]
pub struct Lent<'py> {
    pub admission: Bound<'py, PyAny>,
    pub clock: Bound<'py, PyAny>,
    pub labels: Bound<'py, PyAny>,
    pub early: Bound<'py, PyAny>,
    pub serving: Bound<'py, PyAny>,
    pub progress: Bound<'py, PyAny>,
    pub rates: Bound<'py, PyAny>,
    pub pool: Bound<'py, PyAny>,
    pub champion: Bound<'py, PyAny>,
    /// Names of models as JSON.
    pub names: HashMap<String, Vec<u8>>,
    pub usual: Bound<'py, PyAny>,
    pub scores: Bound<'py, PyAny>,
    pub window: Bound<'py, PyAny>,
    pub windows: Bound<'py, PyAny>,
    pub guard: Option<Bound<'py, PyAny>>,
    pub look: Bound<'py, PyAny>,
    pub detector: Option<Bound<'py, PyAny>>,
    pub on_loss: Option<Bound<'py, PyAny>>,
    pub shadows: Bound<'py, PyAny>,
    pub challengers: Bound<'py, PyAny>,
    /// Whether vetted ones learn.
    pub vetted_learn: bool,
    pub evidence: Bound<'py, PyAny>,
}

/// What a model has learned from.
#[derive(Clone, Debug, FromPyObject)]
pub struct Learned {
    pub events: u64,
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

/// States that hold counts.
pub struct Counted {
    admission: Py<PyAny>,
    clock: Py<PyAny>,
    labels: Py<PyAny>,
    serving: Py<PyAny>,
    progress: Py<PyAny>,
    rates: Py<PyAny>,
    pool: Py<PyAny>,
    champion: Py<PyAny>,
    usual: Py<PyAny>,
}

impl Counted {
    pub fn of(lent: &Lent<'_>) -> Counted {
        let kept = |state: &Bound<'_, PyAny>| state.clone().unbind();
        Counted {
            admission: kept(&lent.admission),
            clock: kept(&lent.clock),
            labels: kept(&lent.labels),
            serving: kept(&lent.serving),
            progress: kept(&lent.progress),
            rates: kept(&lent.rates),
            pool: kept(&lent.pool),
            champion: kept(&lent.champion),
            usual: kept(&lent.usual),
        }
    }
}

/// The counts that the lane goes on with.
pub struct Counts {
    pub records: u64,
    pub inline: u64,
    pub matched: u64,
    pub expired: u64,
    pub predicted: u64,
    pub not_ready: u64,
    pub outcomes: u64,
    pub learned: u64,
    pub champion: Learned,
    pub usual_events: u64,
    pub usual_mean: f64,
    pub rates: Rates,
    pub clock: Clock,
    states: Counted,
}

/// The open span of records.
pub struct Rates {
    /// Records at which it is looked at again.
    pub due: u64,
    pub start: f64,
    /// Records when it began.
    pub began: u64,
}

impl Rates {
    fn read(state: &Bound<'_, PyAny>) -> PyResult<Rates> {
        Ok(Rates {
            due: state.getattr("due")?.extract()?,
            start: state.getattr("start")?.extract()?,
            began: state.getattr("began")?.getattr("records")?.extract()?,
        })
    }
}

impl Counts {
    pub fn read(lent: &Lent<'_>) -> PyResult<Counts> {
        let times: Vec<f64> = lent.clock.call_method0("state")?.extract()?;
        let count = |state: &Bound<'_, PyAny>, name: &str| state.getattr(name)?.extract::<u64>();
        Ok(Counts {
            records: count(&lent.admission, "records")?,
            inline: count(&lent.labels, "inline")?,
            matched: count(&lent.labels, "matched")?,
            expired: count(&lent.labels, "expired")?,
            predicted: count(&lent.serving, "predicted")?,
            not_ready: count(&lent.serving, "not_ready")?,
            outcomes: count(&lent.progress, "outcomes")?,
            learned: count(&lent.pool, "learned")?,
            champion: lent.champion.getattr("learned")?.extract()?,
            usual_events: count(&lent.usual, "events")?,
            usual_mean: lent.usual.getattr("mean")?.extract()?,
            rates: Rates::read(&lent.rates)?,
            clock: Clock::new(&times),
            states: Counted::of(lent),
        })
    }

    /// The components know what has been counted.
    pub fn write(&self, py: Python<'_>) -> PyResult<()> {
        let states = &self.states;
        let labels = states.labels.bind(py);
        states.admission.bind(py).setattr("records", self.records)?;
        states.clock.bind(py).call_method1("restore", (self.clock.times(),))?;
        labels.setattr("inline", self.inline)?;
        labels.setattr("matched", self.matched)?;
        labels.setattr("expired", self.expired)?;
        states.serving.bind(py).setattr("predicted", self.predicted)?;
        states.serving.bind(py).setattr("not_ready", self.not_ready)?;
        states.progress.bind(py).setattr("outcomes", self.outcomes)?;
        states.pool.bind(py).setattr("learned", self.learned)?;
        self.champion.write(&states.champion.bind(py).getattr("learned")?)?;
        states.usual.bind(py).setattr("events", self.usual_events)?;
        states.usual.bind(py).setattr("mean", self.usual_mean)?;
        states.rates.bind(py).setattr("due", self.rates.due)?;
        states.rates.bind(py).setattr("start", self.rates.start)
    }

    /// Another span of records has begun, or this one goes on.
    pub fn go_on_with(&mut self, rates: &Bound<'_, PyAny>) -> PyResult<()> {
        self.rates = Rates::read(rates)?;
        self.states.rates = rates.clone().unbind();
        Ok(())
    }

    /// The places of the last records, by source.
    pub fn write_positions(&self, py: Python<'_>, places: &[(String, Py<PyAny>)]) -> PyResult<()> {
        let positions = self.states.admission.bind(py).getattr("positions")?;
        let positions = positions.cast::<PyDict>()?;
        places.iter().try_for_each(|(source, place)| positions.set_item(source, place))
    }

    /// A record is taken, and event time has moved on.
    pub fn receive(&mut self, clock: Clock, step: u64) {
        let rates = &mut self.rates;
        if self.records >= rates.due {
            rates.due += step;
            if rates.start == f64::NEG_INFINITY {
                rates.start = self.clock.now;
            }
        }
        self.records += 1;
        self.clock = clock;
    }

    /// Whether the rates of the open span are due and the span is over, as in `RateWatch.look`.
    pub fn reports_rates(&self, settings: &Settings) -> bool {
        let rates = &self.rates;
        if self.records < rates.due {
            return false;
        }
        let now = self.clock.now;
        let start = if rates.start == f64::NEG_INFINITY { now } else { rates.start };
        rates.due - rates.began >= settings.rates_records || now - start >= settings.rates_seconds
    }
}
