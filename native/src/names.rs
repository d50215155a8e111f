//! Names of features, each with a number by which tables are indexed.

use hashbrown::HashMap;

#[derive(Default)]
pub struct Names {
    numbers: HashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
    /// Whether a name stands for a category, which an encoder knows although a row may not name it.
    categories: Vec<bool>,
}

impl Names {
    /// The number of a name, which is a new one if need be.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(&found) = self.numbers.get(name) {
            return found;
        }
        let made = self.names.len() as u32;
        self.names.push(name.into());
        self.categories.push(false);
        self.numbers.insert(name.into(), made);
        made
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The number of a category by the name of its feature; none when the name is taken.
    pub fn category(&mut self, name: &str) -> Option<u32> {
        if self.find(name).is_some() {
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
