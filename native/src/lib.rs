//! River's models without Python objects: the same steps in the same order, the same numbers to the last bit.
//!
//! `model` is the seam: rows in, outputs out, and `Refused` for whatever a model does not take, upon which
//! River goes on. A family of models is a module of its own; `python` knows their Python objects. `lane` takes
//! whole records.
#![forbid(unsafe_code)]

mod arithmetic;
mod glm;
mod lane;
mod model;
mod moments;
mod naive_bayes;
mod names;
mod one_vs_rest;
mod pipeline;
mod python;
mod softmax;
mod tree;

use pyo3::prelude::*;

/// How `engine.models.native` describes models, and what `engine.core.lane` hands over; raised by one whenever that
/// changes.
const LAYOUT: u32 = 5;

/// `exp(-value)`, `log`, `log2`, `** 0.5` and `** 2` of a number: Python's must be the same.
#[pyfunction]
fn functions(value: f64) -> (f64, f64, f64, f64, f64) {
    let value = std::hint::black_box(value);
    ((-value).exp(), value.ln(), value.log2(), arithmetic::root(value), arithmetic::square(value))
}

#[pymodule]
fn riverkeeper_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    arithmetic::runs_under(module.py());
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("LAYOUT", LAYOUT)?;
    module.add("Refused", module.py().get_type::<python::Refused>())?;
    module.add("StepRefused", module.py().get_type::<python::StepRefused>())?;
    module.add_function(wrap_pyfunction!(functions, module)?)?;
    module.add_function(wrap_pyfunction!(python::log_sum_of_exp, module)?)?;
    module.add_function(wrap_pyfunction!(lane::plain_fields, module)?)?;
    module.add_function(wrap_pyfunction!(lane::keys::plain_keys, module)?)?;
    module.add_class::<lane::Lane>()?;
    module.add_class::<lane::ordered::Ordered>()?;
    module.add_class::<lane::rows::Rows>()?;
    module.add_class::<python::CompiledModel>()
}
