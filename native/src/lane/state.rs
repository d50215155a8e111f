//! What changes hands when the lane takes over from Python's engine and when it gives back: plain values.

use super::guarded::{Advantage, Learned};
use super::scores::{Cells, Prior, Sums};
use crate::python::CompiledModel;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// What does not change as long as an engine lives.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Settings {
    pub key: Vec<u8>,
    pub longest: usize,
    pub needs_label: bool,
    pub max_ahead: Option<f64>,
    pub max_behind: Option<f64>,
    pub guards: bool,
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
    pub window: u64,
    pub rates_step: u64,
    pub rates_records: u64,
    pub rates_seconds: f64,
}

/// The counts that the lane goes on with, and those that it has come to.
#[derive(Clone, Debug, FromPyObject, IntoPyObject)]
#[pyo3(from_item_all)]
pub struct Counts {
    pub records: u64,
    pub due: u64,
    pub start: f64,
    pub times: Vec<f64>,
    pub inline: u64,
    pub matched: u64,
    pub expired: u64,
    pub predicted: u64,
    pub not_ready: u64,
    pub outcomes: u64,
    pub learned: u64,
    pub learned_events: u64,
    pub learned_first: Option<f64>,
    pub learned_last: Option<f64>,
    pub usual_events: u64,
    pub usual_mean: f64,
    pub last_label: Option<bool>,
}

/// The open window.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct OpenWindow<'py> {
    pub index: u64,
    pub outcomes: u64,
    pub end: f64,
    pub size: u64,
    pub seen: u64,
    pub next: u64,
    pub reservoir: Option<Bound<'py, PyAny>>,
    pub windows: Bound<'py, PyAny>,
    pub learnable: Bound<'py, PyAny>,
}

/// A guarded shadow.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct GivenGuarded<'py> {
    pub name: Bound<'py, PyString>,
    pub model: Bound<'py, CompiledModel>,
    pub learn: Bound<'py, PyAny>,
    pub outcomes: u64,
    pub learned: Learned,
    pub advantage: Option<Advantage>,
}

/// What the lane is given when it takes over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Given<'py> {
    pub counts: Counts,
    pub began: u64,
    pub prior: Prior,
    pub sums: Sums,
    pub champion: Bound<'py, PyString>,
    pub champion_json: Vec<u8>,
    pub predict: Bound<'py, PyAny>,
    pub learn: Bound<'py, PyAny>,
    pub compiled: Option<Bound<'py, CompiledModel>>,
    pub window: OpenWindow<'py>,
    pub detector: Option<Bound<'py, PyAny>>,
    pub on_loss: Option<Bound<'py, PyAny>>,
    pub early: Bound<'py, PyAny>,
    pub guarded: Option<GivenGuarded<'py>>,
    pub guard_columns: Vec<Bound<'py, PyAny>>,
    pub guard_block: Bound<'py, PyList>,
    pub guard_seen: u64,
    /// Name, and the bins; `None` when they are those of the time before.
    pub bins: Option<Vec<(Bound<'py, PyString>, Bound<'py, PyAny>)>>,
}

/// What one series of scores adds.
#[derive(IntoPyObject)]
pub struct Added {
    pub served: Cells,
    pub last_labels: Cells,
    pub baselines: Cells,
}

/// What the lane gives back.
#[derive(IntoPyObject)]
pub struct Taken<'py> {
    pub counts: Counts,
    pub prior: Prior,
    pub sums: Sums,
    pub added: Added,
    pub positions: Vec<(String, Bound<'py, PyAny>)>,
    pub window_outcomes: u64,
    pub window_end: f64,
    pub seen: u64,
    /// Number of the next row that is kept, the weight, and the generator's words, where there were draws.
    pub draws: Option<(u64, f64, Vec<u32>)>,
    /// The columns of the guard: last value, run, whether it has drifted.
    pub guard_columns: Vec<(Bound<'py, PyAny>, u64, bool)>,
    /// Whether the block began anew, and the examples that it got.
    pub guard_fresh: bool,
    pub guard_block: Vec<Bound<'py, PyDict>>,
    pub guard_seen: u64,
    /// The guarded shadow's outcomes, what it has learned, and its advantage.
    pub guarded: Option<(u64, Learned, Option<Advantage>)>,
    /// Examples looked at, and by column: counts, missing, strange.
    pub looked: u64,
    pub looks: Vec<(Vec<u64>, u64, u64)>,
}
