//! What a compiled model is: it takes rows of numbers and texts, and knows nothing of Python.

/// A feature's value as a record brings it; a whole number is one that a float holds exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Float(f64),
    Int(f64),
    Bool(bool),
    /// Where it begins and ends in the row's texts.
    Text(u32, u32),
}

impl Value {
    /// The number that it is in arithmetic, unless it is text.
    pub fn number(self) -> Result<f64, Refused> {
        match self {
            Value::Float(number) | Value::Int(number) => Ok(number),
            Value::Bool(truth) => Ok(f64::from(u8::from(truth))),
            Value::Text(..) => Err(Refused::Record),
        }
    }
}

/// A feature by its number (`Model::field`) with its value.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub field: u32,
    pub value: Value,
}

/// The features of a record that are present, in the record's order; it can be kept until the label comes.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub cells: Vec<Cell>,
    pub texts: String,
}

impl Row {
    pub fn clear(&mut self) {
        self.cells.clear();
        self.texts.clear();
    }

    pub fn push(&mut self, field: u32, value: Value) {
        self.cells.push(Cell { field, value });
    }

    pub fn push_text(&mut self, field: u32, text: &str) {
        let begin = self.texts.len() as u32;
        self.texts.push_str(text);
        self.push(field, Value::Text(begin, self.texts.len() as u32));
    }
}

/// A label; a whole number is one that a float holds exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Label<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

impl Label<'_> {
    /// The number that it is in arithmetic, unless it is text.
    pub fn number(self) -> Result<f64, Refused> {
        match self {
            Label::Bool(truth) => Ok(f64::from(u8::from(truth))),
            Label::Int(whole) => Ok(whole as f64),
            Label::Float(number) => Ok(number),
            Label::Text(_) => Err(Refused::Record),
        }
    }
}

/// A class that a model has learned; those of one model are of one type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Bool(bool),
    Int(i64),
    Text(Box<str>),
}

impl Class {
    pub fn of(label: Label<'_>) -> Result<Class, Refused> {
        match label {
            Label::Bool(truth) => Ok(Class::Bool(truth)),
            Label::Int(whole) => Ok(Class::Int(whole)),
            Label::Text(text) => Ok(Class::Text(text.into())),
            Label::Float(_) => Err(Refused::Record),
        }
    }
}

/// The number of a class among those that are known, or else that of the next.
pub fn class_number<'a>(
    known: impl ExactSizeIterator<Item = &'a Class>,
    class: &Class,
) -> Result<usize, Refused> {
    let (count, mut others) = (known.len(), false);
    for (number, each) in known.enumerate() {
        if each == class {
            return Ok(number);
        }
        others |= std::mem::discriminant(each) != std::mem::discriminant(class);
    }
    if others {
        return Err(Refused::Record); // True is 1 to Python, and a text cannot be compared with a number
    }
    Ok(count)
}

#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The probability of `True`; `certain` when River says it with a whole number, 0 or 1.
    Probability {
        yes: f64,
        certain: bool,
    },
    Number(f64),
    /// The probability of each class, by its number (`Model::class`); none before the first label.
    Classes(Vec<(u32, f64)>),
}

/// What a model does not take. It has changed nothing, and River goes on from before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refused {
    /// The record: River may make something of it that no compiled model can be.
    Record,
    /// The step that is due with it. What River makes of it can be compiled again.
    Step,
}

pub fn finite(number: f64) -> Result<f64, Refused> {
    if number.is_finite() {
        Ok(number)
    } else {
        Err(Refused::Record)
    }
}

pub trait Model {
    /// The number of a feature in rows for this model.
    fn field(&mut self, name: &str) -> u32;

    /// A prediction; it changes what River's own changes (features that a scaler has met).
    fn predict(&mut self, row: &Row) -> Result<Output, Refused>;

    fn learn(&mut self, row: &Row, label: Label<'_>) -> Result<(), Refused>;

    /// The class of this number in an output.
    fn class(&self, number: u32) -> &Class;
}
