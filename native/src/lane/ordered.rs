//! Entries by id in the order of arrival, as `collections.OrderedDict` has them: with those of the lane as they are.

use super::output::{Target, Task};
use super::row::{Outputs, Row, Shared};
use hashbrown::{DefaultHashBuilder, HashTable};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::Arc;

pub enum Entry {
    Pending { row: Arc<Row>, outputs: Outputs },
    Resolved { since: f64, label: Option<Target>, loss: Option<f64>, pending: Option<Arc<Row>> },
    Object { since: f64, object: Py<PyAny> },
}

impl Entry {
    pub fn since(&self) -> f64 {
        match self {
            Entry::Pending { row, .. } => row.time,
            Entry::Resolved { since, .. } | Entry::Object { since, .. } => *since,
        }
    }
}

/// Holes that are left before what is behind them is moved together.
const FEW_HOLES: usize = 1024;

#[pyclass(module = "riverkeeper_native")]
pub struct Ordered {
    places: HashTable<u64>,
    items: VecDeque<Option<(Arc<str>, Entry)>>,
    base: u64,
    hasher: DefaultHashBuilder,
    shared: Arc<Shared>,
}

impl Ordered {
    pub fn new(shared: Arc<Shared>) -> Ordered {
        Ordered {
            places: HashTable::new(),
            items: VecDeque::new(),
            base: 0,
            hasher: DefaultHashBuilder::default(),
            shared,
        }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn find(&self, name: &str) -> Option<u64> {
        let (items, base) = (&self.items, self.base);
        let hash = self.hasher.hash_one(name);
        self.places.find(hash, |place| is_at(items, base, *place, name)).copied()
    }

    pub fn contains(&self, name: &str) -> bool {
        !self.places.is_empty() && self.find(name).is_some()
    }

    pub fn get(&self, name: &str) -> Option<&Entry> {
        let place = self.find(name)?;
        self.items[(place - self.base) as usize].as_ref().map(|(_, entry)| entry)
    }

    /// Adds an entry at the end; one of the same name is replaced where it is.
    pub fn insert(&mut self, name: Arc<str>, entry: Entry) {
        if let Some(place) = self.find(&name) {
            self.items[(place - self.base) as usize] = Some((name, entry));
            return;
        }
        let place = self.base + self.items.len() as u64;
        let hash = self.hasher.hash_one(&*name);
        self.items.push_back(Some((name, entry)));
        let (items, base, hasher) = (&self.items, self.base, &self.hasher);
        self.places.insert_unique(hash, place, |place| hash_at(items, base, hasher, *place));
    }

    pub fn take(&mut self, name: &str) -> Option<(Arc<str>, Entry)> {
        let (items, base) = (&self.items, self.base);
        let hash = self.hasher.hash_one(name);
        let found = self.places.find_entry(hash, |place| is_at(items, base, *place, name)).ok()?;
        let (place, _) = found.remove();
        let taken = self.items[(place - self.base) as usize].take();
        self.tidy();
        taken
    }

    /// Adds an entry of Python's under its name.
    pub fn put(&mut self, name: &Bound<'_, PyString>, entry: Entry) -> PyResult<()> {
        self.insert(Arc::from(key(name)?), entry);
        Ok(())
    }

    /// The event time since which the oldest waits.
    pub fn oldest(&self) -> Option<f64> {
        self.items.front()?.as_ref().map(|(_, entry)| entry.since())
    }

    /// As `Waiting.expired`: removes entries that are too old at `now`, and those beyond the number.
    pub fn expire(&mut self, now: f64, seconds: f64, most: usize) {
        let (earliest, latest) = (now - seconds, now + seconds);
        let mut moved = 0;
        while let Some(since) = self.oldest() {
            if self.len() <= most {
                if since > latest && latest > f64::NEG_INFINITY && moved < 2 {
                    if let Some((name, entry)) = self.pop_front() {
                        self.insert(name, entry);
                    }
                    moved += 1;
                    continue;
                }
                if since >= earliest {
                    return;
                }
            }
            self.pop_front();
        }
    }

    /// How many of the oldest `Waiting.expired` would take at `now`; `None` when they are not all plain
    /// predictions, when one would move to the end, or when the one named is among them.
    pub fn expiring(&self, now: f64, seconds: f64, most: usize, but: &str) -> Option<usize> {
        let (earliest, latest) = (now - seconds, now + seconds);
        let mut left = self.len();
        for (name, entry) in self.items.iter().flatten() {
            if left <= most {
                let since = entry.since();
                if since > latest && latest > f64::NEG_INFINITY {
                    return None;
                }
                if since >= earliest {
                    break;
                }
            }
            if !matches!(entry, Entry::Pending { .. }) || **name == *but {
                return None;
            }
            left -= 1;
        }
        Some(self.len() - left)
    }

    pub fn pop_front(&mut self) -> Option<(Arc<str>, Entry)> {
        let name = self.items.front()?.as_ref()?.0.clone();
        self.take(&name)
    }

    /// The first entry is always there, and holes are few.
    fn tidy(&mut self) {
        while let Some(None) = self.items.front() {
            self.items.pop_front();
            self.base += 1;
        }
        if self.items.len() > 2 * self.places.len() + FEW_HOLES {
            let kept: VecDeque<_> =
                std::mem::take(&mut self.items).into_iter().filter(Option::is_some).collect();
            self.items = kept;
            self.base = 0;
            self.places.clear();
            for place in 0..self.items.len() as u64 {
                let hash = hash_at(&self.items, 0, &self.hasher, place);
                let (items, hasher) = (&self.items, &self.hasher);
                self.places.insert_unique(hash, place, |place| hash_at(items, 0, hasher, *place));
            }
        }
    }

    fn made<'py>(&self, py: Python<'py>, entry: &Entry) -> PyResult<Bound<'py, PyAny>> {
        match entry {
            Entry::Pending { row, outputs } => self.shared.pending(py, row, outputs.as_deref()),
            Entry::Resolved { since, label, loss, pending } => {
                self.shared.resolved(py, *since, *label, *loss, pending.as_ref())
            }
            Entry::Object { object, .. } => Ok(object.bind(py).clone()),
        }
    }
}

fn is_at(items: &VecDeque<Option<(Arc<str>, Entry)>>, base: u64, place: u64, name: &str) -> bool {
    matches!(items.get((place - base) as usize), Some(Some((known, _))) if **known == *name)
}

fn hash_at(
    items: &VecDeque<Option<(Arc<str>, Entry)>>,
    base: u64,
    hasher: &DefaultHashBuilder,
    place: u64,
) -> u64 {
    match items.get((place - base) as usize) {
        Some(Some((name, _))) => hasher.hash_one(&**name),
        _ => 0,
    }
}

/// Marks a name that is no UTF-8 (half a surrogate pair, from a program that embeds the engine).
const MARK: &str = "\u{0}\u{10ffff}";

/// A name of Python's as text that can be told from every other.
fn key<'a>(name: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, str>> {
    if let Ok(text) = name.to_str() {
        return Ok(Cow::Borrowed(text));
    }
    let bytes = name.call_method1("encode", ("utf-8", "surrogatepass"))?;
    let hex: String = bytes.cast::<PyBytes>()?.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Cow::Owned(format!("{MARK}{hex}")))
}

/// The name of Python's again.
fn name_of<'py>(py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
    let Some(hex) = key.strip_prefix(MARK) else {
        return Ok(PyString::new(py, key).into_any());
    };
    let bytes: Option<Vec<u8>> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    match bytes {
        Some(bytes) => PyBytes::new(py, &bytes).call_method1("decode", ("utf-8", "surrogatepass")),
        None => Ok(PyString::new(py, key).into_any()),
    }
}

#[pymethods]
impl Ordered {
    /// An empty one; `classes` are those of Python's that entries are made of.
    #[new]
    fn made_by_python(classes: Bound<'_, PyAny>) -> PyResult<Ordered> {
        Ok(Ordered::new(Arc::new(Shared::new(&classes, Task::Binary, None)?)))
    }

    fn __len__(&self) -> usize {
        self.len()
    }

    fn __contains__(&self, name: &Bound<'_, PyString>) -> PyResult<bool> {
        Ok(self.contains(&key(name)?))
    }

    fn __setitem__(&mut self, name: &Bound<'_, PyString>, entry: &Bound<'_, PyAny>) -> PyResult<()> {
        let since: f64 = entry.getattr("since")?.extract()?;
        self.insert(Arc::from(key(name)?), Entry::Object { since, object: entry.clone().unbind() });
        Ok(())
    }

    fn __delitem__(&mut self, name: &Bound<'_, PyString>) -> PyResult<()> {
        match self.take(&key(name)?) {
            Some(_) => Ok(()),
            None => Err(PyKeyError::new_err(name.clone().unbind())),
        }
    }

    #[pyo3(name = "get")]
    fn py_get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'_, PyString>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.get(&key(name)?).map(|entry| self.made(py, entry)).transpose()
    }

    #[pyo3(signature = (name, default=None))]
    fn pop<'py>(
        &mut self,
        py: Python<'py>,
        name: &Bound<'_, PyString>,
        default: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.take(&key(name)?) {
            Some((_, entry)) => self.made(py, &entry),
            None => Ok(default.unwrap_or_else(|| py.None()).into_bound(py)),
        }
    }

    fn move_to_end(&mut self, name: &Bound<'_, PyString>) -> PyResult<()> {
        match self.take(&key(name)?) {
            Some((name, entry)) => {
                self.insert(name, entry);
                Ok(())
            }
            None => Err(PyKeyError::new_err(name.clone().unbind())),
        }
    }

    fn items(slf: Bound<'_, Self>) -> EntryIterator {
        EntryIterator { entries: slf.unbind(), next: 0, named: true }
    }

    fn values(slf: Bound<'_, Self>) -> EntryIterator {
        EntryIterator { entries: slf.unbind(), next: 0, named: false }
    }
}

/// Goes over the entries; none may be removed meanwhile.
#[pyclass(module = "riverkeeper_native")]
pub struct EntryIterator {
    entries: Py<Ordered>,
    next: u64,
    named: bool,
}

#[pymethods]
impl EntryIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut entries = self.entries.borrow_mut(py);
        while (self.next as usize) < entries.items.len() {
            self.next += 1;
            let place = self.next as usize - 1;
            let Some((name, entry)) = &entries.items[place] else { continue };
            let made = entries.made(py, entry)?;
            if self.named {
                return Ok(Some((name_of(py, name)?, made).into_pyobject(py)?.into_any()));
            }
            // What is given out may be changed, so that it is the entry from now on.
            let since = entry.since();
            if let Some((_, entry)) = &mut entries.items[place] {
                *entry = Entry::Object { since, object: made.clone().unbind() };
            }
            return Ok(Some(made));
        }
        Ok(None)
    }
}

/// An entry of the lane's from one of Python's, where it is plain enough.
pub fn adopted(
    shared: &Shared,
    number: &mut dyn FnMut(&Bound<'_, PyString>) -> Option<u32>,
    entry: &Bound<'_, PyAny>,
) -> PyResult<Entry> {
    let since: f64 = entry.getattr("since")?.extract()?;
    let found = if entry.is_instance(shared.resolved.bind(entry.py()))? {
        resolved_of(shared, number, entry, since)?
    } else {
        super::reading::pending_of(shared, number, entry)?
            .map(|(row, outputs)| Entry::Pending { row: Arc::new(row), outputs })
    };
    Ok(found.unwrap_or_else(|| Entry::Object { since, object: entry.clone().unbind() }))
}

fn resolved_of(
    shared: &Shared,
    number: &mut dyn FnMut(&Bound<'_, PyString>) -> Option<u32>,
    entry: &Bound<'_, PyAny>,
    since: f64,
) -> PyResult<Option<Entry>> {
    let (Some(label), Some(loss)) = (
        super::reading::label_of(shared, &entry.getattr("label")?),
        super::reading::loss_of(&entry.getattr("loss")?),
    ) else {
        return Ok(None);
    };
    let pending = entry.getattr("pending")?;
    let pending = match pending.is_none() {
        true => None,
        false => match super::reading::pending_of(shared, number, &pending)? {
            Some((row, _)) => Some(Arc::new(row)),
            None => return Ok(None),
        },
    };
    Ok(Some(Entry::Resolved { since, label, loss, pending }))
}
