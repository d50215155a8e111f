//! One output of several, as `engine.tasks.aggregation` puts them together, and the losses that weigh them.

use super::output::{brier, Output, Target};
use super::value::Num;
use crate::arithmetic::{square, sum};
use std::sync::Arc;

pub const RATE: f64 = 2.0;

/// The lowest and the highest value that count in regression.
pub type Span = (f64, f64);

/// Python's `min` and `max` of two, of which the first counts when they are alike.
fn least(one: f64, other: f64) -> f64 {
    if other < one {
        other
    } else {
        one
    }
}

fn most(one: f64, other: f64) -> f64 {
    if other > one {
        other
    } else {
        one
    }
}

/// The part of a span in which these outputs lie, with a margin; `None` when it has no width, which is Python's.
pub fn around<'a>(outputs: impl Iterator<Item = &'a Output>, span: Span, margin: f64) -> Option<Span> {
    let (low, high) = span;
    let values = outputs.filter_map(|output| match output {
        Output::Value(value) => Some(least(most(*value, low), high)),
        Output::Binary { .. } | Output::Classes(_) => None,
    });
    let found = values.fold(None, |found: Option<Span>, value| {
        Some(found.map_or((value, value), |(lowest, highest)| (least(lowest, value), most(highest, value))))
    });
    let (low, high) = match found {
        Some((lowest, highest)) => (most(low, lowest - margin), least(high, highest + margin)),
        None => span,
    };
    (high > low).then_some((low, high))
}

/// Where a value lies in a span, as a share of its width.
fn share(value: f64, (low, high): Span) -> f64 {
    (least(most(value, low), high) - low) / (high - low)
}

/// The loss by which outputs are weighed, in [0, 1]; that of a null one is 1.
pub fn loss(output: Option<&Output>, label: Target, span: Span) -> f64 {
    match output {
        None => 1.0,
        Some(Output::Value(value)) => square(share(*value, span) - share(label.number(), span)),
        Some(Output::Classes(shares)) => brier(adding_up(shares).iter().copied(), label),
        Some(output) => output.loss(label),
    }
}

/// Several outputs as one; `None` where Python's arithmetic raises.
pub fn together(shares: &[(f64, &Output)], span: Span) -> Option<Output> {
    match shares.first()?.1 {
        Output::Binary { .. } => two_classes(shares),
        Output::Classes(_) => classes(shares),
        Output::Value(_) => values(shares, span),
    }
}

/// A forecast in [0, 1] for the sums of weight * exp(-RATE * loss), should the truth be 0 or 1.
fn middle(zero: f64, one: f64) -> Option<f64> {
    let chance: f64 = 0.5 + (one.ln() - zero.ln()) / (2.0 * RATE);
    (zero > 0.0 && one > 0.0).then_some(least(1.0, most(0.0, chance)))
}

fn two_classes(shares: &[(f64, &Output)]) -> Option<Output> {
    let (mut zero, mut one) = (0.0, 0.0);
    for (share, output) in shares {
        let miss = 1.0 - output.get(false).map_or(0.0, Num::float);
        let other = 1.0 - output.yes();
        zero += share * (-RATE * miss * miss).exp();
        one += share * (-RATE * other * other).exp();
    }
    let chance = middle(zero, one)?;
    Some(Output::both(Num::Float(1.0 - chance), Num::Float(chance)))
}

fn values(shares: &[(f64, &Output)], span: Span) -> Option<Output> {
    let said: Option<Vec<(f64, f64)>> = shares
        .iter()
        .map(|(weight, output)| match output {
            Output::Value(value) => Some((*weight, *value)),
            Output::Binary { .. } | Output::Classes(_) => None,
        })
        .collect();
    let said = said?;
    let lowest = said.iter().map(|one| one.1).reduce(least)?;
    let highest = said.iter().map(|one| one.1).reduce(most)?;
    if lowest >= span.1 {
        return Some(Output::Value(lowest));
    }
    if highest <= span.0 {
        return Some(Output::Value(highest));
    }
    let (mut zero, mut one) = (0.0, 0.0);
    for (weight, value) in said {
        let share = share(value, span);
        zero += weight * (-RATE * share * share).exp();
        one += weight * (-RATE * square(1.0 - share)).exp();
    }
    Some(Output::Value(span.0 + (span.1 - span.0) * middle(zero, one)?))
}

/// Probabilities that add up to 1.
fn adding_up(said: &[(u32, Num)]) -> Vec<(u32, f64)> {
    let said: Vec<(u32, f64)> = said.iter().map(|(class, share)| (*class, share.float())).collect();
    let total = sum(said.iter().map(|one| one.1));
    if (total - 1.0).abs() < 1e-9 {
        return said;
    }
    let even = 1.0 / said.len() as f64;
    said.into_iter().map(|(class, share)| (class, if total > 0.0 { share / total } else { even })).collect()
}

/// The weight of a model, and its shares of classes.
type Weighed = (f64, Vec<(u32, f64)>);

fn classes(shares: &[(f64, &Output)]) -> Option<Output> {
    let whole: Option<Vec<Weighed>> = shares
        .iter()
        .map(|(weight, output)| match output {
            Output::Classes(said) => Some((*weight, adding_up(said))),
            Output::Binary { .. } | Output::Value(_) => None,
        })
        .collect();
    let whole = whole?;
    let squares: Vec<f64> =
        whole.iter().map(|(_, said)| sum(said.iter().map(|(_, share)| share * share))).collect();
    let mut penalties: Vec<(u32, f64)> = vec![];
    for class in whole.iter().flat_map(|(_, said)| said.iter().map(|one| one.0)) {
        if penalties.iter().any(|known| known.0 == class) {
            continue;
        }
        let weighed = whole.iter().zip(&squares).map(|((weight, said), squares)| {
            let own = said.iter().find(|one| one.0 == class).map_or(0.0, |one| one.1);
            weight * (-RATE * (squares - 2.0 * own + 1.0) / 2.0).exp()
        });
        let total = sum(weighed);
        if total <= 0.0 || total.is_nan() {
            return None; // Python's logarithm raises
        }
        penalties.push((class, -total.ln() / RATE));
    }
    let level = water_level(penalties.iter().map(|one| one.1).collect());
    let found = penalties.iter().map(|(class, penalty)| (*class, Num::Float(most(0.0, level - penalty))));
    Some(Output::Classes(found.collect::<Arc<[_]>>()))
}

/// The level that stands above these heights by 1 in sum.
fn water_level(mut heights: Vec<f64>) -> f64 {
    heights.sort_by(f64::total_cmp);
    let (mut total, mut level) = (0.0, 0.0);
    for (place, height) in heights.iter().enumerate() {
        total += height;
        level = (1.0 + total) / (place + 1) as f64;
        if heights.get(place + 1).is_none_or(|next| level <= *next) {
            break;
        }
    }
    level
}
