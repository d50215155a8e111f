//! A prediction and its outcome, in little memory; Python's objects are made when Python asks for them.

use super::classes::Classes;
use super::output::{Output, Target, Task};
use super::value::{Num, Value};
use hashbrown::HashMap;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyString};
use std::sync::{Arc, Mutex, MutexGuard};

/// What models said for the same features, by model.
pub type Compared<'a> = &'a [(u32, Option<Output>)];

/// The same, as it is held until the label comes; none where there was no other model than the champion.
pub type Outputs = Option<Box<[(u32, Option<Output>)]>>;

/// What the input guard has found in an example: `engine.records.events.Strange`.
#[derive(Debug)]
pub struct Strange {
    pub object: Py<PyAny>,
    /// Features that are hidden from a guarded shadow, by name.
    pub hidden: Box<[u32]>,
    /// Whether such a shadow learns the rest.
    pub learned: bool,
}

impl Strange {
    /// The features that are not hidden.
    pub fn visible(&self, features: &[(u32, Value)]) -> Vec<(u32, Value)> {
        features.iter().filter(|(name, _)| !self.hidden.contains(name)).cloned().collect()
    }
}

/// A prediction, with what it was made from.
#[derive(Debug)]
pub struct Row {
    pub id: Arc<str>,
    pub time: f64,
    pub sequence: u64,
    pub features: Box<[(u32, Value)]>,
    pub output: Option<Output>,
    pub model: u32,
    pub last_label: Option<Target>,
    pub strange: Option<Arc<Strange>>,
}

impl Row {
    fn strange<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.strange.as_ref().map(|strange| strange.object.bind(py).clone())
    }
}

/// What has become of a prediction.
#[derive(Clone, Debug)]
pub struct Fate {
    pub row: Arc<Row>,
    pub order: u64,
    pub label: Option<Target>,
    pub loss: Option<f64>,
    pub time: f64,
    pub known: u64,
    /// Whether several models served together.
    pub together: bool,
}

/// What is needed to make Python's objects, and to read them: its classes, the task, and the names of features and
/// models by number.
pub struct Shared {
    pub task: Task,
    pub example: Py<PyAny>,
    pub outcome: Py<PyAny>,
    pub pending: Py<PyAny>,
    pub resolved: Py<PyAny>,
    pub strange: Py<PyAny>,
    pub names: Mutex<Vec<Py<PyString>>>,
    pub models: Mutex<Vec<Py<PyString>>>,
    /// The numbers of models by name.
    numbers: Mutex<HashMap<String, u32>>,
    classes: Mutex<Classes>,
}

fn named<'py>(table: &Mutex<Vec<Py<PyString>>>, number: u32, py: Python<'py>) -> Bound<'py, PyString> {
    let table = table.lock().unwrap_or_else(|broken| broken.into_inner());
    match table.get(number as usize) {
        Some(name) => name.bind(py).clone(),
        None => PyString::new(py, ""),
    }
}

impl Shared {
    /// From the classes of an example, an outcome, a pending and a resolved prediction, and what is strange.
    pub fn new(classes: &Bound<'_, PyAny>, task: Task, encode: Option<Py<PyAny>>) -> PyResult<Shared> {
        let (example, outcome, pending, resolved, strange) = classes.extract()?;
        let (names, models, numbers) = (Mutex::default(), Mutex::default(), Mutex::default());
        let known = Mutex::new(Classes::new(encode));
        Ok(Shared {
            classes: known,
            task,
            example,
            outcome,
            pending,
            resolved,
            strange,
            names,
            models,
            numbers,
        })
    }

    pub fn name<'py>(&self, number: u32, py: Python<'py>) -> Bound<'py, PyString> {
        named(&self.names, number, py)
    }

    pub fn model_name<'py>(&self, number: u32, py: Python<'py>) -> Bound<'py, PyString> {
        named(&self.models, number, py)
    }

    /// The number of a model's name, which is added when it is new: over a long run there are many.
    pub fn model(&self, name: &Bound<'_, PyString>) -> PyResult<u32> {
        let mut numbers = self.numbers.lock().unwrap_or_else(|broken| broken.into_inner());
        let text = name.to_str()?;
        if let Some(number) = numbers.get(text) {
            return Ok(*number);
        }
        let mut table = self.models.lock().unwrap_or_else(|broken| broken.into_inner());
        let number = table.len() as u32;
        table.push(name.clone().unbind());
        numbers.insert(text.to_owned(), number);
        Ok(number)
    }

    /// The numbers of the features' names.
    pub fn numbered(&self, py: Python<'_>) -> PyResult<HashMap<String, u32>> {
        let names = self.names.lock().unwrap_or_else(|broken| broken.into_inner());
        let numbers = names.iter().zip(0..);
        numbers.map(|(name, number)| Ok((name.bind(py).to_cow()?.into_owned(), number))).collect()
    }

    /// The classes of a task with several.
    pub fn classes(&self) -> MutexGuard<'_, Classes> {
        self.classes.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// A label of Python's; `None` when it is none that records of the task have.
    pub fn label(&self, given: &Bound<'_, PyAny>) -> Option<Target> {
        match self.task {
            Task::Binary => given.cast_exact::<PyBool>().ok().map(|label| Target::Bool(label.is_true())),
            Task::Multiclass => self.classes().number(given).map(Target::Class),
            Task::Regression => Target::of_number(Num::of(given)?),
        }
    }

    /// An output of Python's; `None` when it is none that the task's models mostly give.
    pub fn output(&self, given: &Bound<'_, PyAny>) -> Option<Output> {
        match self.task {
            Task::Binary => Output::of_binary(given),
            Task::Multiclass => {
                let (dict, mut classes) = (given.cast_exact::<PyDict>().ok()?, self.classes());
                let shares =
                    dict.iter().map(|(class, share)| Some((classes.number(&class)?, Num::of(&share)?)));
                let shares: Option<Arc<[(u32, Num)]>> = shares.collect();
                shares.filter(|shares| !shares.is_empty()).map(Output::Classes)
            }
            Task::Regression => {
                let value = given.cast_exact::<PyFloat>().ok()?.value();
                value.is_finite().then_some(Output::Value(value))
            }
        }
    }

    pub fn target<'py>(&self, py: Python<'py>, label: Target) -> PyResult<Bound<'py, PyAny>> {
        Ok(match label {
            Target::Bool(label) => PyBool::new(py, label).to_owned().into_any(),
            Target::Class(number) => self.classes().object(py, number),
            Target::Int(value) => value.into_pyobject(py)?.into_any(),
            Target::Float(value) => PyFloat::new(py, value).into_any(),
        })
    }

    /// A label, or that there is none.
    pub fn label_to_py<'py>(&self, py: Python<'py>, label: Option<Target>) -> PyResult<Bound<'py, PyAny>> {
        label.map_or_else(|| Ok(py.None().into_bound(py)), |label| self.target(py, label))
    }

    /// An output, or that there is none.
    pub fn output_to_py<'py>(&self, py: Python<'py>, output: Option<&Output>) -> PyResult<Bound<'py, PyAny>> {
        let dict = PyDict::new(py);
        match output {
            None => return Ok(py.None().into_bound(py)),
            Some(Output::Value(value)) => return Ok(PyFloat::new(py, *value).into_any()),
            Some(Output::Binary { first, second }) => {
                for (label, number) in [Some(*first), *second].into_iter().flatten() {
                    dict.set_item(label, number.to_py(py)?)?;
                }
            }
            Some(Output::Classes(shares)) => {
                let classes = self.classes();
                for (class, share) in shares.iter() {
                    dict.set_item(classes.object(py, *class), share.to_py(py)?)?;
                }
            }
        }
        Ok(dict.into_any())
    }

    pub fn features<'py>(&self, py: Python<'py>, features: &[(u32, Value)]) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in features {
            dict.set_item(self.name(*name, py), value.to_py(py)?)?;
        }
        Ok(dict)
    }

    fn example<'py>(&self, py: Python<'py>, row: &Row) -> PyResult<Bound<'py, PyAny>> {
        self.example.bind(py).call1((&*row.id, row.time, self.features(py, &row.features)?))
    }

    pub fn outcome<'py>(&self, py: Python<'py>, fate: &Fate) -> PyResult<Bound<'py, PyAny>> {
        let row = &fate.row;
        self.outcome.bind(py).call1((
            fate.order,
            row.sequence,
            self.example(py, row)?,
            self.output_to_py(py, row.output.as_ref())?,
            self.model_name(row.model, py),
            self.label_to_py(py, fate.label)?,
            fate.loss,
            fate.time,
            false,
            fate.known,
            row.strange(py),
            fate.together,
        ))
    }

    /// A prediction; one that is resolved has no outputs of shadows any more.
    pub fn pending<'py>(
        &self,
        py: Python<'py>,
        row: &Row,
        outputs: Option<Compared<'_>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.pending.bind(py).call1((
            row.time,
            row.sequence,
            self.example(py, row)?,
            self.output_to_py(py, row.output.as_ref())?,
            self.model_name(row.model, py),
            outputs.map(|outputs| self.outputs(py, outputs)).transpose()?,
            self.label_to_py(py, row.last_label)?,
            row.strange(py),
        ))
    }

    fn outputs<'py>(&self, py: Python<'py>, outputs: Compared<'_>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (model, output) in outputs {
            dict.set_item(self.model_name(*model, py), self.output_to_py(py, output.as_ref())?)?;
        }
        Ok(dict)
    }

    pub fn resolved<'py>(
        &self,
        py: Python<'py>,
        since: f64,
        label: Option<Target>,
        loss: Option<f64>,
        pending: Option<&Arc<Row>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let pending = match pending {
            Some(row) => self.pending(py, row, None)?,
            None => py.None().into_bound(py),
        };
        let label = self.label_to_py(py, label)?;
        self.resolved.bind(py).call1((since, label, loss, pending))
    }
}
