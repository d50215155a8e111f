//! What a window that passed shows of each column of numbers, as `engine.core.input_guard.Passed`.

use super::row::Shared;
use super::rows::{Item, Rows};
use super::value::Num;
use hashbrown::{HashMap, HashSet};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use std::cmp::Ordering;

const BLOCK: usize = 50;
const BLOCKS_OF_A_WINDOW: usize = 20;
const SAMPLE: usize = 400;
const FEW: usize = 10;
const STEPS: usize = 10;

/// Lowest, highest, longest run, values for the sample, and distances of blocks.
pub type Passed<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, usize, Bound<'py, PyList>, Vec<f64>);

/// A column by its name, with its numbers.
type Column = (String, Vec<Num>);

/// The numbers of each column, in the order in which names come up; `None` where one is too big for a float.
fn gathered(py: Python<'_>, shared: &Shared, rows: &[&Item]) -> PyResult<Option<Vec<Column>>> {
    let mut columns: Vec<Column> = vec![];
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut by_number: Vec<usize> = vec![];
    let mut named = |columns: &mut Vec<Column>, name: String| {
        *by_name.entry(name).or_insert_with_key(|name| {
            columns.push((name.clone(), Vec::with_capacity(rows.len())));
            columns.len() - 1
        })
    };
    for item in rows {
        match item {
            Item::Native(fate) => {
                for (number, value) in &fate.row.features {
                    let at = *number as usize;
                    if by_number.len() <= at {
                        by_number.resize(at + 1, usize::MAX);
                    }
                    if by_number[at] == usize::MAX {
                        by_number[at] = named(&mut columns, shared.name(*number, py).to_cow()?.into_owned());
                    }
                    columns[by_number[at]].1.extend(value.number());
                }
            }
            Item::Object(object) => {
                let features = object.bind(py).getattr("example")?.getattr("features")?;
                for (name, cell) in features.cast::<PyDict>()?.iter() {
                    let Ok(name) = name.cast_exact::<PyString>() else { return Ok(None) };
                    let place = named(&mut columns, name.to_cow()?.into_owned());
                    match super::value::Value::of(&cell) {
                        Some(value) => columns[place].1.extend(value.number()),
                        None => return Ok(None),
                    }
                }
            }
        }
    }
    Ok(Some(columns))
}

/// The rows that count, in the order of predictions.
fn counting<'a>(py: Python<'_>, rows: &'a Rows, strange: bool, several: usize) -> PyResult<Vec<&'a Item>> {
    let mut found = Vec::with_capacity(rows.items.len());
    let mut count = 0;
    for item in &rows.items {
        let (sequence, is_strange) = match item {
            Item::Native(fate) => (fate.row.sequence, fate.row.strange.is_some()),
            Item::Object(object) => {
                let object = object.bind(py);
                (object.getattr("sequence")?.extract::<u64>()?, !object.getattr("strange")?.is_none())
            }
        };
        count += usize::from(is_strange);
        found.push((sequence, is_strange, item));
    }
    let all = strange && count >= several;
    found.retain(|(_, is_strange, _)| all || !is_strange);
    found.sort_by_key(|(sequence, _, _)| *sequence);
    Ok(found.into_iter().map(|(_, _, item)| item).collect())
}

fn differ(values: &[Num]) -> bool {
    let mut seen = HashSet::new();
    // 0 and -0 are the same.
    values.iter().any(|value| seen.insert((value.float() + 0.0).to_bits()) && seen.len() > FEW)
}

fn longest_run(values: &[Num]) -> usize {
    let (mut longest, mut run) = (0, 0);
    let mut last = f64::NAN;
    for value in values {
        run = if value.float() == last { run + 1 } else { 1 };
        last = value.float();
        longest = longest.max(run);
    }
    longest
}

fn quantiles(ordered: &[f64]) -> Vec<(f64, f64)> {
    let last = ordered.len() - 1;
    let mut edges: Vec<(f64, f64)> = vec![];
    for number in 0..=STEPS {
        let edge = ordered[last * number / STEPS];
        if edges.iter().all(|(known, _)| *known != edge) {
            let below = ordered.partition_point(|value| *value <= edge);
            edges.push((edge, below as f64 / ordered.len() as f64));
        }
    }
    edges
}

/// Numbers in order of size, as `f64::total_cmp` has it: whole numbers are sorted in half the time.
fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    // Of a negative number the bits but the sign count the other way round.
    let flipped = |bits: i64| bits ^ ((bits >> 63) as u64 >> 1) as i64;
    let mut keys: Vec<i64> = values.map(|value| flipped(value.to_bits() as i64)).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| f64::from_bits(flipped(key) as u64)).collect()
}

/// The values in order of size, as numbers and as Python's objects would be made of them.
fn ordered(values: &[Num]) -> (Vec<f64>, Vec<Num>) {
    if values.iter().all(|value| matches!(value, Num::Float(_))) {
        // A negative zero has no place of its own.
        let floats = sorted(values.iter().map(|value| value.float() + 0.0));
        let numbers = floats.iter().copied().map(Num::Float).collect();
        return (floats, numbers);
    }
    let mut numbers = values.to_vec();
    // As Python sorts: 0 and -0 stay in their order.
    numbers.sort_by(|one, other| one.float().partial_cmp(&other.float()).unwrap_or(Ordering::Equal));
    (numbers.iter().map(|value| value.float()).collect(), numbers)
}

fn passed<'py>(py: Python<'py>, values: &[Num], known: Vec<(f64, f64)>) -> PyResult<Passed<'py>> {
    let (floats, ordered) = ordered(values);
    let edges = if known.is_empty() { quantiles(&floats) } else { known };
    let apart = (values.len() / (BLOCK * BLOCKS_OF_A_WINDOW)).max(1) * BLOCK;
    let mut distances = vec![];
    let mut begin = 0;
    while begin + BLOCK <= values.len() {
        let block = sorted(values[begin..begin + BLOCK].iter().map(|value| value.float()));
        distances.push(super::guard::distance(py, &edges, &block)?);
        begin += apart;
    }
    let thin = ordered.iter().step_by((2 * ordered.len() / SAMPLE).max(1)).map(|value| value.to_py(py));
    let thin = PyList::new(py, thin.collect::<PyResult<Vec<_>>>()?)?;
    // Of values that are equal (1 and 1.0) the first one counts.
    let first = floats.partition_point(|value| *value < floats[floats.len() - 1]);
    let (low, high) = (ordered[0].to_py(py)?, ordered[first].to_py(py)?);
    Ok((low, high, longest_run(values), thin, distances))
}

/// What the rows show of each column that is a measurement; `None` when Python must look at them.
///
/// Strange rows are left out, unless `strange` says that they may be there and there are `several`.
pub fn of_rows<'py>(
    py: Python<'py>,
    rows: &Rows,
    strange: bool,
    several: usize,
    edges: &Bound<'py, PyDict>,
) -> PyResult<Option<Vec<(String, Passed<'py>)>>> {
    let counting = counting(py, rows, strange, several)?;
    let Some(columns) = gathered(py, &rows.shared, &counting)? else { return Ok(None) };
    let mut found = vec![];
    for (name, values) in columns {
        if values.len() < BLOCK || !differ(&values) {
            continue;
        }
        let known = match edges.get_item(&name)? {
            Some(known) => known.extract()?,
            None => vec![],
        };
        let shown = passed(py, &values, known)?;
        found.push((name, shown));
    }
    Ok(Some(found))
}
