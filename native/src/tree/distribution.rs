//! Weights of classes, in the order in which the classes came: River's dictionaries.

use crate::arithmetic::Python;

#[derive(Clone, Debug, Default)]
pub struct Distribution(pub Vec<(u32, f64)>);

impl Distribution {
    pub fn add(&mut self, class: u32, weight: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == class) {
            Some((_, found)) => *found += weight,
            None => self.0.push((class, weight)),
        }
    }

    pub fn weights(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().map(|(_, weight)| *weight)
    }

    pub fn total(&self, python: &Python) -> f64 {
        python.sum(self.weights())
    }

    pub fn most(&self) -> f64 {
        self.weights().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The first of the classes with the most weight.
    pub fn top(&self) -> Option<u32> {
        let mut best: Option<(u32, f64)> = None;
        for &(class, weight) in &self.0 {
            if best.is_none_or(|(_, most)| weight > most) {
                best = Some((class, weight));
            }
        }
        best.map(|(class, _)| class)
    }

    /// Each weight times one over the total, which River does rather than divide.
    pub fn normalized(&self, python: &Python) -> Distribution {
        let total = self.total(python);
        if total == 0.0 {
            return self.clone();
        }
        let share = 1.0 / total;
        Distribution(self.0.iter().map(|(class, weight)| (*class, weight * share)).collect())
    }

    /// Whether fewer than two classes have weight.
    pub fn is_pure(&self) -> bool {
        self.weights().filter(|weight| *weight != 0.0).count() < 2
    }
}
