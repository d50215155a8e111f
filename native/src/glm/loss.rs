//! Losses: the gradient with respect to what a linear model puts out, and what it makes of that.

use crate::model::{finite, Label, Refused};

#[derive(Clone)]
pub enum Loss {
    /// The logarithmic one, with the weights of a positive and of a negative label.
    Log {
        positive: f64,
        negative: f64,
    },
    /// Up to this margin a label counts.
    Hinge(f64),
    Squared,
    Absolute,
    /// Squared up to this error, absolute beyond it.
    Huber(f64),
    Quantile(f64),
    /// Errors up to this count for nothing.
    Insensitive(f64),
}

impl Loss {
    /// Whether what a model puts out is a log-odds.
    pub fn of_classes(&self) -> bool {
        matches!(self, Loss::Log { .. } | Loss::Hinge(_))
    }

    /// The gradient at what a model puts out.
    pub fn slope(&self, raw: f64, label: Label<'_>) -> Result<f64, Refused> {
        if self.of_classes() {
            let Label::Bool(class) = label else {
                return Err(Refused::Record);
            };
            return finite(self.class_slope(raw, class));
        }
        finite(self.number_slope(raw, label.number()?))
    }

    fn class_slope(&self, raw: f64, class: bool) -> f64 {
        let sign = if class { 1.0 } else { -1.0 };
        let margin = raw * sign;
        match self {
            Loss::Log { positive, negative } => {
                let weight = if class { *positive } else { *negative };
                if margin > 18.0 {
                    weight * (-margin).exp() * -sign
                } else if margin < -18.0 {
                    weight * -sign
                } else {
                    weight * -sign / (margin.exp() + 1.0)
                }
            }
            Loss::Hinge(threshold) if margin <= *threshold => -sign,
            _ => 0.0,
        }
    }

    fn number_slope(&self, raw: f64, wanted: f64) -> f64 {
        let error = raw - wanted;
        match self {
            Loss::Absolute => sign_of(raw > wanted),
            Loss::Huber(most) if error.abs() <= *most => error,
            Loss::Huber(most) => most * sign_of(error > 0.0),
            Loss::Quantile(share) => f64::from(u8::from(wanted < raw)) - share,
            Loss::Insensitive(most) => {
                let wanted = wanted * 2.0 - 1.0; // as River has it, for classes of 0 and 1
                if raw > wanted + most {
                    1.0
                } else if raw + most < wanted {
                    -1.0
                } else {
                    0.0
                }
            }
            _ => 2.0 * error,
        }
    }
}

fn sign_of(positive: bool) -> f64 {
    if positive {
        1.0
    } else {
        -1.0
    }
}
