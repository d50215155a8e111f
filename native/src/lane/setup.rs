//! What an engine's configuration means to the lane, and how it changes hands.

use super::class_scores::Counter;
use super::comparison::Comparison;
use super::drift::Drift;
use super::fields::{Accepted, Plan};
use super::guard::Guard;
use super::model::{Compiled, Model};
use super::rivals::Rivals;
use super::scores::{Scored, Scores};
use super::state::{Counts, Lent};
use super::step::{Live, Names};
use super::window::Window;
use super::Lane;
use hashbrown::HashSet;
use pyo3::prelude::*;
use std::collections::HashMap;

/// `engine.core.lane_plan.RecordPlan`
#[derive(FromPyObject)]
pub struct RecordPlan {
    id: Option<String>,
    time: Option<String>,
    label: String,
    /// The field, and what it holds in an example and in a label.
    kind: Option<(String, String, String)>,
    key: Option<String>,
    dropped: Vec<String>,
    accepted: HashMap<String, AcceptedValues>,
    extra: Option<AcceptedValues>,
    divisor: Option<f64>,
    has_format: bool,
    read_time: Py<PyAny>,
}

/// What the contract lets pass in a field: `engine.contract.check.Accepted`.
#[derive(FromPyObject)]
struct AcceptedValues {
    low: f64,
    high: f64,
    /// `None`: any text.
    texts: Option<std::collections::HashSet<String>>,
    booleans: bool,
    required: bool,
}

impl From<AcceptedValues> for Accepted {
    fn from(given: AcceptedValues) -> Accepted {
        let AcceptedValues { low, high, texts, booleans, required } = given;
        let texts = texts.map(|texts| texts.into_iter().map(String::into_boxed_str).collect::<HashSet<_>>());
        Accepted { low, high, texts, booleans, required }
    }
}

impl From<RecordPlan> for Plan {
    fn from(given: RecordPlan) -> Plan {
        Plan {
            id: given.id,
            time: given.time,
            label: given.label,
            kind: given.kind,
            key: given.key,
            dropped: given.dropped.into_iter().collect(),
            required: given.accepted.values().filter(|one| one.required).count(),
            accepted: given.accepted.into_iter().map(|(name, one)| (name, one.into())).collect(),
            extra: given.extra.map(Accepted::from),
            divisor: given.divisor,
            has_format: given.has_format,
            read_time: given.read_time,
        }
    }
}

/// `engine.evaluation.metric_counts.Cells`
#[derive(FromPyObject)]
pub struct Cells {
    pairs: bool,
    bins: bool,
    edges: Vec<f64>,
}

/// What the lane scores: `engine.core.lane_plan.Plan.scores` and `Plan.values`.
pub fn scored(plan: &Bound<'_, PyAny>) -> PyResult<Scored> {
    let counted: Option<[Cells; 3]> = plan.getattr("scores")?.extract()?;
    let values: Option<Vec<(String, String)>> = plan.getattr("values")?.extract()?;
    Ok(match (counted, values) {
        (Some(cells), _) => Scored::Classes(Box::new(cells.map(Counter::from))),
        (None, Some(kinds)) => Scored::Values(kinds),
        (None, None) => Scored::Nothing,
    })
}

impl From<Cells> for Counter {
    fn from(cells: Cells) -> Counter {
        Counter::new(cells.pairs, cells.bins, cells.edges)
    }
}

impl Lane {
    pub(crate) fn take_over(&mut self, py: Python<'_>, lent: &Lent<'_>) -> PyResult<()> {
        self.look.read(&mut self.fields, &lent.look)?;
        let running = lent.champion.getattr("running")?;
        let champion = self.shared.model(lent.champion.getattr("name")?.cast()?)?;
        let rivals = Rivals::read(&self.shared, &lent.shadows, &lent.challengers, lent.vetted_learn)?;
        let early_count = lent.early.len()?;
        self.live = Some(Live {
            scores: Scores::read(&lent.scores, &self.scores, &self.shared)?,
            model: match running.getattr("native")?.is_none() {
                false => Model::Compiled(Compiled::of(&lent.champion)?),
                true => Model::Callback {
                    predict: running.getattr("predict")?.unbind(),
                    learn: running.getattr("learn")?.unbind(),
                },
            },
            champion,
            names: Names::read(py, &self.shared, &lent.names)?,
            comparison: Comparison::read(&self.shared, champion, rivals.guarded(), &lent.evidence)?,
            rivals,
            window: Window::read(&lent.windows, &lent.window)?,
            drift: match (&lent.detector, &lent.on_loss) {
                (Some(detector), Some(on_loss)) => Some(Drift::read(detector, on_loss)?),
                _ => None,
            },
            guard: match &lent.guard {
                Some(state) => Some(Guard::read(&mut self.fields, state)?),
                None => None,
            },
            early_since: match early_count {
                0 => f64::NEG_INFINITY,
                _ => oldest(&lent.early)?,
            },
            early_count,
            early: lent.early.clone().unbind(),
            look: lent.look.clone().unbind(),
            positions: vec![],
            counts: Counts::read(lent)?,
        });
        Ok(())
    }

    pub(crate) fn give_back(&mut self, py: Python<'_>) -> PyResult<()> {
        let Some(mut live) = self.live.take() else { return Ok(()) };
        if let Some(drift) = &mut live.drift {
            drift.give_back(py)?;
        }
        live.window.write(py)?;
        live.counts.write(py)?;
        live.counts.write_positions(py, &live.positions)?;
        live.scores.write(py, &self.shared)?;
        if let Some(guard) = &live.guard {
            guard.write(py, &self.shared)?;
        }
        live.rivals.write(py)?;
        live.comparison.write(py, &self.shared)?;
        self.look.write(live.look.bind(py))
    }
}

/// Since when the oldest entry waits.
fn oldest(entries: &Bound<'_, PyAny>) -> PyResult<f64> {
    match entries.call_method0("values")?.try_iter()?.next() {
        Some(entry) => entry?.getattr("since")?.extract(),
        None => Ok(f64::NEG_INFINITY),
    }
}
