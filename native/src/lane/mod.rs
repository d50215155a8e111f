//! The lane: takes plain records in stream order, and leaves every other to Python before anything has changed.

pub mod adwin;
pub mod class_scores;
pub mod classes;
pub mod clock;
pub mod columns;
pub mod comparison;
pub mod detectors;
pub mod draws;
pub mod drift;
pub mod encode;
pub mod evidence;
pub mod fields;
pub mod guard;
pub mod iso;
pub mod json;
pub mod keys;
pub mod lessons;
pub mod mixture;
pub mod model;
pub mod ordered;
pub mod output;
pub mod passed;
pub mod reading;
pub mod record;
pub mod rehearsal;
pub mod resolution;
pub mod rivals;
pub mod row;
pub mod rows;
pub mod scores;
pub mod setup;
pub mod state;
pub mod step;
pub mod substitution;
pub mod value;
pub mod value_scores;
pub mod window;

use detectors::{Detectors, Seen, Source};
use fields::{Content, Fields};
use hashbrown::HashMap;
use ordered::Ordered;
use output::{Target, Task};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use record::{Label, Record};
use row::Shared;
use rows::MakeRows;
use state::Settings;
use std::sync::Arc;
use step::{Live, Step};

/// Labels as records write them that are kept with their meaning; beyond, Python is asked each time.
const MOST_LABELS: usize = 256;

/// An engine's plain records.
#[pyclass(module = "riverkeeper_native")]
pub struct Lane {
    shared: Arc<Shared>,
    fields: Fields,
    record: Record,
    settings: Settings,
    scores: scores::Scored,
    look: guard::Look,
    detectors: Detectors,
    pending: Py<Ordered>,
    resolved: Py<Ordered>,
    read_label: Py<PyAny>,
    labels: HashMap<Label, Option<Target>>,
    live: Option<Live>,
}

#[pymethods]
impl Lane {
    /// Made from the configuration: `engine.core.lane_plan.Plan`.
    #[new]
    fn new(py: Python<'_>, plan: &Bound<'_, PyAny>) -> PyResult<Lane> {
        let task = Task::named(plan.getattr("task")?.extract()?)?;
        let shared =
            Arc::new(Shared::new(&plan.getattr("classes")?, task, Some(plan.getattr("encode")?.unbind()))?);
        let record: setup::RecordPlan = plan.getattr("record")?.extract()?;
        let mut fields = Fields::new(record.into(), shared.clone());
        let sources: Vec<Source> = plan.getattr("detectors")?.extract()?;
        Ok(Lane {
            detectors: Detectors::new(py, &mut fields, sources),
            fields,
            record: Record::default(),
            settings: plan.getattr("settings")?.extract()?,
            scores: setup::scored(plan)?,
            look: guard::Look::default(),
            pending: Py::new(py, Ordered::new(shared.clone()))?,
            resolved: Py::new(py, Ordered::new(shared.clone()))?,
            read_label: plan.getattr("read_label")?.unbind(),
            labels: HashMap::new(),
            live: None,
            shared,
        })
    }

    /// Takes over the components' states.
    fn begin(&mut self, py: Python<'_>, lent: state::Lent<'_>) -> PyResult<()> {
        self.take_over(py, &lent)
    }

    /// Gives them back, up to date.
    fn end(&mut self, py: Python<'_>) -> PyResult<()> {
        self.give_back(py)
    }

    /// The components know what has been counted, as long as nothing else changes.
    fn count(&self, py: Python<'_>) -> PyResult<()> {
        self.live.as_ref().map_or(Ok(()), |live| live.counts.write(py))
    }

    /// Rates were reported; they go on from this state.
    fn go_on(&mut self, rates: &Bound<'_, PyAny>) -> PyResult<()> {
        self.live.as_mut().map_or(Ok(()), |live| live.counts.go_on_with(rates))
    }

    /// Makes empty lists of outcomes.
    #[getter]
    fn rows(&self) -> MakeRows {
        MakeRows { shared: self.shared.clone() }
    }

    /// Where predictions that wait are held, by id, with those of Python's.
    fn hold_pending(&mut self, py: Python<'_>, entries: &Bound<'_, PyAny>) -> PyResult<Py<Ordered>> {
        self.adopt(py, entries, self.pending.clone_ref(py))
    }

    /// The same for resolved ones.
    fn hold_resolved(&mut self, py: Python<'_>, entries: &Bound<'_, PyAny>) -> PyResult<Py<Ordered>> {
        self.adopt(py, entries, self.resolved.clone_ref(py))
    }

    /// Takes records from number `start` on, up to `stop`, as long as they are plain.
    #[allow(clippy::too_many_arguments)]
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        lines: &Bound<'py, PyList>,
        offsets: &Bound<'py, PyAny>,
        start: usize,
        stop: usize,
        sources: Vec<(String, bool)>,
        origins: &[u8],
    ) -> PyResult<Taken> {
        let Some(live) = self.live.as_mut() else {
            return Err(PyRuntimeError::new_err("the lane has nothing to go on from"));
        };
        let before = live.counts.predicted;
        let mut pending = self.pending.borrow_mut(py);
        let mut resolved = self.resolved.borrow_mut(py);
        let mut step = step::Work {
            py,
            shared: &self.shared,
            fields: &mut self.fields,
            record: &mut self.record,
            settings: &self.settings,
            look: &mut self.look,
            detectors: &mut self.detectors,
            pending: &mut pending,
            resolved: &mut resolved,
            read_label: &self.read_label,
            labels: &mut self.labels,
            live,
            out: Vec::with_capacity(stop.saturating_sub(start) * 176),
        };
        let mut last = vec![None; sources.len()];
        let mut taken = Taken { at: start, ..Taken::default() };
        while taken.at < stop {
            let at = taken.at;
            let origin = usize::from(origins.get(at).copied().unwrap_or(0));
            let Some((source, is_label)) = sources.get(origin) else { break };
            let given = lines.get_item(at)?;
            let content = match (given.cast_exact::<PyBytes>(), given.cast_exact::<PyDict>()) {
                (Ok(line), _) => Some(Content::Line(line.as_bytes())),
                (_, Ok(fields)) => Some(Content::Fields(fields, step.settings.longest)),
                _ => None,
            };
            let done = match content {
                Some(content) => step.take(content, *is_label, source, || offsets.get_item(at)?.extract())?,
                None => Step::Special(None),
            };
            if matches!(done, Step::Done | Step::Last | Step::Act(..)) {
                last[origin] = Some(at);
                taken.at += 1;
            }
            match done {
                Step::Done => continue,
                Step::Last => taken.last = true,
                Step::Act(proposal, time) => (taken.proposal, taken.time) = (Some(proposal), time),
                Step::Special(given) => taken.ask(py, given),
                Step::Rates => taken.rates_due = true,
            }
            break;
        }
        taken.lines = Some(PyBytes::new(py, &step.out).unbind());
        let (slot, with_features) = (step.live.window.slot, step.settings.scores_features);
        let scored = step.live.scores.take_waiting(py, step.shared, slot, with_features)?;
        taken.scored = scored.into_pyobject(py)?.unbind().into();
        taken.count = step.live.counts.predicted - before;
        taken.seen = std::mem::take(&mut step.detectors.seen);
        let rivals = &mut step.live.rivals;
        taken.raised = std::mem::take(&mut rivals.raised);
        taken.stopped = rivals.stopped.take().map(|error| error.into_value(py).into_any());
        if taken.special {
            let given = |(model, output, raised): rivals::Asked| {
                let raised = raised.map(|error| error.into_value(py).into_any());
                (step.shared.model_name(model, py).unbind(), output, raised)
            };
            taken.rivals = std::mem::take(&mut rivals.asked).into_iter().map(given).collect();
        }
        for (origin, place) in last.iter().enumerate() {
            if let (Some(place), Some((source, _))) = (place, sources.get(origin)) {
                live.note_position(source, offsets.get_item(*place)?.unbind());
            }
        }
        Ok(taken)
    }
}

impl Lane {
    fn adopt(
        &mut self,
        py: Python<'_>,
        entries: &Bound<'_, PyAny>,
        into: Py<Ordered>,
    ) -> PyResult<Py<Ordered>> {
        let mut held = into.borrow_mut(py);
        for item in entries.call_method0("items")?.try_iter()? {
            let (name, entry): (Bound<'_, PyString>, Bound<'_, PyAny>) = item?.extract()?;
            let fields = &mut self.fields;
            let mut number = |name: &Bound<'_, PyString>| fields.number(py, name.to_str().ok()?);
            held.put(&name, ordered::adopted(&self.shared, &mut number, &entry)?)?;
        }
        drop(held);
        Ok(into)
    }
}

/// A model, its output, and what it raised.
type Given = (Py<PyString>, Option<Py<PyAny>>, Option<Py<PyAny>>);

/// How far the lane has come, and what stopped it.
#[pyclass(module = "riverkeeper_native", frozen, get_all)]
#[derive(Default)]
pub struct Taken {
    /// The first record that it has not taken.
    at: usize,
    /// The lines of the predictions, and how many they are.
    lines: Option<Py<PyBytes>>,
    count: u64,
    /// Whether Python must take the record at `at`, and whether a model of Python's was asked before.
    special: bool,
    asked: bool,
    /// What it has given; what it raised when it was to predict, and to learn.
    output: Option<Py<PyAny>>,
    predicting: Option<Py<PyAny>>,
    learning: Option<Py<PyAny>>,
    /// Whether the lane must give the state back.
    last: bool,
    /// Whether rates are to be reported.
    rates_due: bool,
    /// What the last record has brought about, and its event time.
    proposal: Option<Py<PyAny>>,
    time: f64,
    /// What Python is to score.
    scored: Option<Py<PyAny>>,
    /// What detectors look at.
    seen: Vec<Seen>,
    /// Challengers that raised while they learned the last record.
    raised: Vec<rivals::Raised>,
    /// What interrupted one.
    stopped: Option<Py<PyAny>>,
    /// What models of Python's beside the champion have said or raised for a record that Python takes.
    rivals: Vec<Given>,
}

impl Taken {
    fn ask(&mut self, py: Python<'_>, given: Option<model::Given>) {
        let raised = |error: Option<PyErr>| error.map(|error| error.into_value(py).into_any());
        self.special = true;
        if let Some(given) = given {
            self.asked = true;
            self.output = given.output;
            (self.predicting, self.learning) = (raised(given.predict_raised), raised(given.learn_raised));
        }
    }
}

/// The fields of a line as the lane reads them; `None` when the line is not plain.
#[pyfunction]
pub fn plain_fields<'py>(py: Python<'py>, line: &[u8]) -> PyResult<Option<Bound<'py, PyDict>>> {
    let found = PyDict::new(py);
    let mut reader = json::Reader::new(line);
    let Some(mut more) = reader.open() else { return Ok(None) };
    while more {
        let (Some(name), Some(value)) = (reader.name(), reader.value()) else { return Ok(None) };
        let Some(goes_on) = reader.more() else { return Ok(None) };
        more = goes_on;
        if found.contains(&*name)? {
            return Ok(None);
        }
        found.set_item(&*name, value.into_py(py)?)?;
    }
    Ok(Some(found))
}
