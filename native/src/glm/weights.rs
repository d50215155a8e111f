//! Weights of features, with what an optimizer remembers of each.

use super::Memory;

#[derive(Clone, Default)]
pub struct Weights {
    /// By the number of the feature.
    values: Vec<f64>,
    is_known: Vec<bool>,
    /// What the optimizer remembers of each weight, if it remembers anything.
    memories: Vec<Memory>,
    /// The features that have a weight, in the order in which they came.
    pub order: Vec<u32>,
}

impl Weights {
    pub fn set(&mut self, feature: u32, weight: f64) {
        let place = feature as usize;
        if place >= self.values.len() {
            self.values.resize(place + 1, 0.0);
            self.is_known.resize(place + 1, false);
        }
        self.values[place] = weight;
        if !self.is_known[place] {
            self.is_known[place] = true;
            self.order.push(feature);
        }
    }

    pub fn remember(&mut self, feature: u32, memory: Memory) {
        let place = feature as usize;
        if place >= self.memories.len() {
            self.memories.resize(place + 1, Memory::default());
        }
        self.memories[place] = memory;
    }

    pub fn has(&self, feature: u32) -> bool {
        let place = feature as usize;
        self.is_known.get(place).copied().unwrap_or(false)
    }

    /// The weight of a feature; River begins with zero, and takes one that it does not know for zero.
    pub fn get(&self, feature: u32) -> f64 {
        self.values.get(feature as usize).copied().unwrap_or(0.0)
    }

    pub fn memory(&self, feature: u32) -> Memory {
        self.memories.get(feature as usize).copied().unwrap_or_default()
    }

    /// All that are known, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f64, Memory)> + '_ {
        let weight = |feature: &u32| (*feature, self.get(*feature), self.memory(*feature));
        self.order.iter().map(weight)
    }
}
