//! `OneVsRestClassifier`: a linear model for each class, which tells it from all others.

use crate::glm::Glm;
use crate::model::{class_number, finite, Cell, Class, Label, Output, Refused};

pub struct OneVsRest {
    /// What a class begins with.
    pub fresh: Glm,
    /// In the order in which they came.
    pub classes: Vec<(Class, Glm)>,
}

impl OneVsRest {
    pub fn predict(&self, cells: &[Cell]) -> Result<Output, Refused> {
        let mut votes = Vec::with_capacity(self.classes.len());
        let mut total = 0.0;
        for (place, (_, model)) in self.classes.iter().enumerate() {
            let Output::Probability { yes, .. } = model.predict(cells)? else {
                return Err(Refused::Record);
            };
            votes.push((place as u32, yes));
            total += yes;
        }
        let even = 1.0 / votes.len() as f64;
        for (_, share) in &mut votes {
            *share = if total == 0.0 { even } else { finite(*share / total)? };
        }
        Ok(Output::Classes(votes))
    }

    pub fn learn(&mut self, cells: &[Cell], label: Label<'_>) -> Result<(), Refused> {
        let class = Class::of(label)?;
        let place = class_number(self.classes.iter().map(|(class, _)| class), &class)?;
        let mut new = (place == self.classes.len()).then(|| (class, self.fresh.clone()));
        for (number, (_, model)) in self.classes.iter_mut().chain(&mut new).enumerate() {
            model.stage(cells, Label::Bool(number == place))?;
        }
        self.classes.extend(new);
        self.classes.iter_mut().for_each(|(_, model)| model.commit(cells));
        Ok(())
    }
}
