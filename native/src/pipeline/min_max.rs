//! `MinMaxScaler`: the place of a value between the least and the most that there was.

use crate::model::{finite, Cell, Refused, Value};

/// The least and the most of a feature, each of the type of the record that brought it.
#[derive(Clone, Copy)]
pub struct Extreme {
    pub least: Value,
    pub most: Value,
    pub met: bool,
}

impl Default for Extreme {
    fn default() -> Self {
        Extreme { least: Value::Float(f64::INFINITY), most: Value::Float(f64::NEG_INFINITY), met: false }
    }
}

#[derive(Default)]
pub struct MinMax {
    pub extremes: Vec<Extreme>,
    /// Features in the order in which they were met.
    pub met: Vec<u32>,
    staged: Vec<(u32, Extreme)>,
}

impl MinMax {
    /// The extremes of a feature, to be set when a model is taken over.
    pub fn entry(&mut self, field: u32) -> &mut Extreme {
        let place = field as usize;
        if place >= self.extremes.len() {
            self.extremes.resize(place + 1, Extreme::default());
        }
        &mut self.extremes[place]
    }

    pub fn apply(&mut self, cells: &mut [Cell], learns: bool) -> Result<(), Refused> {
        self.staged.clear();
        for cell in cells {
            let number = cell.value.number()?;
            let known = self.extremes.get(cell.field as usize).copied();
            let mut extreme = known.unwrap_or_default();
            if learns {
                if number < extreme.least.number()? {
                    extreme.least = cell.value;
                }
                if number > extreme.most.number()? {
                    extreme.most = cell.value;
                }
                self.staged.push((cell.field, extreme));
            }
            let least = extreme.least.number()?;
            let span = extreme.most.number()? - least;
            let place = if span == 0.0 { 0.0 } else { (number - least) / span };
            cell.value = Value::Float(finite(place)?); // that of a feature never learned is NaN
        }
        Ok(())
    }

    pub fn commit(&mut self) {
        for index in 0..self.staged.len() {
            let (field, extreme) = self.staged[index];
            let entry = self.entry(field);
            let was_met = entry.met;
            *entry = Extreme { met: true, ..extreme };
            if !was_met {
                self.met.push(field);
            }
        }
        self.staged.clear();
    }
}
