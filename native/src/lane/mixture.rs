//! The weights of models that serve together, as `engine.supervision.mixture` and `engine.supervision.joint_serving`.

use super::evidence::Paired;
use super::output::{Output, Target};
use super::row::{Compared, Shared};
use super::substitution::{around, loss, together, Span, RATE};
use pyo3::prelude::*;
use pyo3::types::PyDict;

const SHARE: f64 = 0.003;

#[derive(Clone, Copy, Debug)]
struct Weight {
    model: u32,
    prior: f64,
    now: f64,
    /// Whether its loss on the label at hand is known.
    is_known: bool,
}

/// `engine.supervision.mixture.Mixture`
#[derive(Clone, Debug)]
pub struct Mixture {
    champion: u32,
    /// In regression the values that count, and how far around outputs they do.
    span: Span,
    margin: f64,
    weights: Vec<Weight>,
    first: f64,
    labelled: u64,
    late: u64,
    regret: f64,
    pub alone: bool,
    spells: i32,
    pub window: Paired,
}

/// What is served, and whose weight in it is the largest.
pub struct Served {
    pub output: Option<Output>,
    pub lead: Option<(u32, f64)>,
}

impl Mixture {
    pub fn read(shared: &Shared, mixture: &Bound<'_, PyAny>) -> PyResult<Mixture> {
        let (priors, weights) = (mixture.getattr("prior")?, mixture.getattr("weights")?);
        let priors = priors.cast::<PyDict>()?;
        let weights = weights.cast::<PyDict>()?.iter().map(|(name, now)| {
            Ok(Weight {
                model: shared.model(name.cast()?)?,
                prior: priors.as_any().get_item(&name)?.extract()?,
                now: now.extract()?,
                is_known: false,
            })
        });
        Ok(Mixture {
            champion: shared.model(mixture.getattr("champion")?.cast()?)?,
            span: mixture.getattr("span")?.extract()?,
            margin: mixture.getattr("margin")?.extract()?,
            weights: weights.collect::<PyResult<_>>()?,
            first: mixture.getattr("first")?.extract()?,
            labelled: mixture.getattr("labelled")?.extract()?,
            late: mixture.getattr("late")?.extract()?,
            regret: mixture.getattr("regret")?.extract()?,
            alone: mixture.getattr("alone")?.extract()?,
            spells: mixture.getattr("spells")?.extract()?,
            window: mixture.getattr("window")?.extract()?,
        })
    }

    pub fn write(&self, shared: &Shared, mixture: &Bound<'_, PyAny>) -> PyResult<()> {
        let weights = mixture.getattr("weights")?;
        for weight in &self.weights {
            weights.set_item(shared.model_name(weight.model, mixture.py()), weight.now)?;
        }
        mixture.setattr("first", self.first)?;
        mixture.setattr("labelled", self.labelled)?;
        mixture.setattr("late", self.late)?;
        mixture.setattr("regret", self.regret)?;
        mixture.setattr("alone", self.alone)?;
        mixture.setattr("spells", self.spells)?;
        self.window.write(&mixture.getattr("window")?)
    }

    /// It is the other from now on.
    pub fn set(&mut self, other: &Mixture) {
        let mut weights = std::mem::take(&mut self.weights);
        weights.clone_from(&other.weights);
        *self = Mixture { weights, ..*other };
    }

    pub fn weight(&self, model: u32) -> Option<f64> {
        self.weights.iter().find(|weight| weight.model == model).map(|weight| weight.now)
    }

    pub fn largest(&self) -> f64 {
        self.weights.iter().fold(0.0, |most, weight| if weight.now > most { weight.now } else { most })
    }

    /// What the models say together, or the heaviest of them where the mixture `switches`; `own` is the champion's
    /// output. `None`: Python must say it.
    pub fn combine(&self, outputs: Compared<'_>, own: Option<&Output>, switches: bool) -> Option<Served> {
        let weighted = || {
            outputs
                .iter()
                .filter_map(|(model, output)| Some((*model, self.weight(*model)?, output.as_ref()?)))
        };
        let total = weighted().fold(0.0, |total, (_, weight, _)| total + weight);
        let shares = || weighted().map(|(model, weight, output)| (model, weight / total, output));
        let count = if total > 0.0 { weighted().count() } else { 0 };
        if count == 0 || (count < 2 && own.is_some()) {
            return Some(Served { output: own.cloned(), lead: None });
        }
        let (leader, share, heaviest) =
            shares().reduce(|one, other| if other.1 > one.1 { other } else { one })?;
        let output = if switches {
            heaviest.clone()
        } else {
            let span = self.bounds(outputs.iter().filter_map(|(_, output)| output.as_ref()))?;
            together(&shares().map(|(_, share, output)| (share, output)).collect::<Vec<_>>(), span)?
        };
        Some(Served { output: Some(output), lead: Some((leader, share)) })
    }

    /// The values that count on one event.
    fn bounds<'a>(&self, outputs: impl Iterator<Item = &'a Output>) -> Option<Span> {
        around(outputs, self.span, self.margin)
    }

    /// Weights follow the losses of all: `JointServing.weigh`. They served together, or the champion alone. False
    /// when Python must weigh, and nothing has changed.
    pub fn weigh(
        &mut self,
        outputs: Compared<'_>,
        served: Option<&Output>,
        together: bool,
        label: Target,
        late: u64,
    ) -> bool {
        let alone = (!together).then_some((self.champion, served));
        let said = || outputs.iter().map(|(model, output)| (*model, output.as_ref())).chain(alone);
        let Some(span) = self.bounds(said().filter_map(|(_, output)| output)) else { return false };
        let (mut before, mut after) = (0.0, 0.0);
        let mut own = None;
        self.weights.iter_mut().for_each(|weight| weight.is_known = false);
        for (model, output) in said() {
            let loss = loss(output, label, span);
            let Some(weight) = self.weights.iter_mut().find(|weight| weight.model == model) else { continue };
            weight.is_known = true;
            if model == self.champion {
                own = Some(loss);
            }
            if weight.now != 0.0 {
                before += weight.now;
                weight.now *= (-RATE * loss).exp();
                after += weight.now;
            }
        }
        if before == 0.0 {
            return true;
        }
        let scale = (1.0 - SHARE) * before / after;
        for weight in &mut self.weights {
            let kept = if weight.is_known { scale } else { 1.0 - SHARE };
            weight.now = weight.now * kept + SHARE * weight.prior;
        }
        if let (true, Some(_), Some(own)) = (together, served, own) {
            self.labelled += 1;
            self.late = self.late.max(late);
            self.regret += loss(served, label, span) - own;
        }
        self.watch();
        true
    }

    /// The champion serves alone when regret is too large, until its weight has fallen enough.
    fn watch(&mut self) {
        let own = self.weight(self.champion).unwrap_or(0.0);
        if self.alone {
            if own < 0.5_f64.powi(self.spells + 1) {
                (self.alone, self.regret, self.labelled) = (false, 0.0, 0);
                self.first = own;
            }
        } else if self.regret > self.bound() {
            self.alone = true;
            self.spells += 1;
        }
    }

    fn bound(&self) -> f64 {
        let most = ((1.0 / self.first).ln() - self.labelled as f64 * (-SHARE).ln_1p()) / RATE;
        most * (1.0 + self.late as f64).sqrt()
    }
}
