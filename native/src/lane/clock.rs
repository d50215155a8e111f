//! The stream's event time, as `engine.core.event_clock` has it: the third latest of the last 16 records.

const OF: usize = 16;

#[derive(Clone, Copy, Debug)]
pub struct Clock {
    recent: [f64; OF],
    count: usize,
    first: usize,
    pub now: f64,
    second: f64,
    latest: f64,
}

impl Clock {
    pub fn new(times: &[f64]) -> Clock {
        let mut clock = Clock {
            recent: [0.0; OF],
            count: 0,
            first: 0,
            now: f64::NEG_INFINITY,
            second: f64::NEG_INFINITY,
            latest: f64::NEG_INFINITY,
        };
        for time in times.iter().rev().take(OF).rev() {
            clock.push(*time);
        }
        clock.recount();
        clock
    }

    pub fn times(&self) -> Vec<f64> {
        (0..self.count).map(|place| self.recent[(self.first + place) % OF]).collect()
    }

    fn push(&mut self, time: f64) {
        if self.count == OF {
            self.recent[self.first] = time;
            self.first = (self.first + 1) % OF;
        } else {
            self.recent[(self.first + self.count) % OF] = time;
            self.count += 1;
        }
    }

    pub fn tick(&mut self, time: f64) {
        let oldest = if self.count == OF { self.recent[self.first] } else { f64::NEG_INFINITY };
        self.push(time);
        if oldest >= self.now {
            self.recount();
        } else if time >= self.latest {
            (self.now, self.second, self.latest) = (self.second, self.latest, time);
        } else if time > self.now {
            (self.now, self.second) =
                if time <= self.second { (time, self.second) } else { (self.second, time) };
        }
    }

    fn recount(&mut self) {
        if self.count < 3 {
            return;
        }
        let mut three = [f64::NEG_INFINITY; 3];
        for time in &self.recent[..self.count] {
            if *time > three[2] {
                three = [three[1], three[2], *time];
            } else if *time > three[1] {
                three = [three[1], *time, three[2]];
            } else if *time > three[0] {
                three[0] = *time;
            }
        }
        (self.now, self.second, self.latest) = (three[0], three[1], three[2]);
    }
}
