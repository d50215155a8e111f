//! What serves: a compiled model, or any model of Python's by callbacks.

use super::output::{Output, Target, Task};
use super::row::Shared;
use super::value::{Num, Value};
use crate::arithmetic::MOST_EXACT;
use crate::model::{self as models, Model as _};
use crate::python::CompiledModel;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::HashSet;

/// What a compiled model has for a feature of the lane.
#[derive(Clone, Copy)]
enum Place {
    Unknown,
    /// It does not see the feature.
    Masked,
    Field(u32),
}

/// A compiled model, with what it has for the features of the lane.
pub struct Compiled {
    model: Py<CompiledModel>,
    masked: HashSet<String>,
    places: Vec<Place>,
    row: models::Row,
    classes: Numbers,
}

impl Compiled {
    /// Of `engine.core.live_model.LiveModel`.
    pub fn of(live: &Bound<'_, PyAny>) -> PyResult<Compiled> {
        let model = live.getattr("running")?.getattr("native")?;
        Ok(Compiled {
            model: model.cast::<CompiledModel>()?.clone().unbind(),
            masked: live.getattr("masked")?.extract()?,
            places: vec![],
            row: models::Row::default(),
            classes: Numbers::default(),
        })
    }

    /// The features as the model takes them.
    fn read(&mut self, py: Python<'_>, shared: &Shared, features: &[(u32, Value)]) -> PyResult<bool> {
        let mut model = self.model.borrow_mut(py);
        self.row.clear();
        for (name, value) in features {
            let at = *name as usize;
            if self.places.len() <= at {
                self.places.resize(at + 1, Place::Unknown);
            }
            if let Place::Unknown = self.places[at] {
                let name = shared.name(*name, py);
                let name = name.to_cow()?;
                self.places[at] = match self.masked.contains(&*name) {
                    true => Place::Masked,
                    false => Place::Field(model.model.field(&name)),
                };
            }
            let Place::Field(field) = self.places[at] else { continue };
            match value {
                Value::Int(value) if value.abs() > MOST_EXACT => return Ok(false),
                Value::Int(value) => self.row.push(field, models::Value::Int(*value as f64)),
                Value::Float(value) => self.row.push(field, models::Value::Float(*value)),
                Value::Bool(value) => self.row.push(field, models::Value::Bool(*value)),
                Value::Text(value) => self.row.push_text(field, value),
            }
        }
        Ok(true)
    }

    pub fn predict(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
    ) -> PyResult<Option<Option<Output>>> {
        if !self.read(py, shared, features)? {
            return Ok(None);
        }
        let mut model = self.model.borrow_mut(py);
        model.used = true;
        let Ok(found) = model.model.predict(&self.row) else { return Ok(None) };
        Ok(self.classes.output(py, shared, &model.model, found))
    }

    pub fn learn(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
        label: Target,
    ) -> PyResult<bool> {
        Ok(self.read(py, shared, features)? && self.learn_it(py, shared, label))
    }

    /// Learns what it has predicted last.
    fn learn_it(&mut self, py: Python<'_>, shared: &Shared, label: Target) -> bool {
        let mut model = self.model.borrow_mut(py);
        model.used = true;
        let mut learn = |label| model.model.learn(&self.row, label).is_ok();
        match label {
            Target::Bool(label) => learn(models::Label::Bool(label)),
            Target::Int(value) => learn(models::Label::Int(value)),
            Target::Float(value) => learn(models::Label::Float(value)),
            Target::Class(number) => shared.classes().label(number).is_some_and(learn),
        }
    }
}

/// The numbers of a compiled model's classes to the lane.
#[derive(Default)]
struct Numbers(Vec<Option<u32>>);

impl Numbers {
    /// The output of a compiled model, which may be none; `None` when it is none of the lane's.
    fn output(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        model: &dyn models::Model,
        found: models::Output,
    ) -> Option<Option<Output>> {
        match found {
            models::Output::Probability { yes, certain } if shared.task == Task::Binary => {
                let number = if certain { Num::Int(yes as i64) } else { Num::Float(yes) };
                Some(Some(Output::both(Num::Float(1.0 - yes), number)))
            }
            models::Output::Number(value) if shared.task == Task::Regression => {
                value.is_finite().then_some(Some(Output::Value(value)))
            }
            models::Output::Classes(shares) if shared.task == Task::Binary => two_classes(model, &shares),
            models::Output::Classes(shares) if shared.task == Task::Multiclass => {
                if shares.is_empty() {
                    return Some(None);
                }
                let numbered = shares
                    .iter()
                    .map(|(class, share)| Some((self.of(py, shared, model, *class)?, Num::Float(*share))));
                numbered.collect::<Option<_>>().map(|shares| Some(Output::Classes(shares)))
            }
            _ => None,
        }
    }

    fn of(&mut self, py: Python<'_>, shared: &Shared, model: &dyn models::Model, class: u32) -> Option<u32> {
        let place = class as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, None);
        }
        if self.0[place].is_none() {
            self.0[place] = shared.classes().number_of(py, model.class(class));
        }
        self.0[place]
    }
}

fn two_classes(model: &dyn models::Model, shares: &[(u32, f64)]) -> Option<Option<Output>> {
    let mut classes = shares.iter().map(|(class, share)| match model.class(*class) {
        models::Class::Bool(label) => Some((*label, Num::Float(*share))),
        _ => None,
    });
    let Some(first) = classes.next() else { return Some(None) };
    let second = match classes.next() {
        Some(second) => Some(second?),
        None => None,
    };
    classes.next().is_none().then_some(Some(Output::Binary { first: first?, second }))
}

pub enum Model {
    Compiled(Compiled),
    Callback { predict: Py<PyAny>, learn: Py<PyAny> },
}

/// What a model puts out, `None` before it has learned; and the object for it, where that is of Python's.
pub type Predicted = (Option<Output>, Option<Py<PyAny>>);

/// What came of a call.
pub enum Reply<T> {
    Found(T),
    /// Python goes on, with what the model of Python's has given, if it was asked.
    Special(Option<Given>),
}

/// What a model of Python's has given or raised, so that it is not asked twice.
#[derive(Default)]
pub struct Given {
    pub output: Option<Py<PyAny>>,
    pub predict_raised: Option<PyErr>,
    pub learn_raised: Option<PyErr>,
}

impl Model {
    pub fn predict(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
        made: &mut Option<Py<PyDict>>,
    ) -> PyResult<Reply<Predicted>> {
        match self {
            Model::Compiled(model) => Ok(match model.predict(py, shared, features)? {
                Some(output) => Reply::Found((output, None)),
                None => Reply::Special(None),
            }),
            Model::Callback { predict, .. } => {
                let dict = shared.features(py, features)?;
                *made = Some(dict.clone().unbind());
                let output = match predict.bind(py).call1((dict,)) {
                    Ok(output) => output,
                    Err(raised) => {
                        return Ok(Reply::Special(Some(Given {
                            predict_raised: Some(raised),
                            ..Given::default()
                        })));
                    }
                };
                if output.is_none() {
                    return Ok(Reply::Found((None, Some(output.unbind()))));
                }
                match shared.output(&output) {
                    Some(found) => Ok(Reply::Found((Some(found), Some(output.unbind())))),
                    None => {
                        Ok(Reply::Special(Some(Given { output: Some(output.unbind()), ..Given::default() })))
                    }
                }
            }
        }
    }

    /// Learns what it has predicted last, with the dictionary that was made for that; as `learn`.
    pub fn learn_it(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
        made: Option<Py<PyDict>>,
        label: Target,
    ) -> PyResult<Reply<()>> {
        match self {
            Model::Compiled(model) => Ok(match model.learn_it(py, shared, label) {
                true => Reply::Found(()),
                false => Reply::Special(None),
            }),
            Model::Callback { .. } => self.learn(py, shared, features, made, label),
        }
    }

    /// Learns; what a model of Python's has raised comes back.
    pub fn learn(
        &mut self,
        py: Python<'_>,
        shared: &Shared,
        features: &[(u32, Value)],
        made: Option<Py<PyDict>>,
        label: Target,
    ) -> PyResult<Reply<()>> {
        match self {
            Model::Compiled(model) => Ok(if model.learn(py, shared, features, label)? {
                Reply::Found(())
            } else {
                Reply::Special(None)
            }),
            Model::Callback { learn, .. } => {
                let dict = match made {
                    Some(dict) => dict.into_bound(py),
                    None => shared.features(py, features)?,
                };
                Ok(match learn.bind(py).call1((dict, shared.target(py, label)?)) {
                    Ok(_) => Reply::Found(()),
                    Err(raised) => {
                        Reply::Special(Some(Given { learn_raised: Some(raised), ..Given::default() }))
                    }
                })
            }
        }
    }
}
