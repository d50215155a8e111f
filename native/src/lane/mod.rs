//! The lane: takes plain records in stream order, and leaves every other to Python before anything has changed.

pub mod clock;
pub mod columns;
pub mod draws;
pub mod drift;
pub mod encode;
pub mod fields;
pub mod guard;
pub mod guarded;
pub mod iso;
pub mod json;
pub mod model;
pub mod ordered;
pub mod passed;
pub mod reading;
pub mod row;
pub mod rows;
pub mod scores;
pub mod setup;
pub mod state;
pub mod step;
pub mod value;

use fields::{Fields, Label, Record};
use hashbrown::HashMap;
use ordered::Ordered;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
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
    scores: [scores::Counter; 3],
    bins: Vec<guard::Bins>,
    pending: Py<Ordered>,
    resolved: Py<Ordered>,
    read_label: Py<PyAny>,
    labels: HashMap<Label, Option<bool>>,
    live: Option<Live>,
}

#[pymethods]
impl Lane {
    /// Made from the configuration, as `engine.core.lane` writes it.
    #[new]
    fn new(py: Python<'_>, given: &Bound<'_, PyDict>) -> PyResult<Lane> {
        let shared = Arc::new(Shared::new(&item(given, "classes")?)?);
        Ok(Lane {
            fields: Fields::new(setup::plan(given)?, shared.clone()),
            record: Record::default(),
            settings: item(given, "settings")?.extract()?,
            scores: setup::counters(given)?,
            bins: vec![],
            pending: Py::new(py, Ordered::new(shared.clone()))?,
            resolved: Py::new(py, Ordered::new(shared.clone()))?,
            read_label: item(given, "read_label")?.unbind(),
            labels: HashMap::new(),
            live: None,
            shared,
        })
    }

    /// Takes over from Python.
    fn begin(&mut self, py: Python<'_>, given: state::Given<'_>) -> PyResult<()> {
        self.take_over(py, given)
    }

    /// Gives back to Python; `None` when the lane has nothing.
    fn end<'py>(&mut self, py: Python<'py>) -> PyResult<Option<state::Taken<'py>>> {
        self.give_back(py)
    }

    /// Predictions that wait, by id; and resolved ones.
    #[getter]
    fn pending(&self, py: Python<'_>) -> Py<Ordered> {
        self.pending.clone_ref(py)
    }

    #[getter]
    fn resolved(&self, py: Python<'_>) -> Py<Ordered> {
        self.resolved.clone_ref(py)
    }

    /// Whether the lane has the engine's state.
    #[getter]
    fn holds(&self) -> bool {
        self.live.is_some()
    }

    /// Makes empty lists of outcomes.
    #[getter]
    fn rows(&self) -> MakeRows {
        MakeRows { shared: self.shared.clone() }
    }

    /// Takes Python's entries over.
    fn adopt(&mut self, py: Python<'_>, entries: &Bound<'_, PyAny>, resolved: bool) -> PyResult<()> {
        let mut into = if resolved { self.resolved.borrow_mut(py) } else { self.pending.borrow_mut(py) };
        let fields = &mut self.fields;
        for item in entries.call_method0("items")?.try_iter()? {
            let item = item?;
            let item = item.cast::<PyTuple>()?;
            let mut number = |name: &Bound<'_, PyString>| fields.number(py, name.to_str().ok()?);
            let entry = ordered::adopted(&self.shared, &mut number, &item.get_item(1)?)?;
            into.put(item.get_item(0)?.cast::<PyString>()?, entry)?;
        }
        Ok(())
    }

    /// Takes records from number `start` on, up to `stop`, as long as they are plain.
    ///
    /// Returns how far it came, the lines of the predictions, how many they are, and what stopped it:
    /// `None` at `stop`; a tuple for a record that Python must take (the model's output, what it raised when it
    /// predicted, and when it learned, each `None` unless it was asked); or, when the last record that was taken
    /// brought a proposal about, that one and its time.
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
    ) -> PyResult<(usize, Bound<'py, PyBytes>, u64, Bound<'py, PyAny>)> {
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
            bins: &mut self.bins,
            pending: &mut pending,
            resolved: &mut resolved,
            read_label: &self.read_label,
            labels: &mut self.labels,
            live,
            out: Vec::with_capacity(stop.saturating_sub(start) * 176),
        };
        let mut last = vec![None; sources.len()];
        let mut why = py.None().into_bound(py);
        let mut at = start;
        while at < stop {
            let origin = usize::from(origins.get(at).copied().unwrap_or(0));
            let Some((source, is_label)) = sources.get(origin) else { break };
            let line = lines.get_item(at)?;
            let taken = match line.cast_exact::<PyBytes>() {
                Ok(line) => {
                    step.take(line.as_bytes(), *is_label, source, || offsets.get_item(at)?.extract())?
                }
                Err(_) => Step::Special(None),
            };
            match taken {
                Step::Done => {
                    last[origin] = Some(at);
                    at += 1;
                }
                Step::Last => {
                    last[origin] = Some(at);
                    at += 1;
                    break;
                }
                Step::Act(proposal, time) => {
                    last[origin] = Some(at);
                    at += 1;
                    why = (proposal, time).into_pyobject(py)?.into_any();
                    break;
                }
                Step::Special(given) => {
                    why = special(py, given)?;
                    break;
                }
            }
        }
        let out = PyBytes::new(py, &step.out);
        let predicted = step.live.counts.predicted - before;
        for (origin, place) in last.iter().enumerate() {
            if let (Some(place), Some((source, _))) = (place, sources.get(origin)) {
                live.note_position(source, offsets.get_item(*place)?.unbind());
            }
        }
        Ok((at, out, predicted, why))
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

fn special<'py>(py: Python<'py>, given: Option<model::Given>) -> PyResult<Bound<'py, PyAny>> {
    let (output, predict_raised, learn_raised) = match given {
        Some(given) => (given.output, given.predict_raised, given.learn_raised),
        None => (None, None, None),
    };
    let raised = |error: Option<PyErr>| error.map(|error| error.into_value(py));
    Ok((output, raised(predict_raised), raised(learn_raised)).into_pyobject(py)?.into_any())
}

/// The dictionary's entry, which must be there.
pub(crate) fn item<'py>(dict: &Bound<'py, PyDict>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    dict.get_item(name)?.ok_or_else(|| PyRuntimeError::new_err(format!("{name} is not given")))
}
