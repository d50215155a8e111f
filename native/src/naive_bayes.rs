//! `GaussianNB`: a normal distribution of each number in each class.

use std::hint::black_box;

use crate::arithmetic::Python;
use crate::model::{class_number, finite, Cell, Class, Label, Output, Refused};
use crate::moments::Variance;

/// What River adds to densities, so that each has a logarithm.
const LEAST: f64 = 10e-10;

/// NumPy's functions of a number, which SciPy takes; in the last bit they depend on the processor.
#[derive(Clone, Copy)]
pub struct Functions {
    pub exp: fn(f64) -> f64,
    pub log: fn(f64) -> f64,
    pub log1p: fn(f64) -> f64,
}

/// The distributions of a class.
#[derive(Default)]
pub struct Normals {
    /// By the number of the feature.
    known: Vec<Option<Variance>>,
    /// The features in the order in which they came.
    pub order: Vec<u32>,
}

impl Normals {
    pub fn get(&self, feature: u32) -> Option<&Variance> {
        self.known.get(feature as usize)?.as_ref()
    }

    pub fn set(&mut self, feature: u32, normal: Variance) {
        let place = feature as usize;
        if place >= self.known.len() {
            self.known.resize(place + 1, None);
        }
        if self.known[place].is_none() {
            self.order.push(feature);
        }
        self.known[place] = Some(normal);
    }
}

/// A class with the records that it had.
pub struct Known {
    pub class: Class,
    pub count: u64,
    pub normals: Normals,
}

pub struct NaiveBayes {
    pub classes: Vec<Known>,
    /// Numbers of the classes that have distributions, in the order in which they got them.
    pub order: Vec<u32>,
    python: Python,
    functions: Functions,
    staged: Vec<Variance>,
}

impl NaiveBayes {
    pub fn new(python: Python, functions: Functions) -> Self {
        NaiveBayes { classes: Vec::new(), order: Vec::new(), python, functions, staged: Vec::new() }
    }

    pub fn predict(&self, cells: &[Cell]) -> Result<Output, Refused> {
        let total = self.classes.iter().map(|known| known.count).sum::<u64>() as f64;
        let mut found = Vec::with_capacity(self.classes.len());
        for known in &self.classes {
            let densities = self.log_densities(&known.normals, cells)?;
            found.push(finite((known.count as f64 / total).ln() + densities)?);
        }
        if found.is_empty() {
            return Ok(Output::Classes(Vec::new()));
        }
        let whole = log_sum_exp(&found, &self.functions)?;
        let share = |(place, of_class): (usize, &f64)| (place as u32, (of_class - whole).exp());
        Ok(Output::Classes(found.iter().enumerate().map(share).collect()))
    }

    fn log_densities(&self, normals: &Normals, cells: &[Cell]) -> Result<f64, Refused> {
        for cell in cells {
            cell.value.number()?;
        }
        let of_cell = |cell: &Cell| {
            let density = normals.get(cell.field).zip(cell.value.number().ok());
            let density = density.map_or(0.0, |(normal, number)| density_of(normal, number));
            (black_box(LEAST) + density).ln()
        };
        Ok(self.python.sum(cells.iter().map(of_cell)))
    }

    pub fn learn(&mut self, cells: &[Cell], label: Label<'_>) -> Result<(), Refused> {
        let class = Class::of(label)?;
        let place = class_number(self.classes.iter().map(|known| &known.class), &class)?;
        self.stage(place, cells)?;
        if place == self.classes.len() {
            self.classes.push(Known { class, count: 0, normals: Normals::default() });
        }
        let known = &mut self.classes[place];
        known.count += 1;
        if known.normals.order.is_empty() && !cells.is_empty() {
            self.order.push(place as u32);
        }
        for (cell, normal) in cells.iter().zip(&self.staged) {
            known.normals.set(cell.field, *normal);
        }
        Ok(())
    }

    /// The distributions that the features of a row will have in a class.
    fn stage(&mut self, place: usize, cells: &[Cell]) -> Result<(), Refused> {
        self.staged.clear();
        for cell in cells {
            let known = self.classes.get(place).and_then(|known| known.normals.get(cell.field));
            let mut normal = known.copied().unwrap_or_default();
            normal.update(cell.value.number()?);
            finite(normal.mean)?;
            finite(normal.squares)?;
            self.staged.push(normal);
        }
        Ok(())
    }
}

/// The density of a number, by the variance of all that there was.
fn density_of(normal: &Variance, number: f64) -> f64 {
    let variance = if normal.count > 0.0 { normal.squares / normal.count } else { 0.0 };
    if variance <= 0.0 {
        return 0.0;
    }
    let deviation = variance.sqrt();
    let place = (number - normal.mean) / deviation;
    (-0.5 * place * place).exp() / (2.0 * std::f64::consts::PI).sqrt() / deviation
}

/// SciPy's `logsumexp`.
pub fn log_sum_exp(numbers: &[f64], functions: &Functions) -> Result<f64, Refused> {
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let equal = numbers.iter().filter(|number| **number == most).count() as f64;
    let term = |number: &f64| if *number == most { 0.0 } else { (functions.exp)(number - most) };
    let terms: Vec<f64> = numbers.iter().map(term).collect();
    let sum = sum(&terms)? / equal;
    let of_equal = if equal == 1.0 { 0.0 } else { (functions.log)(equal) };
    finite((functions.log1p)(sum) + of_equal + most)
}

/// NumPy's sum of a short array: in eight lanes, where there are so many numbers.
fn sum(numbers: &[f64]) -> Result<f64, Refused> {
    const LANES: usize = 8;
    const MOST: usize = 128;
    if numbers.len() > MOST {
        return Err(Refused::Record); // it is halved first
    }
    if numbers.len() < LANES {
        return Ok(numbers.iter().fold(0.0, |total, number| total + number));
    }
    let mut lanes = [0.0; LANES];
    let rows = numbers.chunks_exact(LANES);
    let rest = rows.remainder();
    for row in rows {
        for (lane, number) in lanes.iter_mut().zip(row) {
            *lane += number;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    let total = ((a + b) + (c + d)) + ((e + f) + (g + h));
    Ok(rest.iter().fold(total, |total, number| total + number))
}
