//! Steps before the linear model. Each changes the cells in place, and keeps what it has learned aside until
//! the whole pipeline has taken the row: a row that is refused must leave no trace.

use super::{Hasher, MinMax, OneHot, PreviousImputer, Scaler, StatImputer, TextEncoder};
use crate::model::{Cell, Refused, Value};
use crate::names::Names;

/// One row on its way through the steps.
pub struct Pass<'a> {
    pub names: &'a mut Names,
    pub texts: &'a str,
    pub learns: bool,
    /// Whether a feature that nothing was learned of matters to the last step.
    pub unknown_count: bool,
}

impl Pass<'_> {
    /// A feature that a prediction is asked for, by its name; none for one that changes nothing.
    pub fn asked(&mut self, name: &str) -> Option<u32> {
        if self.unknown_count {
            return Some(self.names.glimpse(name));
        }
        self.names.find(name)
    }
}

pub enum Step {
    Scaler(Scaler),
    MinMax(MinMax),
    OneHot(OneHot),
    Hasher(Hasher),
    TextEncoder(TextEncoder),
    StatImputer(StatImputer),
    PreviousImputer(PreviousImputer),
    /// In the order in which the names stand here, as River does it.
    Select(Vec<u32>),
    Discard(Vec<u32>),
    SelectType(Types),
    Union(Union),
}

/// Types of values that are let through.
pub struct Types {
    pub floats: bool,
    pub ints: bool,
    pub bools: bool,
    pub texts: bool,
}

impl Types {
    fn has(&self, value: Value) -> bool {
        match value {
            Value::Float(_) => self.floats,
            Value::Int(_) => self.ints,
            Value::Bool(_) => self.bools,
            Value::Text(..) => self.texts,
        }
    }
}

/// Parts that all see the same cells, and put out theirs together.
pub struct Union {
    pub parts: Vec<Part>,
    seen: Seen,
}

impl Union {
    pub fn new(parts: Vec<Part>) -> Self {
        Union { parts, seen: Seen::default() }
    }
}

/// A part of a union, with the room for its cells.
pub struct Part {
    pub steps: Vec<Step>,
    cells: Vec<Cell>,
}

impl Part {
    pub fn new(steps: Vec<Step>) -> Self {
        Part { steps, cells: Vec::new() }
    }
}

impl Step {
    pub fn apply(&mut self, cells: &mut Vec<Cell>, pass: &mut Pass<'_>) -> Result<(), Refused> {
        match self {
            Step::Scaler(scaler) => scaler.apply(cells, pass.learns),
            Step::MinMax(scaler) => scaler.apply(cells, pass.learns),
            Step::OneHot(encoder) => encoder.apply(cells, pass),
            Step::Hasher(hasher) => hasher.apply(cells, pass),
            Step::TextEncoder(encoder) => encoder.apply(cells, pass),
            Step::StatImputer(imputer) => imputer.apply(cells, pass.learns),
            Step::PreviousImputer(imputer) => {
                imputer.apply(cells, pass);
                Ok(())
            }
            Step::Select(wanted) => select(cells, wanted),
            Step::Discard(unwanted) => {
                cells.retain(|cell| !unwanted.contains(&cell.field));
                Ok(())
            }
            Step::SelectType(types) => {
                cells.retain(|cell| types.has(cell.value));
                Ok(())
            }
            Step::Union(union) => unite(cells, union, pass),
        }
    }

    /// Keeps what was learned from the row that went through last.
    pub fn commit(&mut self) {
        match self {
            Step::Scaler(scaler) => scaler.commit(),
            Step::MinMax(scaler) => scaler.commit(),
            Step::OneHot(encoder) => encoder.commit(),
            Step::TextEncoder(encoder) => encoder.commit(),
            Step::StatImputer(imputer) => imputer.commit(),
            Step::PreviousImputer(imputer) => imputer.commit(),
            Step::Union(union) => {
                for part in &mut union.parts {
                    part.steps.iter_mut().for_each(Step::commit);
                }
            }
            Step::Hasher(_) | Step::Select(_) | Step::Discard(_) | Step::SelectType(_) => {}
        }
    }
}

fn select(cells: &mut Vec<Cell>, wanted: &[u32]) -> Result<(), Refused> {
    let given = cells.len();
    for field in wanted {
        let found = cells[..given].iter().find(|cell| cell.field == *field);
        cells.push(*found.ok_or(Refused::Record)?); // River raises on a feature that is missing
    }
    cells.drain(..given);
    Ok(())
}

/// The last part comes first in what a union puts out.
fn unite(cells: &mut Vec<Cell>, union: &mut Union, pass: &mut Pass<'_>) -> Result<(), Refused> {
    for part in &mut union.parts {
        part.cells.clear();
        part.cells.extend_from_slice(cells);
        for step in &mut part.steps {
            step.apply(&mut part.cells, pass)?;
        }
    }
    cells.clear();
    for part in union.parts.iter().rev() {
        cells.extend_from_slice(&part.cells);
    }
    union.seen.check(cells)
}

/// Refuses a row in which a feature comes twice: in River's dictionaries one of them counts, at the place of
/// the other.
#[derive(Default)]
pub struct Seen {
    rows: Vec<u64>,
    row: u64,
}

impl Seen {
    pub fn check(&mut self, cells: &[Cell]) -> Result<(), Refused> {
        self.row += 1;
        for cell in cells {
            let place = cell.field as usize;
            if place >= self.rows.len() {
                self.rows.resize(place + 1, 0);
            }
            if self.rows[place] == self.row {
                return Err(Refused::Record);
            }
            self.rows[place] = self.row;
        }
        Ok(())
    }
}
