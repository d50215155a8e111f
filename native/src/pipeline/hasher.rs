//! `FeatureHasher` of texts and the `Prefixer` behind it: a feature for each of so many places, with the number of
//! texts that hash to it. River names a place by its number, and the prefix makes a text of that.

use hashbrown::HashMap;
use murmur3::murmur3_32;

use super::steps::Pass;
use crate::model::{Cell, Refused, Value};

pub struct Hasher {
    places: i64,
    seed: u32,
    /// Whether half of the texts count as -1, so that those of one place cancel rather than add up.
    alternates: bool,
    prefix: String,
    features: HashMap<i64, u32>,
    sums: Vec<(i64, f64)>,
    token: String,
}

impl Hasher {
    pub fn new(places: i64, seed: u32, alternates: bool, prefix: String) -> Self {
        Hasher {
            places,
            seed,
            alternates,
            prefix,
            features: HashMap::new(),
            sums: Vec::new(),
            token: String::new(),
        }
    }

    pub fn apply(&mut self, cells: &mut Vec<Cell>, pass: &mut Pass<'_>) -> Result<(), Refused> {
        self.sums.clear();
        for cell in cells.iter() {
            let Value::Text(begin, end) = cell.value else {
                return Err(Refused::Record);
            };
            self.token.clear();
            self.token.push_str(pass.names.name(cell.field));
            self.token.push('=');
            self.token.push_str(&pass.texts[begin as usize..end as usize]);
            self.count()?;
        }
        cells.clear();
        for index in 0..self.sums.len() {
            let (place, sum) = self.sums[index];
            if let Some(field) = self.feature(place, pass) {
                cells.push(Cell { field, value: Value::Int(sum) });
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), Refused> {
        let hash = murmur3_32(&mut self.token.as_bytes(), self.seed).map_err(|_| Refused::Record)? as i32;
        let place = i64::from(hash).rem_euclid(self.places);
        let one = if self.alternates && hash < 0 { -1.0 } else { 1.0 };
        match self.sums.iter_mut().find(|(known, _)| *known == place) {
            Some((_, sum)) => *sum += one,
            None => self.sums.push((place, one)),
        }
        Ok(())
    }

    /// The feature of a place; none for one that nothing has learned, which has no weight either.
    fn feature(&mut self, place: i64, pass: &mut Pass<'_>) -> Option<u32> {
        if let Some(known) = self.features.get(&place) {
            return Some(*known);
        }
        let name = format!("{}{}", self.prefix, place);
        let found = if pass.learns { pass.names.number(&name) } else { pass.asked(&name)? };
        if pass.learns || !pass.unknown_count {
            self.features.insert(place, found);
        }
        Some(found)
    }
}
