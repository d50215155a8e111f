//! `GaussianSplitter`: a normal distribution of a number for each class.

use super::distribution::Distribution;
use super::paths::plain;
use super::split::{Criterion, Split, Suggestion, Test};
use crate::arithmetic::{root, square, Python};
use crate::model::{Refused, Value};

/// `0.5 * math.log(math.tau)`
const HALF_LOG_TAU: f64 = 0.9189385332046727;

/// The numbers of one class; the least and the most are of the types of the records that brought them.
#[derive(Clone, Debug)]
pub struct Normal {
    pub class: u32,
    pub count: f64,
    pub mean: f64,
    /// The sum of squares about the mean.
    pub squares: f64,
    pub least: Value,
    pub most: Value,
}

impl Normal {
    fn new(class: u32, value: Value) -> Self {
        Normal { class, count: 0.0, mean: 0.0, squares: 0.0, least: value, most: value }
    }

    fn update(&mut self, value: Value, number: f64) {
        if number < plain(self.least) {
            self.least = value;
        }
        if number > plain(self.most) {
            self.most = value;
        }
        let before = self.mean;
        self.count += 1.0;
        self.mean += (1.0 / self.count) * (number - before);
        self.squares += (number - before) * (number - self.mean);
    }

    fn log_density(&self, number: f64) -> Option<f64> {
        if self.count <= 1.0 {
            return None;
        }
        let variance = self.squares / (self.count - 1.0);
        let from_mean = || square(number - self.mean) / (-2.0 * variance);
        (variance > 0.0).then(|| from_mean() - HALF_LOG_TAU - 0.5 * variance.ln())
    }

    fn share_below(&self, number: f64, python: &Python) -> Result<f64, Refused> {
        let variance = if self.count > 1.0 { self.squares / (self.count - 1.0) } else { 0.0 };
        if variance < 0.0 {
            return Err(Refused::Record); // its root is a complex number in Python
        }
        let deviation = root(variance);
        if deviation == 0.0 {
            return Ok(0.0);
        }
        let place = (number - self.mean) / deviation;
        Ok(0.5 * (1.0 + (python.erf)(place / 2.0_f64.sqrt())))
    }
}

#[derive(Clone, Debug, Default)]
pub struct Gaussian(pub Vec<Normal>);

impl Gaussian {
    pub fn update(&mut self, value: Value, class: u32) -> Result<(), Refused> {
        let number = value.number()?;
        let place = match self.0.iter().position(|normal| normal.class == class) {
            Some(place) => place,
            None => {
                self.0.push(Normal::new(class, value));
                self.0.len() - 1
            }
        };
        self.0[place].update(value, number);
        Ok(())
    }

    /// The logarithm of the density of a number in a class; none where there is no density.
    pub fn log_density(&self, number: f64, class: u32) -> Option<f64> {
        let normal = self.0.iter().find(|normal| normal.class == class);
        normal.and_then(|normal| normal.log_density(number))
    }

    pub fn suggest(&self, feature: u32, criterion: &Criterion<'_>) -> Result<Suggestion, Refused> {
        let mut best = Suggestion::null();
        for threshold in self.thresholds(criterion.places) {
            let sides = self.sides(threshold, criterion.python)?;
            let merit = criterion.merit(&sides);
            if merit > best.merit {
                let test = Test::AtMost { feature, threshold: Value::Float(threshold) };
                best = Suggestion::of(merit, Split { test, sides });
            }
        }
        Ok(best)
    }

    fn thresholds(&self, places: u32) -> Vec<f64> {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for normal in &self.0 {
            least = least.min(plain(normal.least));
            most = most.max(plain(normal.most));
        }
        if least == f64::INFINITY {
            return Vec::new();
        }
        let width = (most - least) / (f64::from(places) + 1.0);
        let at = |place| least + width * f64::from(place);
        let inside = |number: &f64| least < *number && *number < most;
        (1..=places).map(at).filter(inside).collect()
    }

    fn sides(&self, threshold: f64, python: &Python) -> Result<Vec<Distribution>, Refused> {
        let (mut left, mut right) = (Distribution::default(), Distribution::default());
        for normal in &self.0 {
            if threshold < plain(normal.least) {
                right.0.push((normal.class, normal.count));
            } else if threshold >= plain(normal.most) {
                left.0.push((normal.class, normal.count));
            } else {
                let below = normal.share_below(threshold, python)? * normal.count;
                left.0.push((normal.class, below));
                right.0.push((normal.class, normal.count - below));
            }
        }
        Ok(vec![left, right])
    }
}
