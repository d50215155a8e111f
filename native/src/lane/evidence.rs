//! Losses of the champion and of another model on the same events, as `engine.supervision.evidence` and
//! `engine.supervision.suspicion` add them up. A null output loses infinitely much; a loss counts for `scale` at most.

use pyo3::prelude::*;

/// `engine.supervision.evidence.MATTERS`, and the standard errors that an advantage must be.
const MATTERS: f64 = 1.0;
const ERRORS: f64 = 3.0;

/// The largest bet, and the events that the prior guess of the bets counts for.
const MOST: f64 = 0.75;
const WORTH: f64 = 25.0;

/// By how much the guarded shadow loses less than a champion that is not suspected.
#[derive(Clone, Copy, Debug, FromPyObject)]
pub struct Advantage {
    since: u64,
    events: u64,
    champion: f64,
    other: f64,
    sum: f64,
    squares: f64,
}

impl Advantage {
    pub fn write(&self, advantage: &Bound<'_, PyAny>) -> PyResult<()> {
        advantage.setattr("events", self.events)?;
        advantage.setattr("champion", self.champion)?;
        advantage.setattr("other", self.other)?;
        advantage.setattr("sum", self.sum)?;
        advantage.setattr("squares", self.squares)
    }

    /// Adds the losses on one event, if it counts; whether the advantage is clear with it.
    pub fn add(&mut self, sequence: u64, champion: f64, other: f64, scale: f64) -> bool {
        if sequence < self.since {
            return false;
        }
        let (champion, other) = (champion.min(scale), other.min(scale));
        let difference = (champion - other) / scale;
        self.events += 1;
        self.champion += champion;
        self.other += other;
        self.sum += difference;
        self.squares += difference * difference;
        self.sum >= MATTERS && self.sum >= ERRORS * self.squares.sqrt()
    }
}

/// `engine.supervision.suspicion.PairedLosses`
#[derive(Clone, Copy, Debug, FromPyObject)]
pub struct Paired {
    events: u64,
    champion: f64,
    shadow: f64,
    champion_judged: f64,
    shadow_judged: f64,
}

impl Paired {
    pub fn add(&mut self, champion: f64, shadow: f64, scale: f64) {
        let known = |loss: f64, other: f64| match loss < f64::INFINITY {
            true => loss,
            false => scale.max(if other < f64::INFINITY { other } else { 0.0 }),
        };
        self.events += 1;
        self.champion += known(champion, shadow);
        self.shadow += known(shadow, champion);
        self.champion_judged += champion.min(scale);
        self.shadow_judged += shadow.min(scale);
    }

    pub fn write(&self, losses: &Bound<'_, PyAny>) -> PyResult<()> {
        losses.setattr("events", self.events)?;
        losses.setattr("champion", self.champion)?;
        losses.setattr("shadow", self.shadow)?;
        losses.setattr("champion_judged", self.champion_judged)?;
        losses.setattr("shadow_judged", self.shadow_judged)
    }
}

/// A bet that a shadow is better: `engine.supervision.evidence.Trial`.
#[derive(Clone, Copy, Debug, FromPyObject)]
pub struct Trial {
    threshold: f64,
    pub since: u64,
    events: u64,
    champion: f64,
    shadow: f64,
    spread: f64,
    pub log_capital: f64,
    mean_sum: f64,
    square_sum: f64,
}

impl Trial {
    pub fn add(&mut self, champion: f64, shadow: f64, scale: f64) {
        let (champion, shadow) = (champion.min(scale), shadow.min(scale));
        let weight = self.events as f64 + WORTH;
        let mean = self.mean_sum / weight;
        let square = (self.square_sum + WORTH * self.spread) / weight;
        let difference = (champion - shadow) / scale;
        if square > 0.0 && mean > 0.0 {
            let bet = (mean / square).min(MOST);
            self.log_capital += (bet * difference).ln_1p();
        }
        self.events += 1;
        self.champion += champion;
        self.shadow += shadow;
        self.mean_sum += difference;
        self.square_sum += difference * difference;
    }

    pub fn proves(&self, min_events: u64, tolerance: f64) -> bool {
        self.log_capital >= self.threshold
            && self.events >= min_events
            && self.champion > self.shadow * (1.0 + tolerance)
    }

    pub fn write(&self, trial: &Bound<'_, PyAny>) -> PyResult<()> {
        trial.setattr("events", self.events)?;
        trial.setattr("champion", self.champion)?;
        trial.setattr("shadow", self.shadow)?;
        trial.setattr("log_capital", self.log_capital)?;
        trial.setattr("mean_sum", self.mean_sum)?;
        trial.setattr("square_sum", self.square_sum)
    }
}
