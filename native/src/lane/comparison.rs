//! The champion beside its shadows on one labelled event, as `engine.core.comparison` and
//! `engine.supervision.supervisor`, until it brings something about.

use super::evidence::{Advantage, Paired, Trial};
use super::mixture::{Mixture, Served};
use super::output::{cost, Output, Target};
use super::row::{Compared, Shared, Strange};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::collections::HashSet;
use std::sync::Arc;

/// Share of another's weight below which a shadow does not win.
const MUCH_LESS: f64 = 0.25;

/// A model in a trial against the champion.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    model: u32,
    trial: Trial,
    /// In the open window.
    losses: Paired,
    /// Of a challenger since it began: `engine.supervision.challenger_trials.ChallengerTrial`.
    run: Option<Paired>,
    /// Whether nothing comes of it at present when it proves better, and once an example was strange.
    is_silent: bool,
    waits_if_strange: bool,
}

impl Candidate {
    fn add(&mut self, sequence: u64, champion: f64, other: f64, scale: f64) {
        if sequence >= self.trial.since {
            self.losses.add(champion, other, scale);
            self.trial.add(champion, other, scale);
            if let Some(run) = &mut self.run {
                run.add(champion, other, scale);
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Evidence {
    /// Of the guarded shadow, while there is no suspicion.
    advantage: Option<Advantage>,
    /// Of the suspicion.
    candidates: Vec<Candidate>,
    challengers: Vec<Candidate>,
    mixture: Option<Mixture>,
}

impl Evidence {
    /// It is the other from now on.
    fn set(&mut self, other: &Evidence) {
        self.advantage = other.advantage;
        self.candidates.clone_from(&other.candidates);
        self.challengers.clone_from(&other.challengers);
        match (&mut self.mixture, &other.mixture) {
            (Some(mine), Some(theirs)) => mine.set(theirs),
            (mine, theirs) => mine.clone_from(theirs),
        }
    }
}

/// Limits, as they are at present: `engine.supervision.lent_evidence.LentEvidence`.
#[derive(FromPyObject)]
struct Rules {
    /// Whether models may serve together.
    together: bool,
    min_events: u64,
    tolerance: f64,
    /// Events learned from which on the champion may change, and whether it may for a challenger.
    changes_from: u64,
    promotes: bool,
}

/// A label that is about to be learned, and what was said before.
pub struct Labelled<'a> {
    pub model: u32,
    pub sequence: u64,
    pub served: Option<&'a Output>,
    pub outputs: Compared<'a>,
    pub label: Target,
    /// What a difference in loss counts in.
    pub scale: f64,
    /// Whether the example comes with it, and is strange.
    pub is_strange: bool,
    /// Predictions made since, and labelled events learned.
    pub since: u64,
    pub learned: u64,
}

impl<'a> Labelled<'a> {
    /// What the champion itself said, and whether others had a part in what was served.
    pub fn own(&self) -> (Option<&'a Output>, bool) {
        let own = self.outputs.iter().find(|(model, _)| *model == self.model);
        own.map_or((self.served, false), |(_, own)| (own.as_ref(), true))
    }
}

/// The evidence, and what it is after the event at hand.
pub struct Comparison {
    champion: u32,
    guarded: Option<u32>,
    pub suspects: bool,
    rules: Rules,
    now: Evidence,
    next: Evidence,
    differs: bool,
    /// Whether a challenger has proved better on the event at hand, though nothing comes of it.
    pub found: bool,
    /// What was strange last since the lane took over.
    strange: Option<Arc<Strange>>,
    /// `LentEvidence`
    lent: Py<PyAny>,
}

impl Comparison {
    pub fn read(
        shared: &Shared,
        champion: u32,
        guarded: Option<u32>,
        lent: &Bound<'_, PyAny>,
    ) -> PyResult<Comparison> {
        let (suspicion, mixture) = (lent.getattr("suspicion")?, lent.getattr("mixture")?);
        let quiet = Quiet {
            silent: lent.getattr("silent")?.extract()?,
            waiting: lent.getattr("waiting")?.extract()?,
        };
        let now = Evidence {
            advantage: lent.getattr("advantage")?.extract()?,
            candidates: match suspicion.is_none() {
                true => vec![],
                false => candidates(shared, &suspicion, &quiet)?,
            },
            challengers: challengers(shared, &lent.getattr("challengers")?, &quiet)?,
            mixture: match mixture.is_none() {
                true => None,
                false => Some(Mixture::read(shared, &mixture)?),
            },
        };
        Ok(Comparison {
            champion,
            guarded,
            suspects: !suspicion.is_none(),
            rules: lent.extract()?,
            next: now.clone(),
            now,
            differs: false,
            found: false,
            strange: None,
            lent: lent.clone().unbind(),
        })
    }

    pub fn write(&self, py: Python<'_>, shared: &Shared) -> PyResult<()> {
        let lent = self.lent.bind(py);
        if let Some(advantage) = &self.now.advantage {
            advantage.write(&lent.getattr("advantage")?)?;
        }
        if let Some(mixture) = &self.now.mixture {
            mixture.write(shared, &lent.getattr("mixture")?)?;
        }
        let suspicion = lent.getattr("suspicion")?;
        for candidate in &self.now.candidates {
            let name = shared.model_name(candidate.model, py);
            candidate.trial.write(&suspicion.getattr("trials")?.get_item(&name)?)?;
            candidate.losses.write(&suspicion.getattr("losses")?.get_item(&name)?)?;
        }
        let challengers = lent.getattr("challengers")?;
        for challenger in &self.now.challengers {
            let standing = challengers.get_item(shared.model_name(challenger.model, py))?;
            challenger.trial.write(&standing.getattr("trial")?)?;
            challenger.losses.write(&standing.getattr("window")?)?;
            challenger.run.map_or(Ok(()), |run| run.write(&standing.getattr("run")?))?;
        }
        Ok(())
    }

    /// What is served for what the models say, the champion's own output included; `None`: Python says it.
    pub fn serve(&self, outputs: Compared<'_>, own: Option<&Output>, switches: bool) -> Option<Served> {
        match &self.now.mixture {
            Some(mixture) => mixture.combine(outputs, own, switches),
            None => Some(Served { output: own.cloned(), lead: None }),
        }
    }

    /// Whether several models serve together at present.
    pub fn serves_together(&self) -> bool {
        self.rules.together && self.now.mixture.as_ref().is_some_and(|mixture| !mixture.alone)
    }

    /// Compares, which counts from `go_on` on; false when it brings something about, which is Python's.
    pub fn look(&mut self, event: &Labelled<'_>) -> bool {
        self.found = false;
        self.differs = !event.outputs.is_empty() && event.model == self.champion;
        if !self.differs {
            return true;
        }
        let (own, together) = event.own();
        let (label, own, scale) = (event.label, cost(own, event.label), event.scale);
        self.next.set(&self.now);
        if let Some(mixture) = &mut self.next.mixture {
            if !mixture.weigh(event.outputs, event.served, together, label, event.since) {
                return false;
            }
            if together {
                mixture.window.add(own, cost(event.served, label), scale);
            }
        }
        let mut is_clear = false;
        for (model, output) in event.outputs {
            let loss = cost(output.as_ref(), label);
            let Evidence { advantage, candidates, challengers, .. } = &mut self.next;
            for known in candidates.iter_mut().chain(challengers).filter(|known| known.model == *model) {
                known.add(event.sequence, own, loss, scale);
            }
            let is_guarded = !self.suspects && self.guarded == Some(*model);
            if let (Some(advantage), true) = (advantage, is_guarded) {
                is_clear = advantage.add(event.sequence, own, loss, scale);
            }
        }
        !is_clear && !self.changes(event) && !self.promotes(event)
    }

    /// An example is strange, which supervision is told unless it has been.
    pub fn note(&mut self, py: Python<'_>, strange: &Arc<Strange>) -> PyResult<()> {
        if !self.strange.as_ref().is_some_and(|known| Arc::ptr_eq(known, strange)) {
            self.lent.bind(py).call_method1("note", (&strange.object,))?;
            self.strange = Some(strange.clone());
        }
        Ok(())
    }

    /// The comparison counts.
    pub fn go_on(&mut self) {
        if std::mem::take(&mut self.differs) {
            std::mem::swap(&mut self.now, &mut self.next);
        }
    }

    fn proving<'a>(
        &'a self,
        among: &'a [Candidate],
        event: &Labelled<'_>,
    ) -> impl Iterator<Item = &'a Candidate> {
        let (events, tolerance) = (self.rules.min_events.max(event.since), self.rules.tolerance);
        among.iter().filter(move |candidate| candidate.trial.proves(events, tolerance))
    }

    /// Whether a shadow has proved better and something comes of it: `Supervisor.compare`.
    fn changes(&self, event: &Labelled<'_>) -> bool {
        let mixture = &self.next.mixture;
        let enough = mixture.as_ref().map_or(0.0, Mixture::largest) * MUCH_LESS;
        let mut winner: Option<(f64, &Candidate)> = None;
        for candidate in self.proving(&self.next.candidates, event) {
            let weight = mixture.as_ref().and_then(|mixture| mixture.weight(candidate.model));
            if weight.is_some_and(|weight| weight < enough) {
                continue;
            }
            let weight = weight.unwrap_or(0.0);
            let is_better = winner.is_none_or(|(most, best)| {
                weight > most || (weight == most && candidate.trial.log_capital > best.trial.log_capital)
            });
            if is_better {
                winner = Some((weight, candidate));
            }
        }
        let is_strange = event.is_strange || self.strange.is_some();
        winner.is_some_and(|(_, winner)| {
            let is_silent = winner.is_silent || (is_strange && winner.waits_if_strange);
            event.learned >= self.rules.changes_from && !is_silent
        })
    }

    /// Whether a challenger has proved better and something comes of it: `ChallengerTrials.compare`.
    fn promotes(&mut self, event: &Labelled<'_>) -> bool {
        if self.suspects || !self.rules.promotes || event.learned < self.rules.changes_from {
            return false;
        }
        let mut winner: Option<&Candidate> = None;
        for (model, _) in event.outputs {
            // Those that were compared on this event, in the order of their outputs.
            let compared = |known: &&Candidate| known.model == *model && event.sequence >= known.trial.since;
            let Some(one) = self.proving(&self.next.challengers, event).find(compared) else { continue };
            if winner.is_none_or(|best| one.trial.log_capital > best.trial.log_capital) {
                winner = Some(one);
            }
        }
        let is_silent = winner.map(|winner| winner.is_silent);
        self.found = is_silent.is_some();
        is_silent == Some(false)
    }
}

/// Models of which nothing comes when they prove better: at present, and once an example was strange.
struct Quiet {
    silent: HashSet<String>,
    waiting: HashSet<String>,
}

impl Quiet {
    fn candidate(
        &self,
        shared: &Shared,
        name: &Bound<'_, PyAny>,
        trial: &Bound<'_, PyAny>,
        losses: &Bound<'_, PyAny>,
        run: Option<Paired>,
    ) -> PyResult<Candidate> {
        let name = name.cast::<PyString>()?;
        Ok(Candidate {
            model: shared.model(name)?,
            trial: trial.extract()?,
            losses: losses.extract()?,
            run,
            is_silent: self.silent.contains(&*name.to_cow()?),
            waits_if_strange: self.waiting.contains(&*name.to_cow()?),
        })
    }
}

fn candidates(shared: &Shared, suspicion: &Bound<'_, PyAny>, quiet: &Quiet) -> PyResult<Vec<Candidate>> {
    let (trials, losses) = (suspicion.getattr("trials")?, suspicion.getattr("losses")?);
    let trials = trials.cast::<PyDict>()?.iter();
    let found =
        trials.map(|(name, trial)| quiet.candidate(shared, &name, &trial, &losses.get_item(&name)?, None));
    found.collect()
}

fn challengers(shared: &Shared, standings: &Bound<'_, PyAny>, quiet: &Quiet) -> PyResult<Vec<Candidate>> {
    let found = standings.cast::<PyDict>()?.iter().map(|(name, standing)| {
        let (trial, window) = (standing.getattr("trial")?, standing.getattr("window")?);
        quiet.candidate(shared, &name, &trial, &window, Some(standing.getattr("run")?.extract()?))
    });
    found.collect()
}
