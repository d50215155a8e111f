//! JSON as far as plain records have it. What is not plain is left to Python: that is always right.
//!
//! Plain is one flat object with text, whole numbers up to 2^53, finite floats, booleans and
//! nulls. Nothing here can panic: every access to the bytes is checked.

use super::value::{Num, MOST_INT};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};
use std::borrow::Cow;

/// A scalar, with its text where it stands in the line.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// A value of Python's that JSON has; `None` when it is none, or not plain.
    pub fn of(given: &'a Bound<'_, PyAny>) -> Option<Scalar<'a>> {
        if let Ok(text) = given.cast_exact::<PyString>() {
            return Some(Scalar::Text(Cow::Borrowed(text.to_str().ok()?)));
        }
        if let Some(number) = Num::of(given) {
            return match number {
                Num::Int(value) => Some(Scalar::Int(value)),
                Num::Float(value) => value.is_finite().then_some(Scalar::Float(value)),
            };
        }
        if given.is_none() {
            return Some(Scalar::Null);
        }
        given.cast_exact::<PyBool>().ok().map(|value| Scalar::Bool(value.is_true()))
    }

    /// The most bytes that it takes as JSON.
    pub fn longest(&self) -> usize {
        match self {
            Scalar::Text(text) => 6 * text.len() + 2,
            Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_) => 25,
        }
    }
}

impl Scalar<'_> {
    pub fn into_py<'py>(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self {
            Scalar::Null => py.None().into_bound(py),
            Scalar::Bool(value) => PyBool::new(py, value).to_owned().into_any(),
            Scalar::Int(value) => value.into_pyobject(py)?.into_any(),
            Scalar::Float(value) => value.into_pyobject(py)?.into_any(),
            Scalar::Text(text) => text.into_pyobject(py)?.into_any(),
        })
    }
}

/// Reads a line from its beginning to its end.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes a byte, and the space around it.
    fn mark(&mut self, wanted: u8) -> Option<()> {
        self.space();
        if self.peek()? != wanted {
            return None;
        }
        self.at += 1;
        self.space();
        Some(())
    }

    /// The beginning of an object; whether it has any field.
    pub fn open(&mut self) -> Option<bool> {
        self.mark(b'{')?;
        if self.peek()? != b'}' {
            return Some(true);
        }
        self.at += 1;
        self.end()?;
        Some(false)
    }

    /// The name of the next field is `expected`: then it is taken, with the colon after it.
    pub fn takes_name(&mut self, expected: &[u8]) -> bool {
        let (start, end) = (self.at + 1, self.at + 1 + expected.len());
        if self.peek() == Some(b'"')
            && self.bytes.get(start..end) == Some(expected)
            && self.bytes.get(end) == Some(&b'"')
        {
            let before = self.at;
            self.at = end + 1;
            if self.mark(b':').is_some() {
                return true;
            }
            self.at = before;
        }
        false
    }

    /// The name of the next field, with the colon after it.
    pub fn name(&mut self) -> Option<Cow<'a, str>> {
        let name = self.text()?;
        self.mark(b':')?;
        Some(name)
    }

    /// What follows a value: whether there is another field. After the last one the line ends.
    pub fn more(&mut self) -> Option<bool> {
        self.space();
        let found = self.peek()?;
        self.at += 1;
        match found {
            b',' => {
                self.space();
                Some(true)
            }
            b'}' => {
                self.end()?;
                Some(false)
            }
            _ => None,
        }
    }

    fn end(&mut self) -> Option<()> {
        self.space();
        (self.at == self.bytes.len()).then_some(())
    }

    pub fn value(&mut self) -> Option<Scalar<'a>> {
        match self.peek()? {
            b'"' => self.text().map(Scalar::Text),
            b't' => self.word(b"true").map(|()| Scalar::Bool(true)),
            b'f' => self.word(b"false").map(|()| Scalar::Bool(false)),
            b'n' => self.word(b"null").map(|()| Scalar::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        if self.bytes.get(self.at..self.at + word.len())? != word {
            return None;
        }
        self.at += word.len();
        Some(())
    }

    fn text(&mut self) -> Option<Cow<'a, str>> {
        if self.peek()? != b'"' {
            return None;
        }
        let rest = self.bytes.get(self.at + 1..)?;
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        let plain = std::str::from_utf8(rest.get(..length)?).ok()?;
        self.at += length + 1;
        match rest.get(length)? {
            b'"' => {
                self.at += 1;
                Some(Cow::Borrowed(plain))
            }
            b'\\' => self.escaped(plain.to_owned()).map(Cow::Owned),
            _ => None,
        }
    }

    /// The rest of a text with escapes. Those of quotes, backslashes and control characters, which would have to be
    /// escaped again, and halves of surrogate pairs are left to Python.
    fn escaped(&mut self, mut text: String) -> Option<String> {
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(text);
                }
                b'\\' => {
                    self.at += 1;
                    let mark = self.peek()?;
                    self.at += 1;
                    match mark {
                        b'/' => text.push('/'),
                        b'u' => text.push(self.code_point()?),
                        _ => return None,
                    }
                }
                _ => {
                    let rest = self.bytes.get(self.at..)?;
                    let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
                    if rest.get(length)? < &0x20 {
                        return None;
                    }
                    text.push_str(std::str::from_utf8(rest.get(..length)?).ok()?);
                    self.at += length;
                }
            }
        }
    }

    fn code_point(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if (0xd800..0xdc00).contains(&first) {
            if self.bytes.get(self.at..self.at + 2)? != b"\\u" {
                return None;
            }
            self.at += 2;
            let second = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return None;
            }
            return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
        char::from_u32(first).filter(|found| !matches!(found, '\0'..='\x1f' | '"' | '\\'))
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
    }

    fn digits(&mut self, number: &mut u64) -> usize {
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            *number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Option<Scalar<'a>> {
        let start = self.at;
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let first = self.peek()?;
        let mut number = 0u64;
        let whole = self.digits(&mut number);
        if whole == 0 || (whole > 1 && first == b'0') {
            return None;
        }
        let (mut fraction, mut exponent) = (0, false);
        if self.peek() == Some(b'.') {
            self.at += 1;
            fraction = self.digits(&mut number);
            if fraction == 0 {
                return None;
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            exponent = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits(&mut 0) == 0 {
                return None;
            }
        }
        if fraction == 0 && !exponent {
            // -0 is left to Python.
            if whole > 16 || number > MOST_INT as u64 || (negative && number == 0) {
                return None;
            }
            let value = number as i64;
            return Some(Scalar::Int(if negative { -value } else { value }));
        }
        if !exponent && whole + fraction <= 18 && number < MOST_INT as u64 && fraction <= 22 {
            // Both are exact, so one division is rounded once (Clinger 1990).
            let value = number as f64 / POWERS[fraction];
            return Some(Scalar::Float(if negative { -value } else { value }));
        }
        let text = std::str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
        let value: f64 = text.parse().ok()?;
        value.is_finite().then_some(Scalar::Float(value))
    }
}
