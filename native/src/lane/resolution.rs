//! What becomes of a record that is plain: it is predicted, scored, compared and learned, and its outcome counts.

use super::drift::add_usual;
use super::encode;
use super::ordered::Entry;
use super::output::{Output, Target};
use super::rivals::LabelledOutcome;
use super::row::{Fate, Row, Strange};
use super::step::{Moves, Step, Work};
use pyo3::prelude::*;
use std::sync::Arc;

/// What was said for an example.
pub struct Said {
    /// By the champion itself.
    pub own: Option<Output>,
    pub served: Option<Output>,
    /// Whether several models served together, and the one of them that leads, with its share.
    pub together: bool,
    pub lead: Option<(u32, f64)>,
    /// What the input guard has found in it.
    pub strange: Option<Arc<Strange>>,
}

/// A label that has found its prediction.
pub struct Found {
    pub row: Arc<Row>,
    pub label: Target,
    pub time: f64,
    /// What the model that served said itself, and whether others had a part in what was served.
    pub own: Option<Output>,
    pub together: bool,
}

impl Work<'_, '_> {
    /// From here on the record is the lane's.
    pub fn begin(&mut self, moves: Moves) -> PyResult<()> {
        self.live.counts.receive(moves.clock, self.settings.rates_step);
        (0..moves.expiring).try_for_each(|_| self.expire())
    }

    /// The oldest prediction stays without a label.
    fn expire(&mut self) -> PyResult<()> {
        let Some((_, Entry::Pending { row, outputs })) = self.pending.pop_front() else { return Ok(()) };
        let together = outputs.is_some_and(|outputs| outputs.iter().any(|(model, _)| *model == row.model));
        let live = &mut self.live;
        let now = live.counts.clock.now;
        let time = if now == f64::NEG_INFINITY { 0.0 } else { now };
        let (order, known) = (live.counts.outcomes, live.counts.predicted);
        live.counts.outcomes += 1;
        live.counts.expired += 1;
        let fate = Fate { row: row.clone(), order, label: None, loss: None, time, known, together };
        live.window.add(self.py, fate)?;
        self.remember(row, None, None, time);
        Ok(())
    }

    fn remember(&mut self, row: Arc<Row>, label: Option<Target>, loss: Option<f64>, since: f64) {
        let settings = self.settings;
        if settings.remembers {
            let pending = settings.corrects.then(|| row.clone());
            self.resolved.insert(row.id.clone(), Entry::Resolved { since, label, loss, pending });
            self.resolved.expire(self.live.counts.clock.now, settings.remember, settings.max_remembered);
        }
    }

    /// The prediction is served: it counts, and its line is written.
    pub fn predicted(&mut self, said: &Said) -> PyResult<Arc<Row>> {
        let live = &mut self.live;
        let row = Arc::new(Row {
            id: Arc::from(self.record.id.as_str()),
            time: self.record.time,
            sequence: live.counts.predicted,
            features: self.record.features.drain(..).collect(),
            output: said.served.clone(),
            model: live.champion,
            last_label: live.scores.last_label,
            strange: said.strange.clone(),
        });
        if let Some(strange) = &said.strange {
            live.comparison.note(self.py, strange)?;
        }
        live.counts.predicted += 1;
        live.counts.not_ready += u64::from(said.served.is_none());
        if let Some(guard) = &mut live.guard {
            guard.take(self.py, self.fields, &row)?;
        }
        if self.settings.looks {
            self.look.add(self.fields, &row.features);
        }
        self.detectors.served(self.fields, &row);
        let lead = said.lead.map(|(model, share)| (live.names.of(model), share));
        encode::prediction(
            &mut self.out,
            self.shared,
            &row,
            live.names.of(live.champion),
            &self.settings.key,
            lead,
        );
        Ok(row)
    }

    /// Scores a prediction on its label, compares, and puts the outcome into its window; the champion has learned it.
    pub fn resolve(&mut self, found: Found) -> PyResult<Step> {
        let Found { row, label, time, own, together } = found;
        let (py, live) = (self.py, &mut self.live);
        let loss = row.output.as_ref().map(|output| output.loss(label));
        if let (Some(output), Some(loss)) = (&row.output, loss) {
            live.scores.update(&row, output, label, loss);
            self.detectors.labelled(&row, loss, !output.served().is(label), time);
        }
        let mut proposal = None;
        // A suspected champion's losses are not usual, and there is nothing more to suspect.
        let trusted = row.model == live.champion && !live.comparison.suspects;
        if let (true, Some(own)) = (trusted, own) {
            let loss = own.loss(label);
            add_usual(&mut live.counts.usual_events, &mut live.counts.usual_mean, loss);
            if let (Some(drift), false) = (&mut live.drift, live.comparison.found) {
                proposal = drift.add(py, loss)?;
            }
        }
        live.comparison.go_on();
        let (order, known) = (live.counts.outcomes, live.counts.predicted);
        live.counts.outcomes += 1;
        let fate = Fate { row: row.clone(), order, label: Some(label), loss, time, known, together };
        live.window.add(py, fate.clone())?;
        let mut labelled = LabelledOutcome { py, shared: self.shared, fate: &fate, label, made: None };
        let goes_on = live.rivals.is_empty() || live.rivals.learn(&mut labelled)?;
        let counts = &mut live.counts;
        counts.learned += 1;
        counts.champion.add(row.time);
        self.remember(row, Some(label), loss, time);
        let done = if goes_on { Step::Done } else { Step::Last };
        Ok(proposal.map_or(done, |proposal| Step::Act(proposal, time)))
    }
}
