//! Pipelines from River's state, and their state for River's objects.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyTuple};

use super::reader::number;
use super::{glm, imputers, naive_bayes, one_vs_rest, regression, softmax, tree};
use crate::model::Value;
use crate::moments::Variance;
use crate::names::Names;
use crate::pipeline::{
    Extreme, Hasher, Known, Last, MinMax, OneHot, Part, Pipeline, PreviousImputer, Scaler, StatImputer, Step,
    Target, TextEncoder, Types, Union,
};

/// A pipeline. A step is a tuple of its kind and what belongs to it; the last one is a dictionary.
pub fn build(steps: &Bound<'_, PyList>, last: &Bound<'_, PyDict>) -> PyResult<Pipeline> {
    let mut names = Names::default();
    let mut builder = Builder { names: &mut names, categories: Vec::new() };
    let steps = builder.steps(steps)?;
    let categories = builder.categories;
    let target = target(last)?;
    let last = match last.get_item("kind")? {
        Some(kind) if kind.eq("regression_tree")? => {
            Last::RegressionTree(Box::new(regression::build(last, &mut names)?))
        }
        Some(kind) if kind.eq("naive_bayes")? => {
            Last::NaiveBayes(Box::new(naive_bayes::build(last, &mut names)?))
        }
        Some(kind) if kind.eq("one_vs_rest")? => {
            Last::OneVsRest(Box::new(one_vs_rest::build(last, &mut names)?))
        }
        Some(kind) if kind.eq("softmax")? => Last::Softmax(Box::new(softmax::build(last, &mut names)?)),
        Some(kind) if kind.eq("tree")? => Last::Tree(Box::new(tree::build(last, &mut names)?)),
        _ => Last::Glm(Box::new(glm::build(last, &mut names, &categories)?)),
    };
    Ok(Pipeline::new(names, steps, last, target))
}

/// How many labels there were, their mean, and the sum of squares about it.
fn target(last: &Bound<'_, PyDict>) -> PyResult<Option<Target>> {
    let Some(found) = last.get_item("target")? else {
        return Ok(None);
    };
    let (count, mean, squares) = found.extract()?;
    Ok(Some(Target(Variance { count, mean, squares })))
}

/// An entry that a description must have.
pub fn get<'py>(found: &Bound<'py, PyDict>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    found.get_item(name)?.ok_or_else(|| unknown(name))
}

pub fn unknown(what: &str) -> PyErr {
    PyValueError::new_err(format!("not a model that can be compiled: {what}"))
}

struct Builder<'a> {
    names: &'a mut Names,
    categories: Vec<u32>,
}

impl Builder<'_> {
    fn steps(&mut self, found: &Bound<'_, PyList>) -> PyResult<Vec<Step>> {
        found.iter().map(|step| self.step(step.cast::<PyTuple>()?)).collect()
    }

    fn step(&mut self, found: &Bound<'_, PyTuple>) -> PyResult<Step> {
        let kind: String = found.get_item(0)?.extract()?;
        let about = found.get_item(1)?;
        Ok(match kind.as_str() {
            "scaler" => Step::Scaler(self.scaler(found)?),
            "min_max" => Step::MinMax(self.min_max(about.cast()?)?),
            "one_hot" => Step::OneHot(self.one_hot(found)?),
            "hasher" => {
                let (places, seed, alternates, prefix) = about.extract()?;
                Step::Hasher(Hasher::new(places, seed, alternates, prefix))
            }
            "text_encoder" => Step::TextEncoder(self.text_encoder(found)?),
            "stat_imputer" => Step::StatImputer(self.stat_imputer(about.cast()?)?),
            "previous_imputer" => Step::PreviousImputer(self.previous_imputer(about.cast()?)?),
            "select" => Step::Select(self.fields(&about)?),
            "discard" => Step::Discard(self.fields(&about)?),
            "select_type" => {
                let (floats, ints, bools, texts) = about.extract()?;
                Step::SelectType(Types { floats, ints, bools, texts })
            }
            "union" => Step::Union(Union::new(
                about
                    .cast::<PyList>()?
                    .iter()
                    .map(|part| Ok(Part::new(self.steps(part.cast()?)?)))
                    .collect::<PyResult<_>>()?,
            )),
            _ => return Err(unknown(&kind)),
        })
    }

    fn field(&mut self, name: &Bound<'_, PyAny>) -> PyResult<u32> {
        let number = self.names.number(name.extract()?);
        if self.names.is_category(number) {
            return Err(unknown("a category with the name of a field"));
        }
        Ok(number)
    }

    fn fields(&mut self, names: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
        names.cast::<PyList>()?.iter().map(|name| self.field(&name)).collect()
    }

    fn scaler(&mut self, found: &Bound<'_, PyTuple>) -> PyResult<Scaler> {
        let mut scaler = Scaler::new(found.get_item(1)?.extract()?);
        let [counts, means, variances] = [2, 3, 4].map(|place| found.get_item(place));
        for (name, count) in counts?.cast::<PyDict>()?.iter() {
            let field = self.field(&name)?;
            scaler.entry(field).count = count.extract()?;
            scaler.learned.push(field);
        }
        let (means, variances) = (means?, variances?);
        for (name, mean) in means.cast::<PyDict>()?.iter() {
            scaler.entry(self.field(&name)?).mean = mean.extract()?;
        }
        for (name, variance) in variances.cast::<PyDict>()?.iter() {
            scaler.entry(self.field(&name)?).variance = variance.extract()?;
        }
        let written_by_predictions = if scaler.by_deviation { variances } else { means };
        for name in written_by_predictions.cast::<PyDict>()?.keys() {
            let field = self.field(&name)?;
            scaler.entry(field).met = true;
            scaler.met.push(field);
        }
        Ok(scaler)
    }

    fn stat_imputer(&mut self, means: &Bound<'_, PyList>) -> PyResult<StatImputer> {
        let of_feature = |found: Bound<'_, PyAny>| {
            let (name, mean): (Bound<'_, PyAny>, Option<(f64, f64)>) = found.extract()?;
            Ok((self.field(&name)?, imputers::mean(mean)))
        };
        Ok(StatImputer::new(means.iter().map(of_feature).collect::<PyResult<_>>()?))
    }

    fn previous_imputer(&mut self, latest: &Bound<'_, PyDict>) -> PyResult<PreviousImputer> {
        let mut imputer = PreviousImputer::default();
        for (name, value) in latest.iter() {
            imputer.set(self.field(&name)?, imputers::kept(&value)?);
        }
        Ok(imputer)
    }

    fn min_max(&mut self, extremes: &Bound<'_, PyDict>) -> PyResult<MinMax> {
        let mut scaler = MinMax::default();
        for (name, ends) in extremes.iter() {
            let field = self.field(&name)?;
            let (least, most): (Bound<'_, PyAny>, Bound<'_, PyAny>) = ends.extract()?;
            *scaler.entry(field) = Extreme {
                least: end(&least, f64::INFINITY)?,
                most: end(&most, f64::NEG_INFINITY)?,
                met: true,
            };
            scaler.met.push(field);
        }
        Ok(scaler)
    }

    fn one_hot(&mut self, found: &Bound<'_, PyTuple>) -> PyResult<OneHot> {
        let mut encoder = OneHot::new(found.get_item(1)?.extract()?, found.get_item(2)?.extract()?);
        for zero in found.get_item(3)?.cast::<PyList>()?.iter() {
            let (name, category): (Bound<'_, PyAny>, Bound<'_, PyAny>) = zero.extract()?;
            let field = self.field(&name)?;
            let category: &str = category.extract()?;
            let feature = format!("{}_{}", self.names.name(field), category);
            let feature = self.names.category(&feature).ok_or_else(|| unknown("two features of one name"))?;
            encoder.add(field, category.into(), feature);
            self.categories.push(feature);
        }
        Ok(encoder)
    }

    fn text_encoder(&mut self, found: &Bound<'_, PyTuple>) -> PyResult<TextEncoder> {
        let mut encoder = TextEncoder::new(found.get_item(1)?.extract()?, found.get_item(2)?.extract()?);
        for known in found.get_item(3)?.cast::<PyList>()?.iter() {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = known.extract()?;
            let (column, value) = (self.field(&name)?, value.extract::<&str>()?);
            let feature = format!("{}={}", self.names.name(column), value);
            let feature = self.names.category(&feature).ok_or_else(|| unknown("two features of one name"))?;
            encoder.known.push(Known { column, value: value.into(), feature });
        }
        for name in found.get_item(4)?.cast::<PyList>()?.iter() {
            encoder.left_out.push(self.field(&name)?);
        }
        Ok(encoder)
    }
}

/// An extreme, or the infinity of a feature that nothing was learned of.
fn end(value: &Bound<'_, PyAny>, without: f64) -> PyResult<Value> {
    match value.cast_exact::<PyFloat>() {
        Ok(found) if found.value() == without => Ok(Value::Float(without)),
        _ => number(value),
    }
}

/// The state of every step that learns, in their order, and that of the last one.
pub fn state<'py>(py: Python<'py>, model: &mut Pipeline) -> PyResult<Bound<'py, PyDict>> {
    let steps = PyList::empty(py);
    for step in &model.steps {
        append(&steps, step, &model.names)?;
    }
    let state = match &mut model.last {
        Last::Glm(last) => glm::state(py, last, &model.names)?,
        Last::NaiveBayes(last) => naive_bayes::state(py, last, &model.names)?,
        Last::OneVsRest(last) => one_vs_rest::state(py, last, &model.names)?,
        Last::Softmax(last) => softmax::state(py, last, &model.names)?,
        Last::Tree(last) => tree::state(py, last, &model.names)?,
        Last::RegressionTree(last) => regression::state(py, last, &model.names)?,
    };
    state.set_item("steps", steps)?;
    if let Some(Target(labels)) = model.target {
        state.set_item("target", (labels.count, labels.mean, labels.squares))?;
    }
    Ok(state)
}

fn append(states: &Bound<'_, PyList>, step: &Step, names: &Names) -> PyResult<()> {
    let py = states.py();
    match step {
        Step::Scaler(scaler) => states.append(moments(py, scaler, names)?),
        Step::MinMax(scaler) => states.append(extremes(py, scaler, names)?),
        Step::StatImputer(imputer) => states.append(imputers::means(py, imputer)?),
        Step::PreviousImputer(imputer) => states.append(imputers::latest(py, imputer, names)?),
        Step::OneHot(encoder) => {
            let category =
                |(field, text): &(u32, Box<str>)| (names.name(*field).to_owned(), text.to_string());
            states.append(encoder.zeros.iter().map(category).collect::<Vec<_>>())
        }
        Step::TextEncoder(encoder) => {
            let pair = |known: &Known| (names.name(known.column).to_owned(), known.value.to_string());
            let known: Vec<_> = encoder.known.iter().map(pair).collect();
            let left_out: Vec<_> = encoder.left_out.iter().map(|column| names.name(*column)).collect();
            states.append((known, left_out))
        }
        Step::Union(union) => {
            let steps = union.parts.iter().flat_map(|part| &part.steps);
            steps.into_iter().try_for_each(|step| append(states, step, names))
        }
        Step::Hasher(_) | Step::Select(_) | Step::Discard(_) | Step::SelectType(_) => Ok(()),
    }
}

/// Counts and means of what was learned, and variances (or means, where there are none) of what was met.
fn moments<'py>(py: Python<'py>, scaler: &Scaler, names: &Names) -> PyResult<Bound<'py, PyTuple>> {
    let [counts, means, variances] = [0; 3].map(|_| PyDict::new(py));
    for field in &scaler.learned {
        counts.set_item(names.name(*field), scaler.moments[*field as usize].count)?;
    }
    let with_means = if scaler.by_deviation { &scaler.learned } else { &scaler.met };
    for field in with_means {
        means.set_item(names.name(*field), scaler.moments[*field as usize].mean)?;
    }
    if scaler.by_deviation {
        for field in &scaler.met {
            variances.set_item(names.name(*field), scaler.moments[*field as usize].variance)?;
        }
    }
    (counts, means, variances).into_pyobject(py)
}

fn extremes<'py>(py: Python<'py>, scaler: &MinMax, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for field in &scaler.met {
        let extreme = &scaler.extremes[*field as usize];
        let ends = (typed(py, extreme.least)?, typed(py, extreme.most)?);
        found.set_item(names.name(*field), ends)?;
    }
    Ok(found)
}

/// A number as the object that a record brought.
pub fn typed(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    Ok(match value {
        Value::Bool(truth) => PyBool::new(py, truth).to_owned().into_any(),
        Value::Int(whole) => PyInt::new(py, whole as i64).into_any(),
        Value::Float(number) => PyFloat::new(py, number).into_any(),
        Value::Text(..) => return Err(unknown("a text among numbers")),
    })
}
