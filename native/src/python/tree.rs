//! Hoeffding trees from River's state, and what has changed in them for River's objects.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyo3::IntoPyObjectExt;

use super::class_object;
use super::pipeline::{get, typed, unknown};
use super::reader::{label, number};
use crate::arithmetic;
use crate::model::Class;
use crate::names::Names;
use crate::tree::{
    Branch, Counts, Distribution, Gaussian, Leaf, Node, Nominal, Normal, Options, Prediction, Splitter, Test,
    Tree,
};

static ERF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Python's own error function: C's library has one, Rust's has none. It is asked when a leaf may be split.
pub fn erf(place: f64) -> f64 {
    let call = |py: Python<'_>| -> PyResult<f64> {
        let find = || PyResult::Ok(py.import("math")?.getattr("erf")?.unbind());
        ERF.get_or_try_init(py, find)?.bind(py).call1((place,))?.extract()
    };
    Python::attach(call).unwrap_or(f64::NAN) // which is refused
}

pub fn build(found: &Bound<'_, PyDict>, names: &mut Names) -> PyResult<Tree> {
    let mut classes = Vec::new();
    for class in get(found, "classes")?.cast::<PyList>()?.iter() {
        classes.push(Class::of(label(&class)?)?);
    }
    let mut tree = Tree::new(options(found)?, classes, Names::default());
    for node in get(found, "nodes")?.cast::<PyList>()?.iter() {
        let node = self::node(node.cast()?, names, &mut tree)?;
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
            "mc" => Prediction::Majority,
            "nb" => Prediction::Bayes,
            "nba" => Prediction::Adaptive,
            _ => return Err(unknown(&prediction)),
        },
        bayes_from: parameter("bayes_from")?,
        binary: flag("binary_split")?,
        least_share: parameter("least_share")?,
        most_share: parameter("most_share")?,
        null_split: flag("null_split")?,
        places: get(found, "places")?.extract()?,
        measured_every: parameter("measured_every")?,
        most_leaves: get(found, "most_leaves")?.extract()?,
        python: arithmetic::Python { compensates: flag("compensates")?, erf },
    })
}

fn node(found: &Bound<'_, PyTuple>, names: &mut Names, tree: &mut Tree) -> PyResult<Node> {
    if is_leaf(found)? {
        return Ok(Node::Leaf(Box::new(leaf(found, names, tree)?)));
    }
    Ok(Node::Branch(branch(found, names, &mut tree.words)?))
}

pub fn is_leaf(found: &Bound<'_, PyTuple>) -> PyResult<bool> {
    found.get_item(0)?.eq("leaf")
}

/// A branch of either kind of tree; River's object has what is known of the labels that came to it.
pub fn branch<S: Default>(
    found: &Bound<'_, PyTuple>,
    names: &mut Names,
    words: &mut Names,
) -> PyResult<Branch<S>> {
    let kind: String = found.get_item(0)?.extract()?;
    let feature = names.number(found.get_item(1)?.extract()?);
    let about = found.get_item(2)?;
    let test = match kind.as_str() {
        "at_most" => Test::AtMost { feature, threshold: number(&about)? },
        "equal" => Test::Equal { feature, word: words.number(about.extract()?) },
        "among" => {
            let word = |word: Bound<'_, PyAny>| Ok(words.number(word.extract()?));
            let words = about.cast::<PyList>()?.iter().map(word).collect::<PyResult<_>>()?;
            Test::Among { feature, words }
        }
        _ => return Err(unknown(&kind)),
    };
    let (depth, children) = (found.get_item(3)?.extract()?, found.get_item(4)?.extract()?);
    Ok(Branch { test, depth, children, stats: S::default() })
}

fn leaf(found: &Bound<'_, PyTuple>, names: &mut Names, tree: &mut Tree) -> PyResult<Leaf> {
    let classes = Distribution(found.get_item(1)?.extract()?);
    let mut leaf = Leaf::new(classes, found.get_item(2)?.extract()?, &tree.options);
    let splitters = found.get_item(3)?;
    leaf.splitters = if splitters.is_none() {
        None
    } else {
        let splitters = splitters.cast::<PyList>()?.iter();
        let made = splitters.map(|found| splitter(found.cast()?, names, tree));
        Some(made.collect::<PyResult<_>>()?)
    };
    leaf.attempted_at = found.get_item(4)?.extract()?;
    leaf.majority_right = found.get_item(5)?.extract()?;
    leaf.bayes_right = found.get_item(6)?.extract()?;
    Ok(leaf)
}

fn splitter(found: &Bound<'_, PyTuple>, names: &mut Names, tree: &mut Tree) -> PyResult<(u32, Splitter)> {
    let feature = names.number(found.get_item(1)?.extract()?);
    let classes = found.get_item(2)?;
    let classes = classes.cast::<PyList>()?.iter();
    if found.get_item(0)?.eq("gaussian")? {
        let normals = classes.map(|normal| self::normal(normal.cast()?));
        return Ok((feature, Splitter::Gaussian(Gaussian(normals.collect::<PyResult<_>>()?))));
    }
    let mut nominal = Nominal::default();
    for counts in classes {
        let (class, of_words): (u32, Vec<(String, f64)>) = counts.extract()?;
        let of_words = of_words.into_iter().map(|(word, count)| (tree.words.number(&word), count));
        nominal.classes.push(Counts::new(class, of_words.collect()));
    }
    for word in found.get_item(3)?.cast::<PyList>()?.iter() {
        nominal.words.push(tree.words.number(word.extract()?));
    }
    nominal.total = found.get_item(4)?.extract()?;
    Ok((feature, Splitter::Nominal(nominal)))
}

fn normal(found: &Bound<'_, PyTuple>) -> PyResult<Normal> {
    Ok(Normal {
        class: found.get_item(0)?.extract()?,
        count: found.get_item(1)?.extract()?,
        mean: found.get_item(2)?.extract()?,
        squares: found.get_item(3)?.extract()?,
        least: number(&found.get_item(4)?)?,
        most: number(&found.get_item(5)?)?,
    })
}

/// What has changed since the last time.
pub fn state<'py>(py: Python<'py>, tree: &mut Tree, names: &Names) -> PyResult<Bound<'py, PyDict>> {
    let nodes = PyList::empty(py);
    for (number, node) in tree.nodes.all.iter().enumerate() {
        if tree.nodes.changed[number] {
            nodes.append((number, written(py, node, names, tree)?))?;
        }
    }
    tree.nodes.changed.fill(false);
    let classes = PyList::empty(py);
    for class in &tree.classes {
        classes.append(class_object(py, class)?)?;
    }
    let state = PyDict::new(py);
    state.set_item("nodes", nodes)?;
    state.set_item("classes", classes)?;
    state.set_item("active", tree.nodes.active)?;
    state.set_item("inactive", tree.nodes.inactive)?;
    state.set_item("weight", tree.weight)?;
    Ok(state)
}

fn written<'py>(py: Python<'py>, node: &Node, names: &Names, tree: &Tree) -> PyResult<Bound<'py, PyAny>> {
    match node {
        Node::Leaf(leaf) => written_leaf(py, leaf, names, tree),
        Node::Branch(branch) => {
            let stats = branch.stats.0.clone().into_bound_py_any(py)?;
            written_branch(branch, stats, names, &tree.words)
        }
    }
}

/// A branch of either kind of tree.
pub fn written_branch<'py, S>(
    branch: &Branch<S>,
    stats: Bound<'py, PyAny>,
    names: &Names,
    words: &Names,
) -> PyResult<Bound<'py, PyAny>> {
    let py = stats.py();
    let (kind, about) = match &branch.test {
        Test::AtMost { threshold, .. } => ("at_most", typed(py, *threshold)?),
        Test::Equal { word, .. } => ("equal", words.name(*word).into_bound_py_any(py)?),
        Test::Among { words: among, .. } => {
            let among: Vec<&str> = among.iter().map(|word| words.name(*word)).collect();
            ("among", among.into_bound_py_any(py)?)
        }
    };
    let feature = names.name(branch.test.feature());
    (kind, feature, about, branch.depth, branch.children.clone(), stats).into_bound_py_any(py)
}

fn written_leaf<'py>(
    py: Python<'py>,
    leaf: &Leaf,
    names: &Names,
    tree: &Tree,
) -> PyResult<Bound<'py, PyAny>> {
    let splitters = match &leaf.splitters {
        None => None,
        Some(splitters) => {
            let found = PyList::empty(py);
            for (feature, splitter) in splitters {
                found.append(written_splitter(py, names.name(*feature), splitter, tree)?)?;
            }
            Some(found)
        }
    };
    (
        "leaf",
        leaf.classes.0.clone(),
        leaf.depth,
        splitters,
        leaf.attempted_at,
        leaf.attempted,
        leaf.majority_right,
        leaf.bayes_right,
        leaf.begun,
    )
        .into_bound_py_any(py)
}

fn written_splitter<'py>(
    py: Python<'py>,
    feature: &str,
    splitter: &Splitter,
    tree: &Tree,
) -> PyResult<Bound<'py, PyAny>> {
    match splitter {
        Splitter::Gaussian(gaussian) => {
            let normals = PyList::empty(py);
            for found in &gaussian.0 {
                let (least, most) = (typed(py, found.least)?, typed(py, found.most)?);
                normals.append((found.class, found.count, found.mean, found.squares, least, most))?;
            }
            ("gaussian", feature, normals).into_bound_py_any(py)
        }
        Splitter::Nominal(nominal) => {
            let named = |(word, count): &(u32, f64)| (tree.words.name(*word), *count);
            let counts = |found: &Counts| (found.class, found.of_words.iter().map(named).collect::<Vec<_>>());
            let classes: Vec<_> = nominal.classes.iter().map(counts).collect();
            let words: Vec<&str> = nominal.words.iter().map(|word| tree.words.name(*word)).collect();
            ("nominal", feature, classes, words, nominal.total).into_bound_py_any(py)
        }
    }
}
