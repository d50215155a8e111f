//! ADWIN (Bifet and Gavaldà 2007) as River's `AdaptiveWindowing` has it, to the last bit, as long as it alarms not.
//!
//! Its state is River's: bincode's bytes, as `engine.models.graph.rust` describes them. An alarm is River's affair.

/// Values of a level that may be there until two of them become one of the next; River's default.
const MOST: usize = 5;

/// Levels; each value stands for twice as many as one of the level before.
const MOST_LEVELS: usize = 60;

#[derive(Clone, Copy, Default)]
struct Level {
    used: usize,
    totals: [f64; MOST + 1],
    variances: [f64; MOST + 1],
}

impl Level {
    fn push(&mut self, total: f64, variance: f64) {
        self.totals[self.used] = total;
        self.variances[self.used] = variance;
        self.used += 1;
    }

    fn remove_two(&mut self) {
        self.totals.copy_within(2..self.used, 0);
        self.variances.copy_within(2..self.used, 0);
        self.used -= 2;
        self.totals[self.used..].fill(0.0);
        self.variances[self.used..].fill(0.0);
    }
}

#[derive(Clone)]
pub struct Adwin {
    delta: f64,
    clock: i32,
    least: f64,
    grace: f64,
    total: f64,
    variance: f64,
    width: f64,
    total_width: f64,
    count: i32,
    most_count: i32,
    tick: i32,
    detections: i32,
    levels: Vec<Level>,
    /// River's wrapper repeats what it was made with.
    end: Vec<u8>,
}

impl Adwin {
    /// `None` where the state is none that the lane goes on from.
    pub fn read(state: &[u8], seen: u64) -> Option<Adwin> {
        let mut from = Bytes(state);
        let (delta, clock, most) = (from.float()?, from.int()?, from.size()?);
        let (least, grace) = (from.float()?, from.float()?);
        let (total, variance, width, total_width) =
            (from.float()?, from.float()?, from.float()?, from.float()?);
        let (count, most_count, tick, detections) = (from.int()?, from.int()?, from.int()?, from.int()?);
        let levels = from.size()?;
        let fits = most == MOST && (1..=MOST_LEVELS).contains(&levels) && clock > 0;
        // Not so many that a counter would overflow, which River's wraps around.
        if !fits
            || u64::try_from(tick) != Ok(seen)
            || tick > i32::MAX - clock
            || most_count > i32::MAX - clock
        {
            return None;
        }
        let levels = (0..levels).map(|_| from.level()).collect::<Option<_>>()?;
        let end = from.0.to_vec();
        Some(Adwin {
            delta,
            clock,
            least,
            grace,
            total,
            variance,
            width,
            total_width,
            count,
            most_count,
            tick,
            detections,
            levels,
            end,
        })
    }

    pub fn write(&self) -> Vec<u8> {
        let mut into = Vec::with_capacity(160 + 140 * self.levels.len());
        let mut put = |bytes: &[u8]| into.extend_from_slice(bytes);
        put(&self.delta.to_le_bytes());
        put(&self.clock.to_le_bytes());
        put(&(MOST as u64).to_le_bytes());
        for number in [self.least, self.grace, self.total, self.variance, self.width, self.total_width] {
            put(&number.to_le_bytes());
        }
        for number in [self.count, self.most_count, self.tick, self.detections] {
            put(&number.to_le_bytes());
        }
        put(&(self.levels.len() as u64).to_le_bytes());
        for level in &self.levels {
            put(&(MOST as u64).to_le_bytes());
            put(&(level.used as u64).to_le_bytes());
            for numbers in [&level.totals, &level.variances] {
                put(&(numbers.len() as u64).to_le_bytes());
                numbers.iter().for_each(|number| put(&number.to_le_bytes()));
            }
        }
        put(&self.end);
        into
    }

    /// Takes values, the last of which is tested; false when that would alarm, and then it is of no use any more.
    pub fn take(&mut self, values: &[f64]) -> bool {
        for value in values {
            self.insert(*value);
            self.tick += 1;
            if self.tick % self.clock == 0 && self.width > self.grace && self.alarms() {
                return false;
            }
            self.total_width += self.width;
        }
        true
    }

    fn insert(&mut self, value: f64) {
        self.levels[0].push(value, 0.0);
        self.count += 1;
        self.most_count = self.most_count.max(self.count);
        self.width += 1.0;
        let mut more = 0.0;
        if self.width > 1.0 {
            let away = value - self.total / (self.width - 1.0);
            more = (self.width - 1.0) * away * away / self.width;
        }
        self.variance += more;
        self.total += value;
        self.compress();
    }

    fn compress(&mut self) {
        for at in 0..MOST_LEVELS {
            let level = self.levels[at];
            if level.used != MOST + 1 {
                return;
            }
            let size = (1_u64 << at) as f64;
            let apart = level.totals[0] / size - level.totals[1] / size;
            let variance = level.variances[0] + level.variances[1] + size * 0.5 * apart * apart;
            if at + 1 >= self.levels.len() {
                self.levels.push(Level::default());
            }
            self.levels[at + 1].push(level.totals[0] + level.totals[1], variance);
            self.count += 1;
            self.levels[at].remove_two();
        }
    }

    /// Whether the window can be cut in two whose means differ more than by chance.
    fn alarms(&self) -> bool {
        let (mut before, mut after) = (0.0, self.width);
        let (mut total_before, mut total_after) = (0.0, self.total);
        let log = (2.0 * self.width.ln() / self.delta).ln();
        for (at, level) in self.levels.iter().enumerate().rev() {
            let size = (1_u64 << at) as f64;
            for place in 0..level.used {
                before += size;
                after -= size;
                total_before += level.totals[place];
                total_after -= level.totals[place];
                if at == 0 && place == level.used - 1 {
                    return false;
                }
                let apart = total_before / before - total_after / after;
                if after >= self.least && before >= self.least && self.is_beyond(before, after, apart, log) {
                    return true;
                }
            }
        }
        false
    }

    fn is_beyond(&self, before: f64, after: f64, apart: f64, log: f64) -> bool {
        let harmonic = 1.0 / (before - self.least + 1.0) + 1.0 / (after - self.least + 1.0);
        let limit = (2.0 * harmonic * (self.variance / self.width) * log).sqrt() + 2.0 / 3.0 * log * harmonic;
        apart.abs() > limit
    }
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn float(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes)
    }

    fn int(&mut self) -> Option<i32> {
        self.take().map(i32::from_le_bytes)
    }

    fn size(&mut self) -> Option<usize> {
        self.take().map(u64::from_le_bytes)?.try_into().ok()
    }

    fn level(&mut self) -> Option<Level> {
        let mut level = Level::default();
        if self.size()? != MOST {
            return None;
        }
        level.used = self.size().filter(|used| *used <= MOST)?;
        for numbers in [&mut level.totals, &mut level.variances] {
            if self.size()? != numbers.len() {
                return None;
            }
            for number in numbers {
                *number = self.float()?;
            }
        }
        Some(level)
    }
}
