//! The open window while the lane fills it.

use super::draws::{Draws, Twister};
use super::row::Fate;
use super::rows::{put_items, taken_items, Item};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Where a window is cut by event time.
#[derive(Clone, Copy)]
struct Span {
    seconds: f64,
    lateness: f64,
    /// The slot that event time has passed.
    passed: Option<f64>,
}

/// The one open window of `engine.windows.Windows`.
pub struct Window {
    windows: Py<PyAny>,
    pub slot: i64,
    /// None by count.
    span: Option<Span>,
    /// `engine.windows.OpenWindow`; none before its first outcome.
    opened: Option<Opened>,
    outcomes: u64,
    late: u64,
    end: f64,
    size: u64,
    seen: u64,
    /// The number of the next row that is kept, once there are more outcomes than rows are.
    next: u64,
    /// Where one was drawn.
    draws: Option<Draws>,
    rows: Vec<Item>,
    learnable: Vec<Item>,
    learned: Py<PyAny>,
}

struct Opened {
    window: Py<PyAny>,
    reservoir: Py<PyAny>,
}

impl Opened {
    fn of(window: &Bound<'_, PyAny>) -> PyResult<Opened> {
        Ok(Opened { window: window.clone().unbind(), reservoir: window.getattr("reservoir")?.unbind() })
    }
}

fn missing() -> PyErr {
    PyRuntimeError::new_err("the open window has no draws")
}

impl Window {
    /// `lent` is `engine.windows.LentWindow`.
    pub fn read(windows: &Bound<'_, PyAny>, lent: &Bound<'_, PyAny>) -> PyResult<Window> {
        let learned = windows.getattr("learnable_since")?;
        let slot: i64 = lent.getattr("slot")?.extract()?;
        let seconds: Option<f64> = lent.getattr("seconds")?.extract()?;
        let (lateness, passed) = (lent.getattr("lateness")?.extract()?, lent.getattr("passed")?.extract()?);
        let mut found = Window {
            windows: windows.clone().unbind(),
            opened: None,
            slot,
            span: seconds.map(|seconds| Span { seconds, lateness, passed }),
            outcomes: 0,
            late: 0,
            end: 0.0,
            size: windows.getattr("sampled")?.extract()?,
            seen: 0,
            next: 0,
            draws: None,
            rows: vec![],
            learnable: taken_items(&learned)?,
            learned: learned.unbind(),
        };
        let opened = windows.call_method1("opened", (slot,))?;
        if !opened.is_none() {
            found.outcomes = opened.getattr("outcomes")?.extract()?;
            found.late = opened.getattr("late")?.extract()?;
            found.end = opened.getattr("end")?.extract()?;
            let reservoir = opened.getattr("reservoir")?;
            (found.seen, found.next) = reservoir.call_method0("offered")?.extract()?;
            found.rows = taken_items(&reservoir.getattr("rows")?)?;
            found.opened = Some(Opened::of(&opened)?);
        }
        Ok(found)
    }

    /// Python's window has the rows again.
    pub fn write(self, py: Python<'_>) -> PyResult<()> {
        put_items(self.learned.bind(py), self.learnable)?;
        let Some(opened) = self.opened else { return Ok(()) };
        let (window, reservoir) = (opened.window.bind(py), opened.reservoir.bind(py));
        put_items(&reservoir.getattr("rows")?, self.rows)?;
        window.setattr("outcomes", self.outcomes)?;
        window.setattr("late", self.late)?;
        window.setattr("end", self.end)?;
        let draws = self.draws.map(|draws| (draws.next, draws.weight, draws.twister.state()));
        reservoir.call_method1("go_on", (self.seen, draws))?;
        Ok(())
    }

    /// The draws, which Python has until they are wanted.
    fn draws(&mut self, py: Python<'_>) -> PyResult<&mut Draws> {
        if self.draws.is_none() {
            let Some(opened) = &self.opened else { return Err(missing()) };
            let given = opened.reservoir.bind(py).call_method0("draws")?;
            let words: Vec<u32> = given.getattr("random")?.extract()?;
            self.draws = Some(Draws {
                twister: Twister::new(&words).ok_or_else(missing)?,
                size: self.size,
                next: given.getattr("next")?.extract()?,
                weight: given.getattr("weight")?.extract()?,
            });
        }
        self.draws.as_mut().ok_or_else(missing)
    }

    /// Whether no window closes with so many more outcomes, of which one holds `most`, at this event time.
    pub fn goes_on(&self, outcomes: u64, most: Option<u64>, now: f64) -> bool {
        let Some(span) = self.span else {
            return outcomes == 0 || most.is_none_or(|most| self.outcomes + outcomes < most);
        };
        let slot = self.slot as f64;
        let (begin, end) = ((slot - 1.0) * span.seconds, (slot + 1.0) * span.seconds);
        // Not a number, and no event time yet, are Python's.
        now >= begin - span.lateness && now < end + span.lateness
    }

    /// Whether an outcome of this event time goes into this window: `Windows.place`.
    pub fn takes(&self, time: f64, now: f64) -> bool {
        let Some(span) = self.span else { return true };
        let slot = (time.min(now) / span.seconds).floor();
        span.passed.is_some_and(|passed| slot <= passed) || slot == self.slot as f64
    }

    /// Adds an outcome, which was learned if it has a label.
    pub fn add(&mut self, py: Python<'_>, fate: Fate) -> PyResult<()> {
        if self.opened.is_none() {
            let begun = self.windows.bind(py).call_method1("begin", (self.slot, fate.time))?;
            self.opened = Some(Opened::of(&begun)?);
        }
        let behind = |span: Span| span.passed.is_some_and(|passed| fate.time < (passed + 1.0) * span.seconds);
        self.late += u64::from(self.span.is_some_and(behind));
        self.end = fate.time;
        self.outcomes += 1;
        self.seen += 1;
        if self.seen <= self.size {
            self.rows.push(Item::Native(fate.clone()));
        }
        if self.seen == self.size {
            let draws = self.draws(py)?;
            draws.full();
            self.next = draws.next;
        } else if self.seen > self.size && self.seen == self.next {
            let draws = self.draws(py)?;
            let place = draws.replace();
            self.next = draws.next;
            if let Some(item) = self.rows.get_mut(place) {
                *item = Item::Native(fate.clone());
            }
        }
        if fate.label.is_some() {
            self.learnable.push(Item::Native(fate));
        }
        Ok(())
    }
}
