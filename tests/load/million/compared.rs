//! Two sides beside each other.

use std::{fmt, time::Duration};

use crate::{
    Outcome,
    asked::{Asked, Question},
    side::Side,
};

/// Prints a line for each question; gives back the worst of the ratios that are promised.
pub(crate) async fn compare(name: &str, sides: [Side; 2], rounds: usize) -> Outcome<f64> {
    let [small, large] = sides.each_ref().map(|side| side.size);
    let head = format!("{small:>12}{large:>12}{:>8}", "ratio");
    println!("\n{name:24}{:>32}{:>32}", "over HTTP", "the store's port");
    println!("{:24}{head}{head}", "");
    let [small, large] = sides.map(Asked::new);
    let mut asked = [small.await?, large.await?];
    let mut worst: f64 = 0.0;
    for question in Question::ALL {
        let http = match question {
            // No client asks that.
            Question::Claim => None,
            _ => Some(measure(&mut asked, *question, Door::Http, rounds).await?),
        };
        let port = measure(&mut asked, *question, Door::Port, rounds).await?;
        worst = worst.max(http.as_ref().unwrap_or(&port).ratio());
        let http = http.map_or("-".to_owned(), |figures| figures.to_string());
        println!("{:24}{http:>32}{port}", question.name());
    }
    Ok(worst)
}

/// Asks both sides in turn.
async fn measure(
    asked: &mut [Asked; 2],
    question: Question,
    door: Door,
    rounds: usize,
) -> Outcome<Figures> {
    for side in &mut *asked {
        side.begin().await?;
    }
    for _ in 0..rounds {
        for side in &mut *asked {
            match door {
                Door::Http => side.over_http(question).await?,
                Door::Port => side.at_the_port(question).await?,
            }
        }
    }
    let [small, large] = asked.each_mut().map(Asked::median);
    Ok(Figures { small, large })
}

#[derive(Clone, Copy)]
enum Door {
    Http,
    Port,
}

/// What half of the answers took at most.
struct Figures {
    small: Duration,
    large: Duration,
}

impl Figures {
    fn ratio(&self) -> f64 {
        self.large.as_secs_f64() / self.small.as_secs_f64()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (small, large, ratio) = (self.small, self.large, self.ratio());
        write!(f, "{small:>12.1?}{large:>12.1?}{ratio:>8.2}")
    }
}
