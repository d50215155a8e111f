//! `OneHotEncoder`: a feature of 0 or 1 for each category of a text.
//!
//! River puts out a zero for every category that is known. To a linear model with plain SGD and without a penalty
//! they change nothing (weights are finite, and none is -0.0), so they are left out before such a one.

use hashbrown::HashMap;

use super::steps::Pass;
use crate::model::{Cell, Refused, Value};

/// A place that no category has.
const NOWHERE: u32 = u32::MAX;

pub struct OneHot {
    /// Whether categories are known, each with a zero where it is not met.
    with_zeros: bool,
    /// Whether the zeros are put out.
    dense: bool,
    /// The feature of each category, by field.
    categories: Vec<HashMap<Box<str>, u32>>,
    /// Features with their field and category, in the order of River's dictionary of zeros.
    pub zeros: Vec<(u32, Box<str>)>,
    features: Vec<u32>,
    /// The place of a feature among the zeros.
    places: Vec<u32>,
    staged: Vec<(u32, u32, Box<str>)>,
    found: Vec<Cell>,
}

impl OneHot {
    pub fn new(with_zeros: bool, dense: bool) -> Self {
        OneHot {
            with_zeros,
            dense,
            categories: Vec::new(),
            zeros: Vec::new(),
            features: Vec::new(),
            places: Vec::new(),
            staged: Vec::new(),
            found: Vec::new(),
        }
    }

    /// One more category that is known.
    pub fn add(&mut self, field: u32, category: Box<str>, feature: u32) {
        let (table, place) = (field as usize, feature as usize);
        if table >= self.categories.len() {
            self.categories.resize_with(table + 1, HashMap::new);
        }
        if place >= self.places.len() {
            self.places.resize(place + 1, NOWHERE);
        }
        self.places[place] = self.zeros.len() as u32;
        self.categories[table].insert(category.clone(), feature);
        self.features.push(feature);
        self.zeros.push((field, category));
    }

    pub fn apply(&mut self, cells: &mut Vec<Cell>, pass: &mut Pass<'_>) -> Result<(), Refused> {
        self.staged.clear();
        self.found.clear();
        for cell in cells.iter() {
            let Value::Text(begin, end) = cell.value else {
                return Err(Refused::Record); // River writes a number as text, in Python's way
            };
            let category = &pass.texts[begin as usize..end as usize];
            if let Some(feature) = self.feature(cell.field, category, pass)? {
                self.found.push(Cell { field: feature, value: Value::Int(1.0) });
            }
        }
        cells.clear();
        if self.with_zeros {
            self.in_order(cells);
        } else {
            cells.append(&mut self.found);
        }
        Ok(())
    }

    /// The feature of a category; none for one that nothing has learned, which has no weight either.
    fn feature(&mut self, field: u32, category: &str, pass: &mut Pass<'_>) -> Result<Option<u32>, Refused> {
        let known = self.categories.get(field as usize);
        if let Some(feature) = known.and_then(|table| table.get(category)) {
            return Ok(Some(*feature));
        }
        let name = format!("{}_{}", pass.names.name(field), category);
        if !self.with_zeros {
            return Ok(named(&name, pass));
        }
        if !pass.learns && !pass.names.is_taken(&name) {
            return Ok(pass.asked(&name));
        }
        let feature = pass.names.category(&name).ok_or(Refused::Record)?;
        self.staged.push((field, feature, category.into()));
        Ok(Some(feature))
    }

    /// What was found, in the order of the zeros; what is new comes last, in the record's order.
    fn in_order(&mut self, cells: &mut Vec<Cell>) {
        let places = &self.places;
        let place = |cell: &Cell| places.get(cell.field as usize).copied().unwrap_or(NOWHERE);
        self.found.sort_by_key(place); // stable
        if !self.dense {
            cells.append(&mut self.found);
            return;
        }
        let zero = |feature: &u32| Cell { field: *feature, value: Value::Int(0.0) };
        cells.extend(self.features.iter().map(zero));
        for one in self.found.drain(..) {
            match place(&one) {
                NOWHERE => cells.push(one),
                known => cells[known as usize] = one,
            }
        }
    }

    pub fn commit(&mut self) {
        for (field, feature, category) in std::mem::take(&mut self.staged) {
            self.add(field, category, feature);
        }
    }
}

/// The feature of this name, which is made only where it is learned: what is asked once has no weight.
fn named(name: &str, pass: &mut Pass<'_>) -> Option<u32> {
    if pass.learns {
        return Some(pass.names.number(name));
    }
    pass.asked(name)
}
