//! Naive Bayes from River's state, and its state for River's objects.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

use super::class_object;
use super::pipeline::{get, unknown};
use super::reader::label;
use super::tree::erf;
use crate::arithmetic;
use crate::model::Class;
use crate::moments::Variance;
use crate::naive_bayes::{log_sum_exp, Functions, Known, NaiveBayes, Normals};
use crate::names::Names;

type Moments = (f64, f64, f64);

static EXP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static LOG1P: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

const NUMPY: Functions = Functions {
    exp: |number| called(&EXP, "exp", number),
    log: |number| called(&LOG, "log", number),
    log1p: |number| called(&LOG1P, "log1p", number),
};

/// What a function of NumPy's says of a number.
fn called(function: &PyOnceLock<Py<PyAny>>, name: &str, number: f64) -> f64 {
    let call = |py: Python<'_>| -> PyResult<f64> {
        let find = || PyResult::Ok(py.import("numpy")?.getattr(name)?.unbind());
        function.get_or_try_init(py, find)?.bind(py).call1((number,))?.extract()
    };
    Python::attach(call).unwrap_or(f64::NAN) // which is refused
}

/// SciPy's `logsumexp` as a compiled model computes it, to be compared.
#[pyfunction]
pub fn log_sum_of_exp(numbers: Vec<f64>) -> PyResult<f64> {
    Ok(log_sum_exp(&numbers, &NUMPY)?)
}

pub fn build(found: &Bound<'_, PyDict>, names: &mut Names) -> PyResult<NaiveBayes> {
    let python = arithmetic::Python { compensates: get(found, "compensates")?.extract()?, erf };
    let mut bayes = NaiveBayes::new(python, NUMPY);
    for known in get(found, "classes")?.cast::<PyList>()?.iter() {
        let (class, count): (Bound<'_, PyAny>, u64) = known.extract()?;
        let class = Class::of(label(&class)?)?;
        bayes.classes.push(Known { class, count, normals: Normals::default() });
    }
    for of_class in get(found, "normals")?.cast::<PyList>()?.iter() {
        let (class, normals): (u32, Bound<'_, PyDict>) = of_class.extract()?;
        let known =
            bayes.classes.get_mut(class as usize).ok_or_else(|| unknown("a class without records"))?;
        for (name, moments) in normals.iter() {
            let (count, mean, squares): Moments = moments.extract()?;
            known.normals.set(names.number(name.extract()?), Variance { count, mean, squares });
        }
        bayes.order.push(class);
    }
    Ok(bayes)
}

/// The classes with their counts, and the distributions of each, in River's orders.
pub fn state<'py>(py: Python<'py>, bayes: &NaiveBayes, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let (classes, normals) = (PyList::empty(py), PyList::empty(py));
    for known in &bayes.classes {
        classes.append((class_object(py, &known.class)?, known.count))?;
    }
    for class in &bayes.order {
        let known = &bayes.classes[*class as usize].normals;
        let of_class = PyDict::new(py);
        for feature in &known.order {
            if let Some(normal) = known.get(*feature) {
                of_class.set_item(names.name(*feature), (normal.count, normal.mean, normal.squares))?;
            }
        }
        normals.append((class, of_class))?;
    }
    let state = PyDict::new(py);
    state.set_item("classes", classes)?;
    state.set_item("normals", normals)?;
    Ok(state)
}
