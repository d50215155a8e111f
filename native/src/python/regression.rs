//! Hoeffding trees that regress from River's state, and what has changed in them for River's objects.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyo3::IntoPyObjectExt;

use super::glm;
use super::pipeline::{get, typed, unknown};
use super::reader::number;
use super::tree::{branch, erf, is_leaf, written_branch};
use crate::arithmetic;
use crate::glm::Glm;
use crate::moments::Variance;
use crate::names::Names;
use crate::tree::regression::{Leaf, Node, Options, Place, Prediction, SearchTree, Splitter, Texts, Tree};

pub fn build(found: &Bound<'_, PyDict>, names: &mut Names) -> PyResult<Tree> {
    let model = model(&get(found, "model")?, names)?;
    let mut tree = Tree::new(options(found)?, model);
    for node in get(found, "nodes")?.cast::<PyList>()?.iter() {
        let found: &Bound<'_, PyTuple> = node.cast()?;
        let node = if is_leaf(found)? {
            Node::Leaf(Box::new(leaf(found, names, &mut tree.words)?))
        } else {
            Node::Branch(branch(found, names, &mut tree.words)?)
        };
        tree.nodes.add(node);
    }
    tree.nodes.changed.fill(false);
    tree.nodes.active = get(found, "active")?.extract()?;
    tree.nodes.inactive = get(found, "inactive")?.extract()?;
    tree.weight = get(found, "weight")?.extract()?;
    Ok(tree)
}

fn options(found: &Bound<'_, PyDict>) -> PyResult<Options> {
    let parameter = |name| get(found, name)?.extract::<f64>();
    let flag = |name| get(found, name)?.extract::<bool>();
    let prediction: String = get(found, "prediction")?.extract()?;
    Ok(Options {
        grace_period: parameter("grace_period")?,
        max_depth: get(found, "max_depth")?.extract()?,
        delta: parameter("delta")?,
        tau: parameter("tau")?,
        prediction: match prediction.as_str() {
            "mean" => Prediction::Mean,
            "model" => Prediction::Model,
            "adaptive" => Prediction::Adaptive,
            _ => return Err(unknown(&prediction)),
        },
        decay: parameter("decay")?,
        binary: flag("binary_split")?,
        least: parameter("least")?,
        null_split: flag("null_split")?,
        digits: get(found, "digits")?.extract()?,
        measured_every: parameter("measured_every")?,
        most_leaves: get(found, "most_leaves")?.extract()?,
        python: arithmetic::Python { compensates: flag("compensates")?, erf },
    })
}

/// The model of a leaf, with all records that it has learned.
fn model(found: &Bound<'_, PyAny>, names: &mut Names) -> PyResult<Option<Glm>> {
    if found.is_none() {
        return Ok(None);
    }
    Ok(Some(glm::build(found.cast()?, names, &[])?))
}

fn leaf(found: &Bound<'_, PyTuple>, names: &mut Names, words: &mut Names) -> PyResult<Leaf> {
    let labels = variance(&found.get_item(1)?)?;
    let mut leaf = Leaf::new(labels, found.get_item(2)?.extract()?, None);
    let splitters = found.get_item(3)?;
    leaf.splitters = if splitters.is_none() {
        None
    } else {
        let splitters = splitters.cast::<PyList>()?.iter();
        let made = splitters.map(|found| splitter(found.cast()?, names, words));
        Some(made.collect::<PyResult<_>>()?)
    };
    leaf.attempted_at = found.get_item(4)?.extract()?;
    leaf.model = model(&found.get_item(5)?, names)?;
    leaf.mean_error = found.get_item(6)?.extract()?;
    leaf.model_error = found.get_item(7)?.extract()?;
    Ok(leaf)
}

fn variance(found: &Bound<'_, PyAny>) -> PyResult<Variance> {
    let (count, mean, squares) = found.extract()?;
    Ok(Variance { count, mean, squares })
}

fn splitter(found: &Bound<'_, PyTuple>, names: &mut Names, words: &mut Names) -> PyResult<(u32, Splitter)> {
    let feature = names.number(found.get_item(1)?.extract()?);
    let about = found.get_item(2)?;
    let about = about.cast::<PyList>()?.iter();
    if found.get_item(0)?.eq("numbers")? {
        let places = about.map(|place| self::place(place.cast()?)).collect::<PyResult<_>>()?;
        return Ok((feature, Splitter::Numbers(SearchTree(places))));
    }
    let text = |text: Bound<'_, PyAny>| {
        let (word, labels): (String, Bound<'_, PyAny>) = text.extract()?;
        Ok((words.number(&word), variance(&labels)?))
    };
    Ok((feature, Splitter::Texts(Texts(about.map(text).collect::<PyResult<_>>()?))))
}

fn place(found: &Bound<'_, PyTuple>) -> PyResult<Place> {
    let mut place = Place::new(number(&found.get_item(0)?)?, variance(&found.get_item(1)?)?);
    place.left = found.get_item(2)?.extract()?;
    place.right = found.get_item(3)?.extract()?;
    Ok(place)
}

/// What has changed since the last time.
pub fn state<'py>(py: Python<'py>, tree: &mut Tree, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let nodes = PyList::empty(py);
    for (number, node) in tree.nodes.all.iter().enumerate() {
        if tree.nodes.changed[number] {
            let written = match node {
                Node::Leaf(leaf) => written_leaf(py, leaf, names, &tree.words)?,
                Node::Branch(branch) => {
                    let stats = moments(&branch.stats).into_bound_py_any(py)?;
                    written_branch(branch, stats, names, &tree.words)?
                }
            };
            nodes.append((number, written))?;
        }
    }
    tree.nodes.changed.fill(false);
    let state = PyDict::new(py);
    state.set_item("nodes", nodes)?;
    state.set_item("active", tree.nodes.active)?;
    state.set_item("inactive", tree.nodes.inactive)?;
    state.set_item("weight", tree.weight)?;
    Ok(state)
}

fn moments(labels: &Variance) -> (f64, f64, f64) {
    (labels.count, labels.mean, labels.squares)
}

fn written_leaf<'py>(
    py: Python<'py>,
    leaf: &Leaf,
    names: &Names,
    words: &Names,
) -> PyResult<Bound<'py, PyAny>> {
    let splitters = match &leaf.splitters {
        None => None,
        Some(splitters) => {
            let found = PyList::empty(py);
            for (feature, splitter) in splitters {
                found.append(written_splitter(py, names.name(*feature), splitter, words)?)?;
            }
            Some(found)
        }
    };
    let model = leaf.model.as_ref().map(|model| glm::state(py, model, names)).transpose()?;
    (
        "leaf",
        moments(&leaf.labels),
        leaf.depth,
        splitters,
        leaf.attempted_at,
        model,
        leaf.mean_error,
        leaf.model_error,
        leaf.begun,
    )
        .into_bound_py_any(py)
}

fn written_splitter<'py>(
    py: Python<'py>,
    feature: &str,
    splitter: &Splitter,
    words: &Names,
) -> PyResult<Bound<'py, PyAny>> {
    let found = PyList::empty(py);
    match splitter {
        Splitter::Numbers(numbers) => {
            for place in &numbers.0 {
                let value = typed(py, place.value)?;
                found.append((value, moments(&place.labels), place.left, place.right))?;
            }
            ("numbers", feature, found).into_bound_py_any(py)
        }
        Splitter::Texts(texts) => {
            for (word, labels) in &texts.0 {
                found.append((words.name(*word), moments(labels)))?;
            }
            ("texts", feature, found).into_bound_py_any(py)
        }
    }
}
