//! Models that are to be compared with the champion, on the rows at hand: as `engine.core.shadow_selection` does row
//! by row, when a suspicion opens.

use super::evidence::{Paired, Trial};
use super::output::{cost, Output, Target};
use super::reading::{features_of, label_of, loss_of, output_of, strange_of};
use super::rivals::{LabelledOutcome, Learning, Shadow};
use super::row::{Fate, Row, Shared};
use super::rows::{Item, Rows};
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use std::sync::Arc;

/// The outcome that was compared last, and what each model said for it.
pub type Last<'py> = (Option<Bound<'py, PyAny>>, Bound<'py, PyDict>);

/// A model that is compared, and the evidence of it.
struct Actor<'py> {
    shadow: Bound<'py, PyAny>,
    learner: Shadow,
    /// It may be compared on predictions from this number on.
    sequence: u64,
    trial: Trial,
    losses: Paired,
}

impl<'py> Actor<'py> {
    fn read(
        shared: &Shared,
        shadow: Bound<'py, PyAny>,
        suspicion: &Bound<'py, PyAny>,
    ) -> PyResult<Actor<'py>> {
        let name = shadow.getattr("name")?;
        Ok(Actor {
            learner: Shadow::read(shared, &shadow, true)?,
            sequence: shadow.getattr("sequence")?.extract()?,
            trial: suspicion.getattr("trials")?.get_item(&name)?.extract()?,
            losses: suspicion.getattr("losses")?.get_item(&name)?.extract()?,
            shadow,
        })
    }

    fn write(&self, suspicion: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = self.shadow.getattr("name")?;
        self.trial.write(&suspicion.getattr("trials")?.get_item(&name)?)?;
        self.losses.write(&suspicion.getattr("losses")?.get_item(&name)?)?;
        self.learner.write(self.shadow.py())
    }

    /// Its model may have been compiled anew, or no more.
    fn read_again(&mut self, shared: &Shared) -> PyResult<()> {
        self.learner = Shadow::read(shared, &self.shadow, true)?;
        Ok(())
    }

    fn learn(&mut self, shared: &Shared, fate: &Fate, label: Target) -> PyResult<()> {
        let py = self.shadow.py();
        match self.learner.learn(&mut LabelledOutcome { py, shared, fate, label, made: None })? {
            Learning::Done | Learning::Raised(_) => Ok(()),
            Learning::ByRiver { .. } => {
                self.learner.write(py)?;
                self.read_again(shared)
            }
            Learning::Stopped(error) => Err(error),
        }
    }

    /// What it says; nothing when it raises.
    fn say(&mut self, shared: &Shared, fate: &Fate) -> PyResult<Option<Output>> {
        let py = self.shadow.py();
        if let Some(output) = self.learner.predict(py, shared, &fate.row.features)? {
            return Ok(output);
        }
        self.learner.write(py)?;
        let features = shared.features(py, &fate.row.features)?;
        let said = self.shadow.getattr("live")?.call_method1("try_predict", (features,))?;
        self.read_again(shared)?;
        // What River says in place of a compiled model is as plain as what that says.
        Ok(output_of(shared, &said).flatten())
    }

    fn compare(&mut self, fate: &Fate, label: Target, said: Option<Output>, scale: f64) {
        if fate.row.sequence >= self.trial.since {
            let (champion, loss) = (fate.loss.unwrap_or(f64::INFINITY), cost(said.as_ref(), label));
            self.losses.add(champion, loss, scale);
            self.trial.add(champion, loss, scale);
        }
    }

    /// What it says for each row that it may be compared on, having learned those whose label was known by then.
    /// Afterwards it has learned all.
    fn replay(&mut self, shared: &Shared, rows: &[(Fate, Target)]) -> PyResult<Vec<Option<Option<Output>>>> {
        let mut said = vec![None; rows.len()];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|place| rows[*place].0.row.sequence);
        let mut learned = 0;
        for place in order {
            let fate = &rows[place].0;
            while learned < rows.len() && rows[learned].0.known <= fate.row.sequence {
                self.learn(shared, &rows[learned].0, rows[learned].1)?;
                learned += 1;
            }
            if fate.row.sequence >= self.sequence {
                said[place] = Some(self.say(shared, fate)?);
            }
        }
        rows[learned..].iter().try_for_each(|(fate, label)| self.learn(shared, fate, *label))?;
        Ok(said)
    }
}

/// An outcome of Python's as the lane has it; `None` when it is not plain.
fn fate_of(
    shared: &Shared,
    numbers: &HashMap<String, u32>,
    outcome: &Bound<'_, PyAny>,
) -> PyResult<Option<Fate>> {
    let mut number = |name: &Bound<'_, PyString>| numbers.get(&*name.to_cow().ok()?).copied();
    let example = outcome.getattr("example")?;
    let features = features_of(&mut number, &example.getattr("features")?);
    let output = output_of(shared, &outcome.getattr("output")?);
    let strange = strange_of(&mut number, &outcome.getattr("strange")?)?;
    let label = label_of(shared, &outcome.getattr("label")?);
    let loss = loss_of(&outcome.getattr("loss")?);
    let is_correction: bool = outcome.getattr("correction")?.extract()?;
    let (Some(features), Some(output), Some(strange), Some(label), Some(loss), false) =
        (features, output, strange, label, loss, is_correction)
    else {
        return Ok(None);
    };
    let Ok(id) = example.getattr("id")?.extract::<String>() else { return Ok(None) };
    let row = Row {
        id: Arc::from(id),
        time: example.getattr("time")?.extract()?,
        sequence: outcome.getattr("sequence")?.extract()?,
        features,
        output,
        model: shared.model(outcome.getattr("model")?.cast()?)?,
        last_label: None,
        strange,
    };
    Ok(Some(Fate {
        row: Arc::new(row),
        order: outcome.getattr("order")?.extract()?,
        label,
        loss,
        time: outcome.getattr("time")?.extract()?,
        known: outcome.getattr("known")?.extract()?,
        together: outcome.getattr("together")?.extract()?,
    }))
}

/// All rows with their labels; `None` when one of them is not plain.
fn plain(
    py: Python<'_>,
    shared: &Arc<Shared>,
    windows: &[PyRef<'_, Rows>],
) -> PyResult<Option<Vec<(Fate, Target)>>> {
    let (numbers, mut found) = (shared.numbered(py)?, vec![]);
    for window in windows {
        if !Arc::ptr_eq(shared, &window.shared) {
            return Ok(None);
        }
        for item in &window.items {
            let fate = match item {
                Item::Native(fate) => Some(fate.clone()),
                Item::Object(outcome) => fate_of(shared, &numbers, outcome.bind(py))?,
            };
            let Some((fate, label)) = fate.and_then(|fate| fate.label.map(|label| (fate, label))) else {
                return Ok(None);
            };
            found.push((fate, label));
        }
    }
    Ok(Some(found))
}

/// Compares the champion with all on the rows of some windows, but the last row that counts, which is left to
/// Python: something may come of it. `None` when all is left to Python, and nothing was changed.
pub fn rehearse<'py>(
    py: Python<'py>,
    shared: &Arc<Shared>,
    windows: &Bound<'py, PyList>,
    champion: &Bound<'py, PyString>,
    models: (Vec<Bound<'py, PyAny>>, Vec<Bound<'py, PyAny>>),
    (suspicion, scale): (&Bound<'py, PyAny>, f64),
) -> PyResult<Option<Last<'py>>> {
    let lists: Result<Vec<_>, _> = windows.iter().map(|rows| rows.cast_into::<Rows>()).collect();
    let Ok(lists) = lists else { return Ok(None) };
    let lists: Vec<_> = lists.iter().map(Bound::borrow).collect();
    let Some(rows) = plain(py, shared, &lists)? else { return Ok(None) };
    let (frozen, fresh) = models;
    let vetted = frozen.len();
    let actors = frozen.into_iter().chain(fresh).map(|shadow| Actor::read(shared, shadow, suspicion));
    let mut actors: Vec<Actor<'_>> = actors.collect::<PyResult<_>>()?;
    if !actors.iter().all(|actor| actor.learner.is_compiled()) {
        return Ok(None);
    }
    let replayed = actors[vetted..].iter_mut().map(|actor| actor.replay(shared, &rows));
    let replayed: Vec<_> = replayed.collect::<PyResult<_>>()?;
    // Only the champion's own predictions count.
    let champion = shared.model(champion)?;
    let own = |fate: &Fate| !fate.together && fate.row.model == champion;
    let counting = (0..rows.len()).filter(|place| rows[*place].0.loss.is_some() && own(&rows[*place].0));
    let counting: Vec<usize> = counting.collect();
    let outputs = PyDict::new(py);
    for place in &counting {
        let (fate, label) = (&rows[*place].0, rows[*place].1);
        let is_last = Some(place) == counting.last();
        for (number, actor) in actors.iter_mut().enumerate() {
            let said = match number.checked_sub(vetted) {
                Some(number) => replayed[number][*place].clone(),
                None if fate.row.sequence >= actor.sequence => Some(actor.say(shared, fate)?),
                None => None,
            };
            match said {
                Some(said) if is_last => {
                    let said = shared.output_to_py(py, said.as_ref())?;
                    outputs.set_item(actor.shadow.getattr("name")?, said)?;
                }
                Some(said) => actor.compare(fate, label, said, scale),
                None => {}
            }
        }
    }
    actors.iter().try_for_each(|actor| actor.write(suspicion))?;
    let last = counting.last().map(|place| shared.outcome(py, &rows[*place].0)).transpose()?;
    Ok(Some((last, outputs)))
}
