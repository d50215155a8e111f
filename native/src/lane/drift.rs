//! The champion's loss: what is usual, and the values that Python's ADWIN is given at its next test.

use pyo3::prelude::*;
use pyo3::types::PyList;

/// Values from one test of ADWIN to the next.
const CLOCK: u64 = 32;

const FIRST: u64 = 50;
const FAR: f64 = 20.0;

/// `engine.supervision.usual_loss.MeanLoss.add`.
pub fn add_usual(events: &mut u64, mean: &mut f64, loss: f64) {
    *events += 1;
    let far = FAR * *mean;
    let loss = if *events > FIRST && loss > far && far > 0.0 { far } else { loss };
    *mean += (loss - *mean) / *events as f64;
}

/// Losses for `engine.monitoring.detectors.loss_drift.LossDrift`, which is deaf between its tests.
pub struct Drift {
    detector: Py<PyAny>,
    on_loss: Py<PyAny>,
    seen: u64,
    ready: bool,
    unit: f64,
    largest: f64,
    block: Vec<f64>,
}

impl Drift {
    pub fn read(detector: &Bound<'_, PyAny>, on_loss: &Bound<'_, PyAny>) -> PyResult<Drift> {
        let (seen, ready, unit, largest) = detector.call_method0("progress")?.extract()?;
        Ok(Drift {
            detector: detector.clone().unbind(),
            on_loss: on_loss.clone().unbind(),
            seen,
            ready,
            unit,
            largest,
            block: Vec::with_capacity(CLOCK as usize),
        })
    }

    /// Takes a loss; returns what the detector proposes.
    pub fn add(&mut self, py: Python<'_>, loss: f64) -> PyResult<Option<Py<PyAny>>> {
        if self.ready && (self.seen + self.block.len() as u64 + 1) % CLOCK != 0 {
            let units = loss / self.unit;
            self.block.push(if self.largest < units { self.largest } else { units });
            return Ok(None);
        }
        self.give_back(py)?;
        let found = self.on_loss.bind(py).call1((loss,))?;
        let progress = self.detector.bind(py).call_method0("progress")?;
        (self.seen, self.ready, self.unit, self.largest) = progress.extract()?;
        Ok((!found.is_none()).then(|| found.unbind()))
    }

    /// Python's detector gets the values at hand, all before its next test.
    pub fn give_back(&mut self, py: Python<'_>) -> PyResult<()> {
        if !self.block.is_empty() {
            self.detector.bind(py).call_method1("hold", (PyList::new(py, &self.block)?,))?;
            self.seen += self.block.len() as u64;
            self.block.clear();
        }
        Ok(())
    }
}
