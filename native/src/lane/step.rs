//! One record: everything that could make it special is looked at before anything changes.

use super::clock::Clock;
use super::drift::{add_usual, Drift};
use super::encode;
use super::fields::{Fields, Label, Record};
use super::guard::{Guard, Look};
use super::guarded::{Advantage, Guarded};
use super::model::{Given, Model, Reply};
use super::ordered::{Entry, Ordered};
use super::reading::pending_of;
use super::row::{Fate, Output, Row, Shadows, Shared};
use super::scores::Scores;
use super::state::{Counts, Settings};
use super::window::Window;
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use std::sync::Arc;

/// What has become of a record.
pub enum Step {
    Done,
    /// It is done, and the lane must not go on with what it has.
    Last,
    /// Python takes it: nothing has changed. With what a model of Python's has given already.
    Special(Option<Given>),
    /// Rates are to be reported before it; nothing has changed.
    Rates,
    /// It is done, and the evidence proposes something, at this time.
    Act(Py<PyAny>, f64),
}

/// The engine's state while the lane has it.
pub struct Live {
    pub counts: Counts,
    pub scores: Scores,
    pub model: Model,
    pub champion: u32,
    pub champion_json: Vec<u8>,
    pub window: Window,
    pub drift: Option<Drift>,
    pub guard: Option<Guard>,
    pub guarded: Option<Guarded>,
    pub early: Py<PyAny>,
    pub early_count: usize,
    pub early_since: f64,
    pub look: Py<PyAny>,
    pub positions: Vec<(String, Py<PyAny>)>,
}

impl Live {
    pub fn note_position(&mut self, source: &str, offset: Py<PyAny>) {
        if source.is_empty() {
            return;
        }
        match self.positions.iter_mut().find(|(known, _)| known == source) {
            Some(known) => known.1 = offset,
            None => self.positions.push((source.to_owned(), offset)),
        }
    }
}

/// What a run works with.
pub struct Work<'a, 'py> {
    pub py: Python<'py>,
    pub shared: &'a Shared,
    pub fields: &'a mut Fields,
    pub record: &'a mut Record,
    pub settings: &'a Settings,
    pub look: &'a mut Look,
    pub pending: &'a mut Ordered,
    pub resolved: &'a mut Ordered,
    pub read_label: &'a Py<PyAny>,
    pub labels: &'a mut HashMap<Label, Option<bool>>,
    pub live: &'a mut Live,
    pub out: Vec<u8>,
}

/// Whether anything that waits must expire, or move, as in `Waiting.expired`.
fn expires(oldest: Option<f64>, count: usize, now: f64, seconds: f64, most: usize) -> bool {
    let Some(since) = oldest else { return false };
    let (earliest, latest) = (now - seconds, now + seconds);
    count > most || since < earliest || (since > latest && latest > f64::NEG_INFINITY)
}

/// What event time brings with it when it moves on.
struct Moves {
    clock: Clock,
    /// Predictions that stay without a label.
    expiring: usize,
}

/// A label that has found its prediction.
struct Found {
    row: Arc<Row>,
    label: bool,
    time: f64,
    /// The guarded shadow's advantage with this event, if it counts.
    advantage: Option<Advantage>,
}

const SPECIAL: Step = Step::Special(None);

impl<'py> Work<'_, 'py> {
    /// Takes a record, if it is plain.
    pub fn take(
        &mut self,
        line: &[u8],
        is_label: bool,
        source: &str,
        offset: impl FnOnce() -> PyResult<i64>,
    ) -> PyResult<Step> {
        let (py, settings) = (self.py, self.settings);
        if self.live.counts.reports_rates(settings) {
            return Ok(Step::Rates);
        }
        if line.len() > settings.longest {
            return Ok(SPECIAL);
        }
        if self.fields.read(py, line, is_label, self.record).is_none() {
            return Ok(SPECIAL);
        }
        if !self.fields.has_ids() {
            self.record.id = format!("{source}:{}", offset()?);
        }
        let Some(label) = self.label()? else { return Ok(SPECIAL) };
        let time = self.record.time;
        let before = self.live.counts.clock.now;
        if !self.record.is_label && before > f64::NEG_INFINITY {
            let (ahead, behind) = (settings.max_ahead, settings.max_behind);
            if ahead.is_some_and(|most| time - before > most)
                || behind.is_some_and(|most| before - time > most)
            {
                return Ok(SPECIAL);
            }
        }
        let mut clock = self.live.counts.clock;
        clock.tick(time);
        let Some(expiring) = self.expiring(clock.now) else { return Ok(SPECIAL) };
        let outcomes = expiring as u64 + u64::from(label.is_some());
        if outcomes > 0 && self.live.window.outcomes + outcomes >= settings.window {
            return Ok(SPECIAL);
        }
        let moves = Moves { clock, expiring };
        match (self.record.is_label, label) {
            (true, Some(label)) => self.take_label(label, moves),
            (true, None) => Ok(SPECIAL),
            (false, None) if settings.needs_label => Ok(SPECIAL),
            (false, label) => self.take_example(label, moves),
        }
    }

    /// The label of the record that was read; the outer `None` when it cannot be read.
    fn label(&mut self) -> PyResult<Option<Option<bool>>> {
        let Some(written) = &self.record.label else { return Ok(Some(None)) };
        if let Some(known) = self.labels.get(written) {
            return Ok(known.map(Some));
        }
        let py = self.py;
        let given = match written {
            Label::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
            Label::Int(value) => value.into_pyobject(py)?.into_any(),
            Label::Float(bits) => f64::from_bits(*bits).into_pyobject(py)?.into_any(),
            Label::Text(text) => PyString::new(py, text).into_any(),
        };
        let found = self.read_label.bind(py).call1((given,))?;
        let found = found.cast_exact::<PyBool>().ok().map(|label| label.is_true());
        if self.labels.len() < super::MOST_LABELS && written.is_short() {
            self.labels.insert(written.clone(), found);
        }
        Ok(found.map(Some))
    }

    /// How many predictions expire with this record; `None` when that is Python's.
    fn expiring(&self, now: f64) -> Option<usize> {
        let (live, settings) = (&self.live, self.settings);
        let early = (live.early_count > 0).then_some(live.early_since);
        if expires(early, live.early_count, now, settings.early_wait, settings.max_waiting) {
            return None;
        }
        if !expires(self.pending.oldest(), self.pending.len(), now, settings.wait, settings.max_waiting) {
            return Some(0);
        }
        if !settings.expires {
            return None;
        }
        self.pending.expiring(now, settings.wait, settings.max_waiting, &self.record.id)
    }

    fn take_label(&mut self, label: bool, moves: Moves) -> PyResult<Step> {
        let row = match self.pending.get(&self.record.id) {
            Some(Entry::Pending(row)) => row.clone(),
            Some(Entry::Object { object, .. }) => {
                let (py, fields) = (self.py, &mut *self.fields);
                let mut number = |name: &Bound<'_, PyString>| fields.number(py, name.to_str().ok()?);
                match pending_of(self.shared, &mut number, object.bind(py))? {
                    Some(row) => Arc::new(row),
                    None => return Ok(SPECIAL),
                }
            }
            _ => return Ok(SPECIAL),
        };
        let compared = self.compared(row.model, row.sequence, row.output, row.shadows, label);
        let Some(advantage) = compared else { return Ok(SPECIAL) };
        let found = Found { row, label, time: self.record.time, advantage };
        match self.live.model.learn(self.py, self.shared, &found.row.features, None, label)? {
            Reply::Special(given) => return Ok(Step::Special(given)),
            Reply::Found(()) => {}
        }
        self.begin(moves)?;
        self.pending.take(&self.record.id);
        self.live.counts.matched += 1;
        self.resolve(found)
    }

    fn take_example(&mut self, label: Option<bool>, moves: Moves) -> PyResult<Step> {
        let py = self.py;
        if self.pending.contains(&self.record.id) || self.resolved.contains(&self.record.id) {
            return Ok(SPECIAL);
        }
        if self.live.early_count > 0 && self.live.early.bind(py).contains(&self.record.id)? {
            return Ok(SPECIAL);
        }
        if let Some(guard) = &self.live.guard {
            if !guard.passes(self.fields, &self.record.features) {
                return Ok(SPECIAL);
            }
        }
        let mut dict: Option<Py<PyDict>> = None;
        let features = &self.record.features;
        let (output, given) = match self.live.model.predict(py, self.shared, features, &mut dict)? {
            Reply::Special(given) => return Ok(Step::Special(given)),
            Reply::Found(found) => found,
        };
        let mut shadows = Shadows::None;
        if let Some(guarded) = &mut self.live.guarded {
            match guarded.predict(py, self.shared, &self.record.features)? {
                Some(found) => shadows = found,
                None => return Ok(SPECIAL),
            }
        }
        let (champion, sequence) = (self.live.champion, self.live.counts.predicted);
        let mut advantage = None;
        if let Some(label) = label {
            match self.compared(champion, sequence, output, shadows, label) {
                Some(found) => advantage = found,
                None => return Ok(SPECIAL),
            }
        }
        let features = &self.record.features;
        if let Some(label) = label {
            match self.live.model.learn_it(py, self.shared, features, dict, label)? {
                Reply::Found(()) => {}
                Reply::Special(raised) => {
                    let raised = raised.map(|one| Given { output: given, ..one });
                    return Ok(Step::Special(raised));
                }
            }
        }
        self.begin(moves)?;
        let row = self.predicted(output, shadows)?;
        match label {
            Some(label) => {
                self.live.counts.inline += 1;
                let time = row.time;
                self.resolve(Found { row, label, time, advantage })
            }
            None => {
                self.pending.insert(row.id.clone(), Entry::Pending(row));
                Ok(Step::Done)
            }
        }
    }

    /// From here on the record is the lane's.
    fn begin(&mut self, moves: Moves) -> PyResult<()> {
        self.live.counts.receive(moves.clock, self.settings.rates_step);
        (0..moves.expiring).try_for_each(|_| self.expire())
    }

    /// The oldest prediction stays without a label.
    fn expire(&mut self) -> PyResult<()> {
        let Some((_, Entry::Pending(row))) = self.pending.pop_front() else { return Ok(()) };
        let live = &mut self.live;
        let now = live.counts.clock.now;
        let time = if now == f64::NEG_INFINITY { 0.0 } else { now };
        let (order, known) = (live.counts.outcomes, live.counts.predicted);
        live.counts.outcomes += 1;
        live.counts.expired += 1;
        let fate = Fate { row: row.clone(), order, label: None, loss: None, time, known };
        live.window.add(self.py, fate)?;
        self.remember(row, None, None, time);
        Ok(())
    }

    fn remember(&mut self, row: Arc<Row>, label: Option<bool>, loss: Option<f64>, since: f64) {
        let settings = self.settings;
        if settings.remembers {
            let pending = settings.corrects.then(|| row.clone());
            self.resolved.insert(row.id.clone(), Entry::Resolved { since, label, loss, pending });
            self.resolved.expire(self.live.counts.clock.now, settings.remember, settings.max_remembered);
        }
    }

    /// How the guarded shadow does with one more event, if that counts; `None` when that is Python's.
    fn compared(
        &self,
        model: u32,
        sequence: u64,
        output: Option<Output>,
        shadows: Shadows,
        label: bool,
    ) -> Option<Option<Advantage>> {
        match &self.live.guarded {
            Some(guarded) if model == self.live.champion => {
                guarded.compared(sequence, output, shadows, label)
            }
            _ => Some(None),
        }
    }

    fn predicted(&mut self, output: Option<Output>, shadows: Shadows) -> PyResult<Arc<Row>> {
        let live = &mut self.live;
        let row = Arc::new(Row {
            id: Arc::from(self.record.id.as_str()),
            time: self.record.time,
            sequence: live.counts.predicted,
            features: self.record.features.drain(..).collect(),
            output,
            model: live.champion,
            last_label: live.scores.last_label,
            shadows,
        });
        live.counts.predicted += 1;
        live.counts.not_ready += u64::from(output.is_none());
        if let Some(guard) = &mut live.guard {
            guard.take(self.py, self.fields, &row)?;
        }
        if self.settings.looks {
            self.look.add(self.fields, &row.features);
        }
        encode::prediction(&mut self.out, &row, &live.champion_json, &self.settings.key);
        Ok(row)
    }

    /// Scores a prediction on its label, compares, and puts the outcome into its window; it is learned already.
    fn resolve(&mut self, found: Found) -> PyResult<Step> {
        let Found { row, label, time, advantage } = found;
        let (py, live) = (self.py, &mut self.live);
        let mut proposal = None;
        let loss = row.output.map(|output| output.loss(label));
        if let (Some(output), Some(loss)) = (&row.output, loss) {
            live.scores.update(output, label, loss, row.last_label);
            if row.model == live.champion {
                add_usual(&mut live.counts.usual_events, &mut live.counts.usual_mean, loss);
                if let Some(drift) = &mut live.drift {
                    proposal = drift.add(py, loss)?;
                }
            }
        }
        let (order, known) = (live.counts.outcomes, live.counts.predicted);
        live.counts.outcomes += 1;
        let fate = Fate { row: row.clone(), order, label: Some(label), loss, time, known };
        live.window.add(py, fate.clone())?;
        let mut goes_on = true;
        if let Some(guarded) = &mut live.guarded {
            if advantage.is_some() {
                guarded.advantage = advantage;
            }
            goes_on = guarded.take(py, self.shared, &fate, label)?;
        }
        let counts = &mut live.counts;
        counts.learned += 1;
        counts.champion.add(row.time);
        self.remember(row, Some(label), loss, time);
        let done = if goes_on { Step::Done } else { Step::Last };
        Ok(proposal.map_or(done, |proposal| Step::Act(proposal, time)))
    }
}
