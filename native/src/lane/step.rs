//! One record: everything that could make it special is looked at before anything changes.

use super::clock::Clock;
use super::comparison::{Comparison, Labelled};
use super::detectors::Detectors;
use super::drift::Drift;
use super::fields::{Content, Fields};
use super::guard::{Guard, Look};
use super::model::{Given, Model, Reply};
use super::ordered::{Entry, Ordered};
use super::output::{Output, Target, Task};
use super::reading::pending_of;
use super::record::{is_plain_text, Label, Record};
use super::resolution::{Found, Said};
use super::rivals::{Example, Rivals};
use super::row::{Shared, Strange};
use super::scores::Scores;
use super::state::{Counts, Settings};
use super::window::Window;
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use std::borrow::Cow;
use std::collections::HashMap as Map;
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
    pub names: Names,
    pub window: Window,
    pub drift: Option<Drift>,
    pub guard: Option<Guard>,
    pub rivals: Rivals,
    pub comparison: Comparison,
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

/// Names of models as JSON, by model.
pub struct Names(Vec<(u32, Vec<u8>)>);

impl Names {
    pub fn read(py: Python<'_>, shared: &Shared, names: &Map<String, Vec<u8>>) -> PyResult<Names> {
        let numbered =
            names.iter().map(|(name, json)| Ok((shared.model(&PyString::new(py, name))?, json.clone())));
        Ok(Names(numbered.collect::<PyResult<_>>()?))
    }

    pub fn of(&self, model: u32) -> &[u8] {
        self.0.iter().find(|(known, _)| *known == model).map_or(b"null", |(_, json)| json)
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
    pub detectors: &'a mut Detectors,
    pub pending: &'a mut Ordered,
    pub resolved: &'a mut Ordered,
    pub read_label: &'a Py<PyAny>,
    pub labels: &'a mut HashMap<Label, Option<Target>>,
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
pub struct Moves {
    pub clock: Clock,
    /// Predictions that stay without a label.
    pub expiring: usize,
}

const SPECIAL: Step = Step::Special(None);

/// Python takes the record, for which a model of Python's has put this out.
fn given_by(output: Option<Py<PyAny>>) -> Step {
    Step::Special(output.map(|output| Given { output: Some(output), ..Given::default() }))
}

impl<'py> Work<'_, 'py> {
    /// Takes a record, if it is plain.
    pub fn take(
        &mut self,
        content: Content<'_, '_>,
        is_label: bool,
        source: &str,
        offset: impl FnOnce() -> PyResult<i64>,
    ) -> PyResult<Step> {
        let (py, settings) = (self.py, self.settings);
        self.live.rivals.asked.clear();
        if self.live.counts.reports_rates(settings) {
            return Ok(Step::Rates);
        }
        if matches!(content, Content::Line(line) if line.len() > settings.longest) {
            return Ok(SPECIAL);
        }
        if self.fields.read(py, content, is_label, self.record).is_none() {
            return Ok(SPECIAL);
        }
        if !self.fields.has_ids() {
            self.record.id = format!("{source}:{}", offset()?);
        }
        if !is_plain_text(&self.record.id) {
            return Ok(SPECIAL); // predictions are written with ids as they are
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
        if !self.live.window.goes_on(outcomes, settings.window, clock.now) {
            return Ok(SPECIAL);
        }
        let places = [(expiring > 0).then_some(clock.now), label.map(|_| time)];
        if places.into_iter().flatten().any(|time| !self.live.window.takes(time, clock.now)) {
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
    fn label(&mut self) -> PyResult<Option<Option<Target>>> {
        let Some(written) = &self.record.label else { return Ok(Some(None)) };
        if self.shared.task == Task::Regression {
            return Ok(written.number().map(Some));
        }
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
        let found = self.shared.label(&found);
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

    /// What a difference in loss counts in: `engine.supervision.usual_loss.UsualLoss.scale`.
    fn scale(&self) -> f64 {
        let scale = 3.0 * self.live.counts.usual_mean;
        if self.shared.task.bounds_losses() || scale == 0.0 {
            1.0
        } else {
            scale
        }
    }

    fn take_label(&mut self, label: Target, moves: Moves) -> PyResult<Step> {
        let (row, outputs) = match self.pending.get(&self.record.id) {
            Some(Entry::Pending { row, outputs }) => {
                (row.clone(), Cow::Borrowed(outputs.as_deref().unwrap_or_default()))
            }
            Some(Entry::Object { object, .. }) => {
                let (py, fields) = (self.py, &mut *self.fields);
                let mut number = |name: &Bound<'_, PyString>| fields.number(py, name.to_str().ok()?);
                match pending_of(self.shared, &mut number, object.bind(py))? {
                    Some((row, outputs)) => {
                        (Arc::new(row), Cow::Owned(outputs.map(Vec::from).unwrap_or_default()))
                    }
                    None => return Ok(SPECIAL),
                }
            }
            _ => return Ok(SPECIAL),
        };
        let counts = &self.live.counts;
        let event = Labelled {
            model: row.model,
            sequence: row.sequence,
            served: row.output.as_ref(),
            outputs: &outputs,
            label,
            scale: self.scale(),
            is_strange: false,
            since: counts.predicted - row.sequence - 1,
            learned: counts.learned,
        };
        if !self.live.comparison.look(&event) {
            return Ok(SPECIAL);
        }
        let (own, together) = event.own();
        let (own, time) = (own.cloned(), self.record.time);
        let found = Found { row, label, time, own, together };
        match self.live.model.learn(self.py, self.shared, &found.row.features, None, label)? {
            Reply::Special(given) => return Ok(Step::Special(given)),
            Reply::Found(()) => {}
        }
        self.begin(moves)?;
        self.pending.take(&self.record.id);
        self.live.counts.matched += 1;
        self.resolve(found)
    }

    fn take_example(&mut self, label: Option<Target>, moves: Moves) -> PyResult<Step> {
        let py = self.py;
        if self.pending.contains(&self.record.id) || self.resolved.contains(&self.record.id) {
            return Ok(SPECIAL);
        }
        if self.live.early_count > 0 && self.live.early.bind(py).contains(&self.record.id)? {
            return Ok(SPECIAL);
        }
        let strange = match &mut self.live.guard {
            Some(guard) => guard.look(py, self.shared, self.fields, &self.record.features)?,
            None => None,
        };
        if strange.is_some() && self.live.rivals.guarded().is_none() {
            return Ok(SPECIAL);
        }
        let mut dict: Option<Py<PyDict>> = None;
        let features = &self.record.features;
        let (own, given) = match self.live.model.predict(py, self.shared, features, &mut dict)? {
            Reply::Special(given) => return Ok(Step::Special(given)),
            Reply::Found(found) => found,
        };
        let Some(said) = self.said(own, strange, &mut dict)? else { return Ok(given_by(given)) };
        if let Some(label) = label {
            let scale = self.scale();
            let live = &mut *self.live;
            let event = Labelled {
                model: live.champion,
                sequence: live.counts.predicted,
                served: said.served.as_ref(),
                outputs: &live.rivals.outputs,
                label,
                scale,
                is_strange: said.strange.is_some(),
                since: 0,
                learned: live.counts.learned,
            };
            if !live.comparison.look(&event) {
                return Ok(given_by(given));
            }
            match live.model.learn_it(py, self.shared, &self.record.features, dict, label)? {
                Reply::Found(()) => {}
                Reply::Special(raised) => {
                    let raised = raised.map(|one| Given { output: given, ..one });
                    return Ok(Step::Special(raised));
                }
            }
        }
        self.begin(moves)?;
        let row = self.predicted(&said)?;
        match label {
            Some(label) => {
                self.live.counts.inline += 1;
                let Said { own, together, .. } = said;
                let time = row.time;
                self.resolve(Found { row, label, time, own, together })
            }
            None => {
                let live = &self.live;
                let outputs = (!live.rivals.is_empty()).then(|| live.rivals.outputs.as_slice().into());
                self.pending.insert(row.id.clone(), Entry::Pending { row, outputs });
                Ok(Step::Done)
            }
        }
    }

    /// What is said for the example at hand, of which the champion says its own; `None`: Python says it.
    fn said(
        &mut self,
        own: Option<Output>,
        strange: Option<Arc<Strange>>,
        made: &mut Option<Py<PyDict>>,
    ) -> PyResult<Option<Said>> {
        let live = &mut *self.live;
        let mut said = Said { own: own.clone(), served: own, together: false, lead: None, strange };
        if live.rivals.is_empty() {
            return Ok(Some(said));
        }
        let (sequence, features) = (live.counts.predicted, &*self.record.features);
        let strange = said.strange.as_deref();
        let mut example = Example { py: self.py, shared: self.shared, sequence, features, strange, made };
        if !live.rivals.predict(&mut example)? {
            return Ok(None);
        }
        if live.comparison.serves_together() {
            live.rivals.outputs.push((live.champion, said.own.clone()));
            let (outputs, switches) = (&live.rivals.outputs, self.settings.switches);
            let Some(served) = live.comparison.serve(outputs, said.own.as_ref(), switches) else {
                return Ok(None);
            };
            (said.served, said.lead, said.together) = (served.output, served.lead, true);
        }
        Ok(Some(said))
    }
}
