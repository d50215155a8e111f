//! A list of outcomes for Python, which holds those of the lane as they are.

use super::columns;
use super::lessons;
use super::passed::{self, Passed};
use super::rehearsal;
use super::row::{Fate, Shared};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use std::sync::Arc;

pub enum Item {
    Native(Fate),
    Object(Py<PyAny>),
}

/// As much of a list as windows need.
#[pyclass(module = "riverkeeper_native")]
pub struct Rows {
    pub items: Vec<Item>,
    pub shared: Arc<Shared>,
}

impl Rows {
    pub fn made<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Bound<'py, PyAny>> {
        match &self.items[place] {
            Item::Native(fate) => self.shared.outcome(py, fate),
            Item::Object(object) => Ok(object.bind(py).clone()),
        }
    }

    fn place(&self, index: isize) -> PyResult<usize> {
        let count = self.items.len() as isize;
        let place = if index < 0 { index + count } else { index };
        if (0..count).contains(&place) {
            Ok(place as usize)
        } else {
            Err(PyIndexError::new_err("no such row"))
        }
    }
}

#[pymethods]
impl Rows {
    fn __len__(&self) -> usize {
        self.items.len()
    }

    /// The features of all rows: names in the order in which they come up, each with a cell a row.
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyList>)>> {
        columns::features(py, self)
    }

    /// What the numbers show of each column, by name; `None` when Python must look at the rows.
    fn passed<'py>(
        &self,
        py: Python<'py>,
        strange: bool,
        several: usize,
        edges: &Bound<'py, PyDict>,
    ) -> PyResult<Option<Vec<(String, Passed<'py>)>>> {
        passed::of_rows(py, self, strange, several, edges)
    }

    /// Has a shadow learn all rows, as far as it has not yet.
    fn teach(&self, py: Python<'_>, shadow: &Bound<'_, PyAny>) -> PyResult<()> {
        lessons::learn(py, self, shadow)
    }

    /// Compares a champion under suspicion with vetted shadows, and with others that are replayed; differences in
    /// loss count in `scale`.
    #[allow(clippy::too_many_arguments)]
    fn rehearse<'py>(
        &self,
        py: Python<'py>,
        windows: &Bound<'py, PyList>,
        champion: &Bound<'py, PyString>,
        vetted: Vec<Bound<'py, PyAny>>,
        others: Vec<Bound<'py, PyAny>>,
        suspicion: &Bound<'py, PyAny>,
        scale: f64,
    ) -> PyResult<Option<rehearsal::Last<'py>>> {
        rehearsal::rehearse(py, &self.shared, windows, champion, (vetted, others), (suspicion, scale))
    }

    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        columns::each(py, self, "label", |fate| self.shared.label_to_py(py, fate.label))
    }

    /// What was served: predictions, probabilities and scores, of which `serve` makes one of an output.
    fn served<'py>(&self, py: Python<'py>, serve: &Bound<'py, PyAny>) -> PyResult<[Bound<'py, PyList>; 3]> {
        columns::served(py, self, serve)
    }

    fn append(&mut self, row: Py<PyAny>) {
        self.items.push(Item::Object(row));
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyAny>> {
        self.made(py, self.place(index)?)
    }

    fn __setitem__(&mut self, index: isize, row: Py<PyAny>) -> PyResult<()> {
        let place = self.place(index)?;
        self.items[place] = Item::Object(row);
        Ok(())
    }

    fn __iter__(slf: Bound<'_, Self>) -> RowIterator {
        RowIterator { rows: slf.unbind(), next: 0 }
    }
}

/// Makes empty lists.
#[pyclass(module = "riverkeeper_native")]
pub struct MakeRows {
    pub shared: Arc<Shared>,
}

#[pymethods]
impl MakeRows {
    fn __call__(&self) -> Rows {
        Rows { items: vec![], shared: self.shared.clone() }
    }
}

#[pyclass(module = "riverkeeper_native")]
pub struct RowIterator {
    rows: Py<Rows>,
    next: usize,
}

#[pymethods]
impl RowIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let rows = self.rows.borrow(py);
        if self.next >= rows.items.len() {
            return Ok(None);
        }
        self.next += 1;
        rows.made(py, self.next - 1).map(Some)
    }
}

/// Takes what a list of the lane's holds.
pub fn taken_items(rows: &Bound<'_, PyAny>) -> PyResult<Vec<Item>> {
    Ok(std::mem::take(&mut rows.cast::<Rows>()?.borrow_mut().items))
}

/// Gives it back.
pub fn put_items(rows: &Bound<'_, PyAny>, items: Vec<Item>) -> PyResult<()> {
    rows.cast::<Rows>()?.borrow_mut().items = items;
    Ok(())
}
