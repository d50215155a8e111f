//! `TargetStandardScaler`: a model learns labels about their mean, by their deviation, and predicts such.

use crate::arithmetic::root;
use crate::model::{finite, Label, Output, Refused};
use crate::moments::Variance;

/// The mean and the variance of the labels.
#[derive(Clone, Copy)]
pub struct Target(pub Variance);

impl Target {
    /// With one more label, and what the model learns of it.
    pub fn learned(mut self, label: Label<'_>) -> Result<(Target, Label<'static>), Refused> {
        let label = label.number()?;
        self.0.update(label);
        let (mean, deviation) = (finite(self.0.mean)?, self.deviation()?);
        let scaled = if deviation == 0.0 { 0.0 } else { finite((label - mean) / deviation)? };
        Ok((self, Label::Float(scaled)))
    }

    /// What a prediction of the model stands for.
    pub fn unscaled(&self, output: Output) -> Result<Output, Refused> {
        match output {
            Output::Number(number) => Ok(Output::Number(finite(number * self.deviation()? + self.0.mean)?)),
            _ => Err(Refused::Record),
        }
    }

    /// A variance below zero has no root here, and a complex one in Python.
    fn deviation(&self) -> Result<f64, Refused> {
        finite(root(self.0.variance()))
    }
}
