//! Riverkeeper's own `TextEncoder` (`engine/models/auto.py`): a feature of 0 or 1 for each value of a column of text,
//! unless the column has too many values, or long ones.

use super::steps::Pass;
use crate::model::{Cell, Refused, Value};

/// A value of a column, and the feature that stands for it.
#[derive(Clone)]
pub struct Known {
    pub column: u32,
    pub value: Box<str>,
    pub feature: u32,
}

pub struct TextEncoder {
    most_values: usize,
    longest: usize,
    /// In the order of the features.
    pub known: Vec<Known>,
    /// Columns that are left out, in the order in which they came to be.
    pub left_out: Vec<u32>,
    added: Vec<Known>,
    newly_left_out: Vec<u32>,
    found: Vec<u32>,
}

impl TextEncoder {
    pub fn new(most_values: usize, longest: usize) -> Self {
        TextEncoder {
            most_values,
            longest,
            known: Vec::new(),
            left_out: Vec::new(),
            added: Vec::new(),
            newly_left_out: Vec::new(),
            found: Vec::new(),
        }
    }

    pub fn apply(&mut self, cells: &mut Vec<Cell>, pass: &mut Pass<'_>) -> Result<(), Refused> {
        self.added.clear();
        self.newly_left_out.clear();
        self.found.clear();
        for cell in cells.iter() {
            if let Value::Text(begin, end) = cell.value {
                self.look_up(cell.field, &pass.texts[begin as usize..end as usize], pass)?;
            }
        }
        cells.clear();
        for known in self.known.iter().chain(&self.added) {
            if !self.newly_left_out.contains(&known.column) {
                let is_there = self.found.contains(&known.feature);
                let value = Value::Int(f64::from(u8::from(is_there)));
                cells.push(Cell { field: known.feature, value });
            }
        }
        Ok(())
    }

    fn look_up(&mut self, column: u32, value: &str, pass: &mut Pass<'_>) -> Result<(), Refused> {
        if self.left_out.contains(&column) {
            return Ok(());
        }
        let mut of_column = self.known.iter().filter(|known| known.column == column);
        if let Some(known) = of_column.clone().find(|known| &*known.value == value) {
            self.found.push(known.feature);
            return Ok(());
        }
        if !pass.learns {
            return Ok(());
        }
        if of_column.by_ref().count() >= self.most_values || value.chars().count() > self.longest {
            self.newly_left_out.push(column);
            return Ok(());
        }
        let name = format!("{}={}", pass.names.name(column), value);
        let feature = pass.names.category(&name).ok_or(Refused::Record)?; // else two features of one name
        self.found.push(feature);
        self.added.push(Known { column, value: value.into(), feature });
        Ok(())
    }

    pub fn commit(&mut self) {
        self.known.append(&mut self.added);
        if !self.newly_left_out.is_empty() {
            let gone = &self.newly_left_out;
            self.known.retain(|known| !gone.contains(&known.column));
            self.left_out.append(&mut self.newly_left_out);
        }
    }
}
