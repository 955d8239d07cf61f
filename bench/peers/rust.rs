// SPDX-License-Identifier: MIT
//
// Rust, with the channels of its standard library, and (--cfg crossbeam) with those
// of crossbeam: one of BOUND for the items, one for the results. A receiver of the
// standard library is for one thread, so the workers share it behind a Mutex;
// crossbeam's is for many, and spins before it sleeps. A thread of its own calls the
// source; all threads start at once.

use std::time::{Duration, Instant};

#[cfg(not(crossbeam))]
mod queue {
    pub use std::sync::mpsc::{channel as unbounded, sync_channel as bounded};
    use std::sync::{mpsc::Receiver, Arc, Mutex};

    pub type Shared = Arc<Mutex<Receiver<u64>>>;

    pub fn share(items: Receiver<u64>) -> Shared {
        Arc::new(Mutex::new(items))
    }

    pub fn take(items: &Shared) -> Option<u64> {
        items.lock().unwrap().recv().ok()
    }
}

#[cfg(crossbeam)]
mod queue {
    pub use crossbeam_channel::{bounded, unbounded};
    use crossbeam_channel::Receiver;

    pub type Shared = Receiver<u64>;

    pub fn share(items: Receiver<u64>) -> Shared {
        items
    }

    pub fn take(items: &Shared) -> Option<u64> {
        items.recv().ok()
    }
}

#[repr(C)]
struct Rusage {
    times: [i64; 4],
    rest: [i64; 14],
}

extern "C" {
    fn getrusage(who: i32, usage: *mut Rusage) -> i32;
}

// Processor ns, switches, peak KiB.
fn used() -> (i64, i64, i64) {
    let mut u = Rusage { times: [0; 4], rest: [0; 14] };
    unsafe { getrusage(0, &mut u) };
    let t = u.times;
    let cpu = (t[0] + t[2]) * 1_000_000_000 + (t[1] + t[3]) * 1000;
    (cpu, u.rest[12] + u.rest[13], u.rest[0])
}

fn action(work: &str, cost: Duration, item: u64) -> u64 {
    if work == "sleep" {
        std::thread::sleep(cost);
    } else if work == "spin" {
        let began = Instant::now();
        while began.elapsed() < cost {}
    }
    item + 1
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let number = |i: usize| words[i].parse::<u64>().unwrap();
    let (workers, bound, items) = (number(2), number(3), number(4));
    let (work, cost) = (words[1].clone(), Duration::from_nanos(number(5)));
    let (cpu, switches, _) = used();
    let began = Instant::now();

    let (give, get) = queue::bounded::<u64>(bound as usize);
    let (done, results) = queue::unbounded::<u64>();
    let get = queue::share(get);
    let mut threads = Vec::new();
    for _ in 0..workers {
        let (get, done, work) = (get.clone(), done.clone(), work.clone());
        threads.push(std::thread::spawn(move || {
            while let Some(item) = queue::take(&get) {
                done.send(action(&work, cost, item)).unwrap();
            }
        }));
    }
    let (mut count, mut sum) = (0u64, 0u64);
    let mut trips = Vec::new();
    if work == "ping" {
        for item in 0..items {
            let made = Instant::now();
            give.send(item).unwrap();
            sum += results.recv().unwrap();
            trips.push(made.elapsed().as_nanos() as u64);
            count += 1;
        }
        drop(give);
    } else {
        threads.push(std::thread::spawn(move || {
            for item in 0..items {
                give.send(item).unwrap();
            }
        }));
        while count < items {
            sum += results.recv().unwrap();
            count += 1;
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }

    let wall = began.elapsed().as_nanos();
    let (cpu_after, switches_after, peak) = used();
    print!(
        "{{\"items\": {}, \"sum\": {}, \"wall_ns\": {}, \"cpu_ns\": {}, \
         \"switches\": {}, \"peak_kib\": {}",
        count, sum, wall, cpu_after - cpu, switches_after - switches, peak
    );
    if !trips.is_empty() {
        trips.sort();
        let at = |q: f64| trips[(q * (trips.len() - 1) as f64) as usize];
        print!(
            ", \"latency_ns\": [{}, {}, {}, {}, {}]",
            at(0.5), at(0.9), at(0.99), at(0.999), at(1.0)
        );
    }
    println!("}}");
}
