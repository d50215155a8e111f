//! Taking over from Python's engine, and giving back.

use super::clock::Clock;
use super::drift::Drift;
use super::fields::{Accepted, Plan};
use super::guard::{Bins, Column, Guard, Kept};
use super::guarded::Guarded;
use super::model::{Compiled, Model};
use super::rows::{Item, Rows};
use super::scores::{Counter, Scores};
use super::state::{Added, Given, Taken};
use super::step::{Live, Window};
use super::value::{Num, Value};
use super::{item, Lane};
use hashbrown::{HashMap, HashSet};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// What the contract accepts in one field: low, high, texts (`None`: any), booleans, required.
type AcceptedFrom = (f64, f64, Option<Vec<String>>, bool, bool);

fn accepted(given: AcceptedFrom) -> Accepted {
    let (low, high, texts, booleans, required) = given;
    let texts = texts.map(|texts| texts.into_iter().map(String::into_boxed_str).collect::<HashSet<_>>());
    Accepted { low, high, texts, booleans, required }
}

pub fn plan(given: &Bound<'_, PyDict>) -> PyResult<Plan> {
    let fields: Vec<(String, AcceptedFrom)> = item(given, "accepted")?.extract()?;
    let accepted: HashMap<String, Accepted> =
        fields.into_iter().map(|(name, one)| (name, accepted(one))).collect();
    let extra: Option<AcceptedFrom> = item(given, "extra")?.extract()?;
    let dropped: Vec<String> = item(given, "dropped")?.extract()?;
    Ok(Plan {
        id: item(given, "id")?.extract()?,
        time: item(given, "time")?.extract()?,
        label: item(given, "label")?.extract()?,
        kind: item(given, "kind")?.extract()?,
        key: item(given, "key")?.extract()?,
        dropped: dropped.into_iter().collect(),
        required: accepted.values().filter(|one| one.required).count(),
        accepted,
        extra: extra.map(self::accepted),
        divisor: item(given, "divisor")?.extract()?,
    })
}

pub fn counters(given: &Bound<'_, PyDict>) -> PyResult<[Counter; 3]> {
    let found: Vec<(bool, bool, Vec<f64>)> = item(given, "counters")?.extract()?;
    let mut made = found.into_iter().map(|(pairs, bins, edges)| Counter::new(pairs, bins, edges));
    let mut next =
        || made.next().ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("too few counters"));
    Ok([next()?, next()?, next()?])
}

impl Lane {
    pub(crate) fn take_over(&mut self, py: Python<'_>, given: Given<'_>) -> PyResult<()> {
        if let Some(bins) = given.bins {
            self.bins =
                bins.iter().map(|(name, one)| self.bins_of(py, name, one)).collect::<PyResult<_>>()?;
        }
        let guard = self.guard(py, &given.guard_columns, &given.guard_block, given.guard_seen)?;
        let [served, last_labels, baselines] = self.scores.clone();
        let opened = given.window;
        let learned = opened.learnable;
        let early_count = given.early.len()?;
        let early_since = match early_count {
            0 => f64::NEG_INFINITY,
            _ => given
                .early
                .call_method0("values")?
                .try_iter()?
                .next()
                .transpose()?
                .map_or(Ok(f64::NEG_INFINITY), |first| first.getattr("since")?.extract())?,
        };
        let drift = match (&given.detector, &given.on_loss) {
            (Some(detector), Some(on_loss)) => Some(Drift::new(detector, on_loss)?),
            _ => None,
        };
        self.live = Some(Live {
            clock: Clock::new(&given.counts.times),
            scores: Scores {
                served,
                last_labels,
                baselines,
                prior: given.prior,
                sums: given.sums,
                last_label: given.counts.last_label,
            },
            began: given.began,
            model: match given.compiled {
                Some(model) => Model::Compiled(Compiled::new(model.unbind())),
                None => Model::Callback { predict: given.predict.unbind(), learn: given.learn.unbind() },
            },
            champion: self.shared.model(py, &given.champion)?,
            champion_json: given.champion_json,
            window: Window {
                rows: match &opened.reservoir {
                    Some(reservoir) => taken_items(&reservoir.getattr("rows")?)?,
                    None => vec![],
                },
                learnable: taken_items(&learned)?,
                learned: learned.unbind(),
                windows: opened.windows.unbind(),
                reservoir: opened.reservoir.map(Bound::unbind),
                index: opened.index,
                outcomes: opened.outcomes,
                end: opened.end,
                size: opened.size,
                seen: opened.seen,
                next: opened.next,
                draws: None,
            },
            drift,
            guarded: match given.guarded {
                Some(one) => Some(Guarded {
                    name: self.shared.model(py, &one.name)?,
                    model: Compiled::new(one.model.unbind()),
                    learn: one.learn.unbind(),
                    outcomes: one.outcomes,
                    learned: one.learned,
                    advantage: one.advantage,
                }),
                None => None,
            },
            guard,
            guard_fresh: false,
            early: given.early.unbind(),
            early_count,
            early_since,
            looked: 0,
            positions: vec![],
            counts: given.counts,
        });
        Ok(())
    }

    fn bins_of(
        &mut self,
        py: Python<'_>,
        name: &Bound<'_, PyString>,
        bins: &Bound<'_, PyAny>,
    ) -> PyResult<Bins> {
        let places: Bound<'_, PyDict> = bins.getattr("places")?.extract()?;
        let mut known = HashMap::new();
        for (value, place) in places.iter() {
            match Value::of(&value) {
                Some(Value::Bool(value)) => known.insert(Kept::Bool(value), place.extract()?),
                Some(Value::Text(text)) => known.insert(Kept::Text(text), place.extract()?),
                _ => return Err(pyo3::exceptions::PyTypeError::new_err("a category is text or a boolean")),
            };
        }
        let size: usize = bins.getattr("size")?.extract()?;
        let number = self.fields.number(py, name.to_str()?);
        Ok(Bins {
            name: number.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("too many names"))?,
            numeric: bins.getattr("numeric")?.extract()?,
            edges: bins.getattr("edges")?.extract()?,
            places: known,
            counts: vec![0; size],
            missing: 0,
            strange: 0,
        })
    }

    fn guard(
        &mut self,
        py: Python<'_>,
        columns: &[Bound<'_, PyAny>],
        block: &Bound<'_, PyAny>,
        seen: u64,
    ) -> PyResult<Guard> {
        let mut made = Vec::with_capacity(columns.len());
        for given in columns {
            let (name, column): (Bound<'_, PyString>, Bound<'_, PyAny>) = given.extract()?;
            let number = self.fields.number(py, name.to_str()?);
            let number = number.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("too many names"))?;
            let last = column.getattr("last")?;
            let mut values = vec![];
            for row in block.try_iter()? {
                let row = row?;
                if let Some(value) = row.cast::<PyDict>()?.get_item(&name)? {
                    values.extend(Num::of(&value).map(Num::float));
                }
            }
            made.push(Column {
                name: number,
                floor: column.getattr("floor")?.extract()?,
                ceiling: column.getattr("ceiling")?.extract()?,
                patience: column.getattr("patience")?.extract()?,
                limit: column.getattr("limit")?.extract()?,
                windows: column.getattr("windows")?.extract()?,
                edges: column.getattr("edges")?.extract()?,
                last: Num::of(&last),
                run: column.getattr("run")?.extract()?,
                drifted: column.getattr("drifted")?.extract()?,
                block: values,
            });
        }
        Ok(Guard { columns: made, block: vec![], before: block.len()?, seen })
    }

    pub(crate) fn give_back<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Taken<'py>>> {
        let Some(mut live) = self.live.take() else { return Ok(None) };
        if let Some(drift) = &mut live.drift {
            drift.give_back(py)?;
        }
        let window = &mut live.window;
        if let Some(reservoir) = &window.reservoir {
            put_items(&reservoir.bind(py).getattr("rows")?, std::mem::take(&mut window.rows))?;
        }
        put_items(window.learned.bind(py), std::mem::take(&mut window.learnable))?;
        let columns = live.guard.columns.iter().map(|column| {
            let last = match column.last {
                Some(last) => last.to_py(py)?,
                None => py.None().into_bound(py),
            };
            Ok((last, column.run, column.drifted))
        });
        let block = live.guard.block.iter().map(|row| self.shared.features(py, &row.features));
        let looks = self.bins.iter_mut().map(|bins| {
            let counts =
                std::mem::replace(&mut bins.counts, vec![0; bins.places.len().max(bins.edges.len()) + 1]);
            (counts, std::mem::take(&mut bins.missing), std::mem::take(&mut bins.strange))
        });
        let scores = &mut live.scores;
        live.counts.times = live.clock.times();
        live.counts.last_label = scores.last_label;
        Ok(Some(Taken {
            counts: live.counts,
            prior: scores.prior.clone(),
            sums: scores.sums.clone(),
            added: Added {
                served: scores.served.taken(),
                last_labels: scores.last_labels.taken(),
                baselines: scores.baselines.taken(),
            },
            positions: live.positions.into_iter().map(|(name, at)| (name, at.into_bound(py))).collect(),
            window_outcomes: window.outcomes,
            window_end: window.end,
            seen: window.seen,
            draws: window.draws.as_ref().map(|draws| (draws.next, draws.weight, draws.twister.state())),
            guard_columns: columns.collect::<PyResult<_>>()?,
            guard_fresh: live.guard_fresh,
            guard_block: block.collect::<PyResult<_>>()?,
            guard_seen: live.guard.seen,
            guarded: live.guarded.map(|one| (one.outcomes, one.learned, one.advantage)),
            looked: live.looked,
            looks: looks.collect(),
        }))
    }
}

fn taken_items(rows: &Bound<'_, PyAny>) -> PyResult<Vec<Item>> {
    Ok(std::mem::take(&mut rows.cast::<Rows>()?.borrow_mut().items))
}

fn put_items(rows: &Bound<'_, PyAny>, items: Vec<Item>) -> PyResult<()> {
    rows.cast::<Rows>()?.borrow_mut().items = items;
    Ok(())
}
