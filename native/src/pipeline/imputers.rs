//! `StatImputer` and `PreviousImputer`: what they would put for `None`. No row has that, so features pass as they
//! are, and what they learn of them is kept.

use super::steps::Pass;
use crate::model::{finite, Cell, Refused, Value};
use crate::moments::Mean;

/// A mean with one number more.
fn with(mut mean: Mean, number: f64) -> Result<Mean, Refused> {
    mean.update(number);
    finite(mean.mean)?;
    Ok(mean)
}

/// Features that have a mean, or else a constant.
pub struct StatImputer {
    pub means: Vec<(u32, Option<Mean>)>,
    staged: Vec<Option<Mean>>,
}

impl StatImputer {
    pub fn new(means: Vec<(u32, Option<Mean>)>) -> Self {
        StatImputer { means, staged: Vec::new() }
    }

    pub fn apply(&mut self, cells: &[Cell], learns: bool) -> Result<(), Refused> {
        self.staged.clear();
        for (field, mean) in &self.means {
            // River raises on a feature that is missing.
            let cell = cells.iter().find(|cell| cell.field == *field).ok_or(Refused::Record)?;
            if learns {
                let learn = |mean: &Mean| with(*mean, cell.value.number()?);
                self.staged.push(mean.as_ref().map(learn).transpose()?);
            }
        }
        Ok(())
    }

    pub fn commit(&mut self) {
        for ((_, mean), staged) in self.means.iter_mut().zip(self.staged.drain(..)) {
            *mean = staged;
        }
    }
}

/// A value that a row had.
#[derive(Clone)]
pub enum Kept {
    Number(Value),
    Text(Box<str>),
}

#[derive(Default)]
pub struct PreviousImputer {
    latest: Vec<Option<Kept>>,
    /// Features in the order in which they came.
    order: Vec<u32>,
    staged: Vec<(u32, Kept)>,
}

impl PreviousImputer {
    pub fn latest(&self) -> impl Iterator<Item = (u32, &Kept)> + '_ {
        let found = |field: &u32| self.latest[*field as usize].as_ref().map(|kept| (*field, kept));
        self.order.iter().filter_map(found)
    }

    pub fn set(&mut self, field: u32, kept: Kept) {
        let place = field as usize;
        if place >= self.latest.len() {
            self.latest.resize(place + 1, None);
        }
        if self.latest[place].is_none() {
            self.order.push(field);
        }
        self.latest[place] = Some(kept);
    }

    pub fn apply(&mut self, cells: &[Cell], pass: &Pass<'_>) {
        self.staged.clear();
        if !pass.learns {
            return;
        }
        for cell in cells {
            let kept = match cell.value {
                Value::Text(begin, end) => Kept::Text(pass.texts[begin as usize..end as usize].into()),
                number => Kept::Number(number),
            };
            self.staged.push((cell.field, kept));
        }
    }

    pub fn commit(&mut self) {
        for (field, kept) in std::mem::take(&mut self.staged) {
            self.set(field, kept);
        }
    }
}
