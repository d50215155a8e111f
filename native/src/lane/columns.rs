//! The rows of a window by columns, for reports.

use super::output::Output;
use super::row::{Fate, Shared};
use super::rows::{Item, Rows};
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// A column while it is filled: its name, and a cell a row, up to the last that has one.
struct Column<'py> {
    name: Bound<'py, PyAny>,
    cells: Vec<Bound<'py, PyAny>>,
}

/// Columns in the order in which their names come up.
struct Columns<'a, 'py> {
    py: Python<'py>,
    shared: &'a Shared,
    columns: Vec<Column<'py>>,
    by_number: Vec<Option<usize>>,
    by_name: HashMap<String, usize>,
}

impl<'py> Columns<'_, 'py> {
    fn named(&mut self, name: &Bound<'py, PyAny>) -> PyResult<usize> {
        // A whole number may be a name too, in River's data.
        let key = match name.cast::<PyString>() {
            Ok(text) => format!("t{}", text.to_string_lossy()),
            Err(_) => format!("n{}", name.repr()?),
        };
        if let Some(place) = self.by_name.get(&key) {
            return Ok(*place);
        }
        self.columns.push(Column { name: name.clone(), cells: vec![] });
        self.by_name.insert(key, self.columns.len() - 1);
        Ok(self.columns.len() - 1)
    }

    fn numbered(&mut self, number: u32) -> PyResult<usize> {
        let at = number as usize;
        if self.by_number.len() <= at {
            self.by_number.resize(at + 1, None);
        }
        if let Some(place) = self.by_number[at] {
            return Ok(place);
        }
        let name = self.shared.name(number, self.py).into_any();
        let place = self.named(&name)?;
        self.by_number[at] = Some(place);
        Ok(place)
    }

    /// Adds the cells of a row.
    fn add(&mut self, row: usize, item: &Item) -> PyResult<()> {
        match item {
            Item::Native(fate) => {
                for (number, value) in &fate.row.features {
                    let place = self.numbered(*number)?;
                    self.put(place, row, value.to_py(self.py)?);
                }
            }
            Item::Object(object) => {
                let features = object.bind(self.py).getattr("example")?.getattr("features")?;
                for (name, cell) in features.cast::<PyDict>()?.iter() {
                    let place = self.named(&name)?;
                    self.put(place, row, cell);
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, place: usize, row: usize, cell: Bound<'py, PyAny>) {
        let cells = &mut self.columns[place].cells;
        if cells.len() < row {
            cells.resize(row, self.py.None().into_bound(self.py));
        }
        cells.push(cell);
    }
}

type Named<'py> = Vec<(Bound<'py, PyAny>, Bound<'py, PyList>)>;

fn columns<'py>(py: Python<'py>, shared: &Shared, rows: &[&Item]) -> PyResult<Named<'py>> {
    let mut found = Columns { py, shared, columns: vec![], by_number: vec![], by_name: HashMap::new() };
    for (row, item) in rows.iter().enumerate() {
        found.add(row, item)?;
    }
    let none = py.None().into_bound(py);
    found
        .columns
        .into_iter()
        .map(|mut column| {
            column.cells.resize(rows.len(), none.clone());
            Ok((column.name, PyList::new(py, column.cells)?))
        })
        .collect()
}

/// The features of all rows, by name.
pub fn features<'py>(py: Python<'py>, rows: &Rows) -> PyResult<Named<'py>> {
    let all: Vec<&Item> = rows.items.iter().collect();
    columns(py, &rows.shared, &all)
}

/// What an outcome has of one name.
pub fn each<'py>(
    py: Python<'py>,
    rows: &Rows,
    name: &str,
    of: impl Fn(&Fate) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    let cells = rows.items.iter().map(|item| match item {
        Item::Native(fate) => of(fate),
        Item::Object(object) => object.bind(py).getattr(name),
    });
    PyList::new(py, cells.collect::<PyResult<Vec<_>>>()?)
}

/// Predictions, probabilities and scores: those of the lane are known, others `serve` makes of their outputs.
pub fn served<'py>(
    py: Python<'py>,
    rows: &Rows,
    serve: &Bound<'py, PyAny>,
) -> PyResult<[Bound<'py, PyList>; 3]> {
    let none = py.None().into_bound(py);
    let mut found = [vec![], vec![], vec![]];
    for item in &rows.items {
        let (prediction, probability, score) = match item {
            Item::Native(fate) => match &fate.row.output {
                Some(output) => {
                    let probability = match output {
                        Output::Binary { .. } => output.yes().into_pyobject(py)?.into_any(),
                        Output::Classes(_) => rows.shared.output_to_py(py, Some(output))?,
                        Output::Value(_) => none.clone(),
                    };
                    (rows.shared.target(py, output.served())?, probability, none.clone())
                }
                None => (none.clone(), none.clone(), none.clone()),
            },
            Item::Object(object) => serve.call1((object.bind(py).getattr("output")?,))?.extract()?,
        };
        found[0].push(prediction);
        found[1].push(probability);
        found[2].push(score);
    }
    let [predictions, probabilities, scores] = found;
    Ok([PyList::new(py, predictions)?, PyList::new(py, probabilities)?, PyList::new(py, scores)?])
}
