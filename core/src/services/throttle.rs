//! Slowing down those who guess passwords, by account and by address.
//!
//! What is counted is kept in this process and not in the store: a flood of guesses is then no
//! flood of writes, and a few replicas give a guesser a few times the tries, which is still
//! nothing beside the number of passwords there are.

use std::{
    cmp::Reverse,
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::domain::Timestamp;

/// How many names and addresses are remembered; beyond it those with the fewest failures go.
const MOST: usize = 50_000;
/// After so long without a failure all is forgotten.
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// The longest anybody has to wait: a stranger can keep an owner out for no longer at a time.
const LONGEST: Duration = Duration::from_secs(300);

/// Whose failures are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// An account by its id, or a name that nobody has.
    Account(String),
    /// An address.
    Address(IpAddr),
}

impl Who {
    /// A whole network of IPv6 is one: everybody has millions of addresses in one.
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(four) => IpAddr::V4(four),
            IpAddr::V6(six) => {
                let [a, b, c, d, ..] = six.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }

    /// How many failures cost nothing: people mistype, and many share an address.
    fn free(&self) -> u32 {
        match self {
            Self::Account(_) => 10,
            Self::Address(_) => 50,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    fn forgotten(&self, now: Timestamp) -> bool {
        now >= self.last + MEMORY
    }
}

/// Counts failures and tells how long to wait: 4 s, 8 s, 16 s… for each beyond the free ones.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<Who, Failures>>);

impl Throttle {
    /// How long these have to wait before the next try, if they have to.
    pub(super) fn wait(&self, whose: &[Who], now: Timestamp) -> Option<Duration> {
        let counted = self.counted();
        let waits = whose.iter().filter_map(|who| {
            let failures = counted.get(who).filter(|it| !it.forgotten(now))?;
            let beyond = failures.count.checked_sub(who.free())?;
            let pause = Duration::from_secs(4 << beyond.min(10)).min(LONGEST);
            let left = (failures.last + pause).duration_since(now);
            Duration::try_from(left).ok().filter(|left| !left.is_zero())
        });
        waits.max()
    }

    /// Counts a failure of each.
    pub(super) fn failed(&self, whose: &[Who], now: Timestamp) {
        let mut counted = self.counted();
        for who in whose {
            let failures = counted.entry(who.clone()).or_insert(Failures {
                count: 0,
                last: now,
            });
            if failures.forgotten(now) {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
        if counted.len() > MOST {
            make_room(&mut counted, now);
        }
    }

    /// Forgets the failures of one who got in.
    pub(super) fn succeeded(&self, who: &Who) {
        self.counted().remove(who);
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Who, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a tenth go: those that count for nothing any more, then those with the fewest failures, the
/// oldest first. A guesser cannot have its own count dropped by making many small ones.
fn make_room(counted: &mut HashMap<Who, Failures>, now: Timestamp) {
    counted.retain(|_, failures| !failures.forgotten(now));
    let mut all: Vec<_> = counted
        .iter()
        .map(|(who, it)| (it.count, it.last, who.clone()))
        .collect();
    all.sort_by_key(|(count, last, _)| Reverse((*count, *last)));
    for (_, _, who) in all.into_iter().skip(MOST - MOST / 10) {
        counted.remove(&who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::constant(1_714_564_800 + seconds, 0)
    }

    fn account(name: &str) -> [Who; 1] {
        [Who::Account(name.to_owned())]
    }

    #[test]
    fn after_ten_failures_each_costs_twice_as_long_as_the_one_before() {
        let throttle = Throttle::default();
        let ada = account("ada");
        for _ in 0..9 {
            throttle.failed(&ada, at(0));
            assert_eq!(throttle.wait(&ada, at(0)), None);
        }
        let mut now = 0;
        for seconds in [4, 8, 16, 32, 64, 128, 256, 300, 300] {
            throttle.failed(&ada, at(now));
            let wait = throttle.wait(&ada, at(now));
            assert_eq!(wait, Some(Duration::from_secs(seconds)));
            now += i64::try_from(seconds).unwrap();
            assert_eq!(throttle.wait(&ada, at(now)), None);
        }
        assert_eq!(throttle.wait(&account("bob"), at(0)), None);
        throttle.failed(&ada, at(now));
        throttle.succeeded(&ada[0]);
        assert_eq!(throttle.wait(&ada, at(now)), None);
    }

    #[test]
    fn a_quarter_of_an_hour_later_all_is_forgotten() {
        let throttle = Throttle::default();
        let ada = account("ada");
        for _ in 0..30 {
            throttle.failed(&ada, at(0));
        }
        assert_eq!(throttle.wait(&ada, at(300)), None);
        throttle.failed(&ada, at(899));
        assert!(throttle.wait(&ada, at(899)).is_some());
        throttle.failed(&ada, at(899 + 900));
        assert_eq!(throttle.wait(&ada, at(899 + 900)), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_ipv4_is_itself_in_either_spelling() {
        let who = |text: &str| Who::address(text.parse().unwrap());
        assert_eq!(who("2001:db8:1:2::1"), who("2001:db8:1:2:ffff::9"));
        assert_ne!(who("2001:db8:1:2::1"), who("2001:db8:1:3::1"));
        assert_eq!(who("::ffff:192.0.2.1"), who("192.0.2.1"));
        assert_ne!(who("192.0.2.1"), who("192.0.2.2"));
    }

    #[test]
    fn memory_is_bounded_and_whoever_failed_most_is_remembered() {
        let throttle = Throttle::default();
        let ada = account("ada");
        for _ in 0..12 {
            throttle.failed(&ada, at(0));
        }
        for number in 0..MOST * 2 {
            throttle.failed(&account(&number.to_string()), at(1));
        }
        assert!(throttle.counted().len() <= MOST);
        assert!(throttle.wait(&ada, at(1)).is_some());
    }
}
