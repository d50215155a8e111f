//! A row as a tree looks at it: by feature.

use crate::model::{Cell, Refused, Value};
use crate::names::Names;

/// The largest number of which the square, and the sum of as many squares as one may count, is finite.
pub const MOST: f64 = 1e140;

/// What a record says of a feature.
#[derive(Clone, Copy, Debug)]
pub enum Given {
    Number(Value, f64),
    /// A text by its number; none for one that nothing has learned.
    Word(Option<u32>),
}

#[derive(Default)]
pub struct TreeRow {
    features: Vec<u32>,
    given: Vec<Option<Given>>,
}

impl TreeRow {
    /// Reads a row in place of the last one.
    pub fn read(
        &mut self,
        cells: &[Cell],
        texts: &str,
        words: &mut Names,
        learns: bool,
    ) -> Result<(), Refused> {
        for feature in self.features.drain(..) {
            self.given[feature as usize] = None;
        }
        for cell in cells {
            let given = match cell.value {
                Value::Text(begin, end) => {
                    let text = &texts[begin as usize..end as usize];
                    Given::Word(if learns { Some(words.number(text)) } else { words.find(text) })
                }
                value => {
                    let number = value.number()?;
                    if number.abs() > MOST {
                        return Err(Refused::Record);
                    }
                    Given::Number(value, number)
                }
            };
            let place = cell.field as usize;
            if place >= self.given.len() {
                self.given.resize(place + 1, None);
            }
            self.given[place] = Some(given);
            self.features.push(cell.field);
        }
        Ok(())
    }

    pub fn get(&self, feature: u32) -> Option<Given> {
        self.given.get(feature as usize).copied().flatten()
    }

    /// What is given, in the record's order.
    pub fn given(&self) -> impl Iterator<Item = (u32, Given)> + '_ {
        let given = |feature: &u32| self.get(*feature).map(|given| (*feature, given));
        self.features.iter().filter_map(given)
    }
}
