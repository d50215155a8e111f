//! Lines of predictions, as `engine.core.serialize` writes them: msgspec's JSON.

use super::output::{Output, Target};
use super::row::{Row, Shared};
use super::value::Num;

/// A number, as msgspec writes it; what JSON does not have is null.
pub fn float(into: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        into.extend_from_slice(b"null");
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    match text.split_once("e+") {
        // msgspec writes no plus.
        Some((digits, exponent)) => {
            into.extend_from_slice(digits.as_bytes());
            into.push(b'e');
            into.extend_from_slice(exponent.as_bytes());
        }
        None => into.extend_from_slice(text.as_bytes()),
    }
}

/// A line; `model`, `key` and the name of the one that leads are JSON already.
pub fn prediction(
    into: &mut Vec<u8>,
    shared: &Shared,
    row: &Row,
    model: &[u8],
    key: &[u8],
    lead: Option<(&[u8], f64)>,
) {
    into.extend_from_slice(b"{\"id\":\"");
    into.extend_from_slice(row.id.as_bytes());
    into.extend_from_slice(b"\",\"time\":");
    float(into, row.time);
    output(into, shared, row.output.as_ref());
    into.extend_from_slice(b",\"model\":");
    into.extend_from_slice(model);
    into.extend_from_slice(b",\"sequence\":");
    into.extend_from_slice(itoa::Buffer::new().format(row.sequence).as_bytes());
    into.extend_from_slice(b",\"key\":");
    into.extend_from_slice(key);
    into.extend_from_slice(b",\"score\":null");
    if let Some((leader, share)) = lead {
        into.extend_from_slice(b",\"leader\":");
        into.extend_from_slice(leader);
        into.extend_from_slice(b",\"share\":");
        float(into, share);
    }
    into.extend_from_slice(b"}\n");
}

fn output(into: &mut Vec<u8>, shared: &Shared, output: Option<&Output>) {
    into.extend_from_slice(b",\"prediction\":");
    match output.map(Output::served) {
        None => into.extend_from_slice(b"null"),
        Some(Target::Bool(label)) => into.extend_from_slice(if label { b"true" } else { b"false" }),
        Some(Target::Class(class)) => into.extend_from_slice(shared.classes().json(class)),
        Some(Target::Int(value)) => number(into, Num::Int(value)),
        Some(Target::Float(value)) => float(into, value),
    }
    into.extend_from_slice(b",\"probability\":");
    match output {
        None | Some(Output::Value(_)) => into.extend_from_slice(b"null"),
        Some(Output::Binary { .. }) => {
            number(into, output.and_then(|one| one.get(true)).unwrap_or(Num::Float(0.0)))
        }
        Some(Output::Classes(shares)) => {
            let classes = shared.classes();
            let mut mark = b'{';
            for (class, share) in shares.iter() {
                into.push(mark);
                into.extend_from_slice(classes.name(*class));
                into.push(b':');
                number(into, *share);
                mark = b',';
            }
            into.push(b'}');
        }
    }
}

fn number(into: &mut Vec<u8>, value: Num) {
    match value {
        Num::Int(value) => into.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
        Num::Float(value) => float(into, value),
    }
}
