//! Linear pipelines: transformers that learn from features alone, and a linear model behind them.

mod glm;
mod min_max;
mod one_hot;
mod scaler;
mod steps;

pub use glm::{Glm, Loss};
pub use min_max::{Extreme, MinMax};
pub use one_hot::OneHot;
pub use scaler::Scaler;
pub use steps::{Part, Step, Types};

use crate::model::{Cell, Label, Model, Output, Refused, Row};
use crate::names::Names;
use steps::Pass;

pub struct Linear {
    pub names: Names,
    pub steps: Vec<Step>,
    pub glm: Glm,
    cells: Vec<Cell>,
    /// A record has had a field with the name of a category: two features of one name.
    ambiguous: bool,
}

impl Linear {
    pub fn new(names: Names, steps: Vec<Step>, glm: Glm) -> Self {
        Linear {
            names,
            steps,
            glm,
            cells: Vec::new(),
            ambiguous: false,
        }
    }

    /// What the linear model sees of a row.
    fn transform(&mut self, row: &Row, learns: bool) -> Result<(), Refused> {
        if self.ambiguous {
            return Err(Refused);
        }
        self.cells.clear();
        self.cells.extend_from_slice(&row.cells);
        let mut pass = Pass {
            names: &mut self.names,
            texts: &row.texts,
            learns,
        };
        for step in &mut self.steps {
            step.apply(&mut self.cells, &mut pass)?;
        }
        Ok(())
    }

    fn commit(&mut self) {
        self.steps.iter_mut().for_each(Step::commit);
    }
}

impl Model for Linear {
    fn field(&mut self, name: &str) -> u32 {
        let number = self.names.number(name);
        self.ambiguous |= self.names.is_category(number);
        number
    }

    fn predict(&mut self, row: &Row) -> Result<Output, Refused> {
        self.transform(row, false)?;
        let output = self.glm.predict(&self.cells)?;
        self.commit();
        Ok(output)
    }

    fn learn(&mut self, row: &Row, label: Label) -> Result<(), Refused> {
        self.transform(row, true)?;
        self.glm.learn(&self.cells, label)?;
        self.commit();
        Ok(())
    }
}
