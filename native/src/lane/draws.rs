//! The draws of `engine.windows.Reservoir`, by the generator of Python's `random.Random`.

/// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), as CPython has it.
#[derive(Clone)]
pub struct Twister {
    words: Vec<u32>,
    at: usize,
}

const WORDS: usize = 624;
const SHIFT: usize = 397;

impl Twister {
    /// From the words of `Random.getstate`, of which the last says how many are used; `None` when it is no state.
    pub fn new(state: &[u32]) -> Option<Twister> {
        let (at, words) = state.split_last()?;
        (words.len() == WORDS && *at as usize <= WORDS)
            .then(|| Twister { words: words.to_vec(), at: *at as usize })
    }

    pub fn state(&self) -> Vec<u32> {
        let mut state = self.words.clone();
        state.push(self.at as u32);
        state
    }

    fn next(&mut self) -> u32 {
        if self.at >= WORDS {
            for at in 0..WORDS {
                let word = (self.words[at] & 0x8000_0000) | (self.words[(at + 1) % WORDS] & 0x7fff_ffff);
                let mixed = if word & 1 == 0 { 0 } else { 0x9908_b0df };
                self.words[at] = self.words[(at + SHIFT) % WORDS] ^ (word >> 1) ^ mixed;
            }
            self.at = 0;
        }
        let mut word = self.words[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// `Random.random()`.
    fn random(&mut self) -> f64 {
        let (high, low) = (self.next() >> 5, self.next() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) * (1.0 / 9_007_199_254_740_992.0)
    }
}

/// Which rows are kept, as `Reservoir` draws it.
#[derive(Clone)]
pub struct Draws {
    pub twister: Twister,
    pub size: u64,
    pub next: u64,
    pub weight: f64,
}

impl Draws {
    /// The reservoir is full.
    pub fn full(&mut self) {
        self.next = self.size;
        self.pass_over();
    }

    /// The place of the row that is kept now.
    pub fn replace(&mut self) -> usize {
        let place = (self.twister.random() * self.size as f64) as usize;
        self.pass_over();
        place
    }

    fn pass_over(&mut self) {
        self.weight *= ((1.0 - self.twister.random()).ln() / self.size as f64).exp();
        let rest = if self.weight < 1.0 { (-self.weight).ln_1p() } else { f64::NEG_INFINITY };
        self.next += 1 + ((1.0 - self.twister.random()).ln() / rest) as u64;
    }
}
