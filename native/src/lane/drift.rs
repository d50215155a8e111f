//! The champion's loss: what is usual, and what ADWIN makes of it until there is an alarm.

use super::adwin::Adwin;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

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

/// `engine.monitoring.detectors.loss_drift.LossDrift`: it is deaf between its tests.
pub struct Drift {
    detector: Py<PyAny>,
    on_loss: Py<PyAny>,
    /// None while Python's detector takes every loss itself.
    adwin: Option<Adwin>,
    unit: f64,
    largest: f64,
    /// Losses that ADWIN has been given, and those since its last test.
    seen: u64,
    block: Vec<f64>,
}

impl Drift {
    pub fn read(detector: &Bound<'_, PyAny>, on_loss: &Bound<'_, PyAny>) -> PyResult<Drift> {
        let mut drift = Drift {
            detector: detector.clone().unbind(),
            on_loss: on_loss.clone().unbind(),
            adwin: None,
            unit: 1.0,
            largest: 0.0,
            seen: 0,
            block: Vec::with_capacity(CLOCK as usize),
        };
        drift.look(detector.py())?;
        Ok(drift)
    }

    fn look(&mut self, py: Python<'_>) -> PyResult<()> {
        let lent = self.detector.bind(py).call_method0("lend")?;
        self.adwin = None;
        if !lent.is_none() {
            self.seen = lent.getattr("seen")?.extract()?;
            self.block = lent.getattr("block")?.extract()?;
            self.unit = lent.getattr("unit")?.extract()?;
            self.largest = lent.getattr("largest")?.extract()?;
            let state = lent.getattr("adwin")?;
            self.adwin = Adwin::read(state.cast::<PyBytes>()?.as_bytes(), self.seen);
        }
        Ok(())
    }

    /// Takes a loss; returns what the detector proposes.
    pub fn add(&mut self, py: Python<'_>, loss: f64) -> PyResult<Option<Py<PyAny>>> {
        if let Some(adwin) = &mut self.adwin {
            let units = loss / self.unit;
            self.block.push(if self.largest < units { self.largest } else { units });
            if (self.seen + self.block.len() as u64) % CLOCK != 0 {
                return Ok(None);
            }
            let before = adwin.clone();
            if adwin.take(&self.block) {
                self.seen += self.block.len() as u64;
                self.block.clear();
                return Ok(None);
            }
            *adwin = before;
            self.block.pop();
        }
        // Python's detector takes what its test may find.
        self.give_back(py)?;
        let found = self.on_loss.bind(py).call1((loss,))?;
        self.look(py)?;
        Ok((!found.is_none()).then(|| found.unbind()))
    }

    /// Python's detector is up to date.
    pub fn give_back(&mut self, py: Python<'_>) -> PyResult<()> {
        if let Some(adwin) = &self.adwin {
            let state = PyBytes::new(py, &adwin.write());
            self.detector.bind(py).call_method1("take_back", (self.seen, self.block.clone(), state))?;
        }
        Ok(())
    }
}
