//! The input guard and the first look: what is counted of every example before any model sees it.

use super::fields::Fields;
use super::row::{Row, Shared, Strange};
use super::value::{Num, Value};
use hashbrown::HashMap;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PyString};
use std::sync::Arc;

const BLOCK: usize = 50;
const FEWEST: usize = 15;
const HOPELESS: f64 = 0.97;
const STEPS: usize = 10;
const SHORTEST_HISTORY: u64 = 3;
const WORLD: f64 = 0.6;

/// A column of the guard, as `engine.core.input_guard.Column`.
struct Column {
    name: u32,
    floor: f64,
    ceiling: f64,
    patience: u64,
    limit: f64,
    windows: u64,
    edges: Vec<(f64, f64)>,
    last: Option<Num>,
    run: u64,
    drifted: bool,
    block: Vec<f64>,
    state: Py<PyAny>,
}

fn numbered(py: Python<'_>, fields: &mut Fields, name: &Bound<'_, PyString>) -> PyResult<u32> {
    let number = fields.number(py, &name.to_cow()?);
    number.ok_or_else(|| PyRuntimeError::new_err("too many names"))
}

impl Column {
    fn read(
        fields: &mut Fields,
        name: &Bound<'_, PyString>,
        state: &Bound<'_, PyAny>,
        block: &Bound<'_, PyAny>,
    ) -> PyResult<Column> {
        let mut values = vec![];
        for row in block.try_iter()? {
            if let Some(value) = row?.cast::<PyDict>()?.get_item(name)? {
                values.extend(Num::of(&value).map(Num::float));
            }
        }
        Ok(Column {
            name: numbered(name.py(), fields, name)?,
            floor: state.getattr("floor")?.extract()?,
            ceiling: state.getattr("ceiling")?.extract()?,
            patience: state.getattr("patience")?.extract()?,
            limit: state.getattr("limit")?.extract()?,
            windows: state.getattr("windows")?.extract()?,
            edges: state.getattr("edges")?.extract()?,
            last: Num::of(&state.getattr("last")?),
            run: state.getattr("run")?.extract()?,
            drifted: state.getattr("drifted")?.extract()?,
            block: values,
            state: state.clone().unbind(),
        })
    }

    fn write(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.state.bind(py);
        let last = self.last.map(|last| last.to_py(py)).transpose()?;
        state.setattr("last", last)?;
        state.setattr("run", self.run)?;
        state.setattr("drifted", self.drifted)
    }
}

/// `engine.core.input_guard.InputGuardState`
pub struct Guard {
    columns: Vec<Column>,
    block: Vec<Arc<Row>>,
    /// Examples of the block that came before the lane took over.
    before: usize,
    seen: u64,
    /// Which of them was strange last, if one was since the lane took over.
    last: Option<u64>,
    /// What was found last, as names of values that are far out and of other columns.
    found: Option<(Vec<u32>, Vec<u32>, Arc<Strange>)>,
    state: Py<PyAny>,
}

impl Guard {
    pub fn read(fields: &mut Fields, state: &Bound<'_, PyAny>) -> PyResult<Guard> {
        let (columns, block) = (state.getattr("columns")?, state.getattr("block")?);
        let columns = columns.cast::<PyDict>()?.iter();
        let read = columns.map(|(name, column)| Column::read(fields, name.cast()?, &column, &block));
        Ok(Guard {
            columns: read.collect::<PyResult<_>>()?,
            block: vec![],
            before: block.len()?,
            seen: state.getattr("seen")?.extract()?,
            last: None,
            found: None,
            state: state.clone().unbind(),
        })
    }

    pub fn write(&self, py: Python<'_>, shared: &Shared) -> PyResult<()> {
        let state = self.state.bind(py);
        self.columns.iter().try_for_each(|column| column.write(py))?;
        let before = state.getattr("block")?;
        let block = PyList::empty(py);
        for row in before.try_iter()?.take(self.before) {
            block.append(row?)?;
        }
        for row in &self.block {
            block.append(shared.features(py, &row.features)?)?;
        }
        state.setattr("block", block)?;
        self.last.map_or(Ok(()), |last| state.setattr("last", last))?;
        state.setattr("seen", self.seen)
    }

    /// What is strange about the record that was read last.
    pub fn look(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        fields: &Fields,
        features: &[(u32, Value)],
    ) -> PyResult<Option<Arc<Strange>>> {
        let (mut far, mut others) = (vec![], vec![]);
        for column in &self.columns {
            let Some(value) = number_at(fields, features, column.name) else { continue };
            let number = value.float();
            if !(column.floor <= number && number <= column.ceiling) {
                far.push(column.name);
            }
            let is_same = column.last.is_some_and(|last| last.float() == number);
            if column.drifted || (is_same && column.run >= column.patience) {
                others.push(column.name);
            }
        }
        if far.is_empty() && others.is_empty() {
            return Ok(None);
        }
        self.strange(py, shared, far, others)
    }

    /// These columns are strange, unless most are: then it is the world that moves.
    fn strange(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        far: Vec<u32>,
        others: Vec<u32>,
    ) -> PyResult<Option<Arc<Strange>>> {
        if let Some((known_far, known_others, strange)) = &self.found {
            if *known_far == far && *known_others == others {
                return Ok(Some(strange.clone()));
            }
        }
        let count = self.columns.len() as f64;
        let mut hidden = far.clone();
        hidden.extend(others.iter().filter(|name| !far.contains(name)));
        if hidden.len() as f64 > WORLD * count {
            hidden.clone_from(&far);
        }
        if hidden.is_empty() {
            return Ok(None);
        }
        let learned = !(far.len() >= 2 && far.len() as f64 >= 0.3 * count);
        let names = PyFrozenSet::new(py, hidden.iter().map(|name| shared.name(*name, py)))?;
        let object = shared.strange.bind(py).call1((names, learned))?.unbind();
        let strange = Arc::new(Strange { object, hidden: hidden.into_boxed_slice(), learned });
        self.found = Some((far, others, strange.clone()));
        Ok(Some(strange))
    }

    /// Takes an example; compares the block when it is full.
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
        if row.strange.is_some() {
            self.last = Some(self.seen);
        }
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
struct Bins {
    name: u32,
    numeric: bool,
    edges: Vec<f64>,
    places: HashMap<Kept, usize>,
    counts: Vec<u64>,
    missing: u64,
    strange: u64,
    object: Py<PyAny>,
}

/// A category.
#[derive(PartialEq, Eq, Hash)]
enum Kept {
    Bool(bool),
    Text(Arc<str>),
}

/// The first look: `engine.monitoring.first_look.counter.LentLook`.
#[derive(Default)]
pub struct Look {
    bins: Vec<Bins>,
    rows: u64,
}

impl Look {
    /// The bins are read when they are others than those of the time before.
    pub fn read(&mut self, fields: &mut Fields, lent: &Bound<'_, PyAny>) -> PyResult<()> {
        let given: Vec<Bound<'_, PyAny>> = lent.getattr("bins")?.extract()?;
        let known = self.bins.iter().map(|bins| &bins.object);
        if known.len() == given.len() && known.zip(&given).all(|(known, given)| known.is(given)) {
            return Ok(());
        }
        let features: Vec<Bound<'_, PyString>> = lent.getattr("features")?.extract()?;
        let read = features.iter().zip(&given).map(|(feature, bins)| Bins::read(fields, feature, bins));
        self.bins = read.collect::<PyResult<_>>()?;
        Ok(())
    }

    pub fn write(&mut self, lent: &Bound<'_, PyAny>) -> PyResult<()> {
        lent.setattr("rows", std::mem::take(&mut self.rows))?;
        for (bins, counted) in self.bins.iter_mut().zip(lent.getattr("counted")?.try_iter()?) {
            bins.write(&counted?)?;
        }
        Ok(())
    }

    pub fn add(&mut self, fields: &Fields, features: &[(u32, Value)]) {
        self.rows += 1;
        self.bins.iter_mut().for_each(|bins| bins.add(fields, features));
    }
}

impl Bins {
    fn read(fields: &mut Fields, feature: &Bound<'_, PyString>, bins: &Bound<'_, PyAny>) -> PyResult<Bins> {
        let places = bins.getattr("places")?;
        let mut known = HashMap::new();
        for (value, place) in places.cast::<PyDict>()?.iter() {
            match Value::of(&value) {
                Some(Value::Bool(value)) => known.insert(Kept::Bool(value), place.extract()?),
                Some(Value::Text(text)) => known.insert(Kept::Text(text), place.extract()?),
                _ => return Err(PyTypeError::new_err("a category is text or a boolean")),
            };
        }
        Ok(Bins {
            name: numbered(bins.py(), fields, feature)?,
            numeric: bins.getattr("numeric")?.extract()?,
            edges: bins.getattr("edges")?.extract()?,
            places: known,
            counts: vec![0; bins.getattr("size")?.extract()?],
            missing: 0,
            strange: 0,
            object: bins.clone().unbind(),
        })
    }

    /// Adds the counts to `engine.monitoring.first_look.verdict.ColumnCounts`; they begin anew.
    fn write(&mut self, counted: &Bound<'_, PyAny>) -> PyResult<()> {
        let places = counted.getattr("places")?;
        for (place, count) in self.counts.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            let before: u64 = places.get_item(place)?.extract()?;
            places.set_item(place, before + std::mem::take(count))?;
        }
        for (name, count) in [("missing", &mut self.missing), ("strange", &mut self.strange)] {
            let before: u64 = counted.getattr(name)?.extract()?;
            counted.setattr(name, before + std::mem::take(count))?;
        }
        Ok(())
    }

    fn add(&mut self, fields: &Fields, features: &[(u32, Value)]) {
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
