//! River's running `Mean`, and its `Var`, to which another can be added, or from which it can be taken.

use crate::arithmetic::square;

/// How many numbers there were, and their mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    pub count: f64,
    pub mean: f64,
}

impl Mean {
    pub fn update(&mut self, number: f64) {
        self.count += 1.0;
        self.mean += (1.0 / self.count) * (number - self.mean);
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Variance {
    pub count: f64,
    pub mean: f64,
    /// The sum of squares about the mean.
    pub squares: f64,
}

impl Variance {
    pub fn of(label: f64) -> Self {
        let mut made = Variance::default();
        made.update(label);
        made
    }

    pub fn update(&mut self, label: f64) {
        let before = self.mean;
        self.count += 1.0;
        self.mean += (1.0 / self.count) * (label - before);
        self.squares += (label - before) * (label - self.mean);
    }

    pub fn variance(&self) -> f64 {
        if self.count > 1.0 {
            self.squares / (self.count - 1.0)
        } else {
            0.0
        }
    }

    pub fn plus(self, other: &Variance) -> Variance {
        let count = self.count + other.count;
        Variance {
            count,
            mean: (self.count * self.mean + other.count * other.mean) / count,
            squares: self.squares + other.squares + between(&self, other),
        }
    }

    pub fn minus(self, other: &Variance) -> Variance {
        let mut rest = Variance { count: self.count - other.count, ..self };
        if rest.count > 0.0 {
            rest.mean = (self.count * self.mean - other.count * other.mean) / rest.count;
        } else {
            (rest.count, rest.mean) = (0.0, 0.0);
        }
        rest.squares = self.squares - other.squares - between(&rest, other);
        rest
    }
}

/// What the distance of two means adds to the squares about the mean of both.
fn between(one: &Variance, other: &Variance) -> f64 {
    square(one.mean - other.mean) * one.count * other.count / (one.count + other.count)
}
