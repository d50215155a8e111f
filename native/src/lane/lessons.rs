//! A shadow learns rows that are held, one by one as `engine.core.shadows.Shadow.learn` does.

use super::rivals::{LabelledOutcome, Learning, Shadow};
use super::row::Fate;
use super::rows::{Item, Rows};
use pyo3::prelude::*;

/// Has a shadow learn all rows, as far as it has not yet; what interrupts it comes through.
pub fn learn(py: Python<'_>, rows: &Rows, shadow: &Bound<'_, PyAny>) -> PyResult<()> {
    let shared = &rows.shared;
    let mut learner = Shadow::read(shared, shadow, true)?;
    for (place, item) in rows.items.iter().enumerate() {
        let Item::Native(fate @ Fate { label: Some(label), .. }) = item else {
            learner.write(py)?;
            shadow.call_method1("learn", (rows.made(py, place)?,))?;
            learner = Shadow::read(shared, shadow, true)?;
            continue;
        };
        let label = *label;
        match learner.learn(&mut LabelledOutcome { py, shared, fate, label, made: None })? {
            Learning::Done | Learning::Raised(_) => {}
            Learning::ByRiver { .. } => {
                // It may have been compiled anew, or no more.
                learner.write(py)?;
                learner = Shadow::read(shared, shadow, true)?;
            }
            Learning::Stopped(error) => {
                learner.write(py)?;
                return Err(error);
            }
        }
    }
    learner.write(py)
}
