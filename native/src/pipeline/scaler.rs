//! `StandardScaler`: Welford's running mean and variance of each feature.

use crate::arithmetic::root;
use crate::model::{finite, Cell, Refused, Value};

#[derive(Clone, Copy, Default)]
pub struct Moments {
    pub count: u64,
    pub mean: f64,
    pub variance: f64,
    /// Whether it stands in the dictionary that a prediction writes to: River's defaultdict makes an entry
    /// for whatever is asked for. It is that of the variances, or of the means where there are no variances.
    pub met: bool,
}

pub struct Scaler {
    pub by_deviation: bool,
    pub moments: Vec<Moments>,
    /// Features in the order in which they were learned, and in that in which they were met.
    pub learned: Vec<u32>,
    pub met: Vec<u32>,
    staged: Vec<(u32, Moments)>,
}

impl Scaler {
    pub fn new(by_deviation: bool) -> Self {
        Scaler { by_deviation, moments: Vec::new(), learned: Vec::new(), met: Vec::new(), staged: Vec::new() }
    }

    /// The moments of a feature, to be set when a model is taken over.
    pub fn entry(&mut self, field: u32) -> &mut Moments {
        let place = field as usize;
        if place >= self.moments.len() {
            self.moments.resize(place + 1, Moments::default());
        }
        &mut self.moments[place]
    }

    pub fn apply(&mut self, cells: &mut [Cell], learns: bool) -> Result<(), Refused> {
        self.staged.clear();
        for cell in cells {
            let number = cell.value.number()?;
            let known = self.moments.get(cell.field as usize).copied();
            let mut moments = known.unwrap_or_default();
            if learns {
                learn(&mut moments, number, self.by_deviation);
                self.staged.push((cell.field, moments));
            } else if !moments.met {
                self.staged.push((cell.field, moments));
            }
            cell.value = Value::Float(finite(scaled(&moments, number, self.by_deviation))?);
        }
        Ok(())
    }

    pub fn commit(&mut self) {
        for index in 0..self.staged.len() {
            let (field, moments) = self.staged[index];
            let entry = self.entry(field);
            let (was_learned, was_met) = (entry.count > 0, entry.met);
            *entry = Moments { met: true, ..moments };
            if !was_learned && moments.count > 0 {
                self.learned.push(field);
            }
            if !was_met {
                self.met.push(field);
            }
        }
        self.staged.clear();
    }
}

fn learn(moments: &mut Moments, number: f64, by_deviation: bool) {
    moments.count += 1;
    let count = moments.count as f64;
    let before = moments.mean;
    moments.mean = before + (number - before) / count;
    if by_deviation {
        let variance = moments.variance;
        moments.variance = variance + ((number - before) * (number - moments.mean) - variance) / count;
    }
}

fn scaled(moments: &Moments, number: f64, by_deviation: bool) -> f64 {
    if !by_deviation {
        number - moments.mean
    } else if moments.variance == 0.0 {
        0.0
    } else {
        // A variance below zero has no root here, and a complex one in Python: NaN, which is refused.
        (number - moments.mean) / root(moments.variance)
    }
}
