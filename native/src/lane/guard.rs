//! The input guard and the first look: what is counted of every example before any model sees it.

use super::fields::Fields;
use super::row::Row;
use super::value::{Num, Value};
use hashbrown::HashMap;
use pyo3::prelude::*;
use std::sync::Arc;

const BLOCK: usize = 50;
const FEWEST: usize = 15;
const HOPELESS: f64 = 0.97;
const STEPS: usize = 10;
const SHORTEST_HISTORY: u64 = 3;

/// A column of the guard, as `engine.core.input_guard.Column`.
pub struct Column {
    pub name: u32,
    pub floor: f64,
    pub ceiling: f64,
    pub patience: u64,
    pub limit: f64,
    pub windows: u64,
    pub edges: Vec<(f64, f64)>,
    pub last: Option<Num>,
    pub run: u64,
    pub drifted: bool,
    pub block: Vec<f64>,
}

#[derive(Default)]
pub struct Guard {
    pub columns: Vec<Column>,
    pub block: Vec<Arc<Row>>,
    /// Examples of the block that came before the lane took over.
    pub before: usize,
    pub seen: u64,
}

impl Guard {
    /// Whether nothing about the record that was read last is strange.
    pub fn passes(&self, fields: &Fields, features: &[(u32, Value)]) -> bool {
        self.columns.iter().all(|column| {
            let Some(value) = number_at(fields, features, column.name) else { return true };
            let number = value.float();
            let stuck =
                column.last.is_some_and(|last| last.float() == number) && column.run >= column.patience;
            !column.drifted && column.floor <= number && number <= column.ceiling && !stuck
        })
    }

    /// Takes an example that passed; compares the block when it is full.
    pub fn take(&mut self, py: Python<'_>, fields: &Fields, row: &Arc<Row>) -> PyResult<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        for column in &mut self.columns {
            let Some(value) = number_at(fields, &row.features, column.name) else { continue };
            if column.last.is_some_and(|last| last.float() == value.float()) {
                column.run += 1;
            } else {
                column.last = Some(value);
                column.run = 1;
            }
            column.block.push(value.float());
        }
        self.seen += 1;
        self.block.push(row.clone());
        if self.before + self.block.len() >= BLOCK {
            self.compare(py)?;
        }
        Ok(())
    }

    fn compare(&mut self, py: Python<'_>) -> PyResult<()> {
        self.block.clear();
        self.before = 0;
        for column in &mut self.columns {
            let mut values = std::mem::take(&mut column.block);
            if values.len() >= FEWEST && column.edges.len() > STEPS / 2 && column.windows >= SHORTEST_HISTORY
            {
                values.sort_by(f64::total_cmp);
                column.drifted =
                    HOPELESS > column.limit && column.limit < distance(py, &column.edges, &values)?;
            }
            values.clear();
            column.block = values;
        }
        Ok(())
    }
}

/// The distance of ordered values from a distribution, rounded as Python rounds.
pub fn distance(py: Python<'_>, edges: &[(f64, f64)], ordered: &[f64]) -> PyResult<f64> {
    let count = ordered.len() as f64;
    let mut most = f64::NEG_INFINITY;
    for (edge, share) in edges {
        let below = ordered.partition_point(|value| value <= edge) as f64;
        most = most.max((below / count - share).abs());
    }
    py.import("builtins")?.getattr("round")?.call1((most, 9))?.extract()
}

fn number_at(fields: &Fields, features: &[(u32, Value)], name: u32) -> Option<Num> {
    features.get(fields.place(name)?)?.1.number()
}

/// How a column is counted, as `engine.monitoring.first_look.bins.Bins`, and what was counted.
pub struct Bins {
    pub name: u32,
    pub numeric: bool,
    pub edges: Vec<f64>,
    pub places: HashMap<Kept, usize>,
    pub counts: Vec<u64>,
    pub missing: u64,
    pub strange: u64,
}

/// A category.
#[derive(PartialEq, Eq, Hash)]
pub enum Kept {
    Bool(bool),
    Text(Arc<str>),
}

impl Bins {
    pub fn add(&mut self, fields: &Fields, features: &[(u32, Value)]) {
        let Some((_, value)) = fields.place(self.name).and_then(|place| features.get(place)) else {
            self.missing += 1;
            return;
        };
        let place = match (self.numeric, value) {
            (true, Value::Int(_) | Value::Float(_)) => {
                let number = value.number().map_or(0.0, Num::float);
                Some(self.edges.partition_point(|edge| *edge <= number))
            }
            (false, Value::Bool(value)) => Some(self.category(&Kept::Bool(*value))),
            (false, Value::Text(text)) => Some(self.category(&Kept::Text(text.clone()))),
            _ => None,
        };
        match place {
            Some(place) => self.counts[place] += 1,
            None => self.strange += 1,
        }
    }

    fn category(&self, value: &Kept) -> usize {
        self.places.get(value).copied().unwrap_or(self.places.len())
    }
}
