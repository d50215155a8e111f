//! Names of features, each with a number by which tables are indexed.

use hashbrown::HashMap;

#[derive(Default)]
pub struct Names {
    numbers: HashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
    /// Whether a name stands for a category, which an encoder knows although a row may not name it.
    categories: Vec<bool>,
    /// Whether a name was only asked for: no row has it, and no encoder knows it.
    glimpsed: Vec<bool>,
}

impl Names {
    /// The number of a name, which is a new one if need be.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(&found) = self.numbers.get(name) {
            self.glimpsed[found as usize] = false;
            return found;
        }
        let made = self.names.len() as u32;
        self.names.push(name.into());
        self.categories.push(false);
        self.glimpsed.push(false);
        self.numbers.insert(name.into(), made);
        made
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The number of a name that a prediction is asked for.
    pub fn glimpse(&mut self, name: &str) -> u32 {
        if let Some(found) = self.find(name) {
            return found;
        }
        let made = self.number(name);
        self.glimpsed[made as usize] = true;
        made
    }

    /// Whether a row has this name, or it stands for a category.
    pub fn is_taken(&self, name: &str) -> bool {
        self.find(name).is_some_and(|found| !self.glimpsed[found as usize])
    }

    /// The number of a category by the name of its feature; none when the name is taken.
    pub fn category(&mut self, name: &str) -> Option<u32> {
        if self.is_taken(name) {
            return None;
        }
        let made = self.number(name);
        self.categories[made as usize] = true;
        Some(made)
    }

    pub fn is_category(&self, number: u32) -> bool {
        self.categories[number as usize]
    }

    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }
}
