mod events;

use super::*;

#[test]
fn show() {
    for e in [events::checkout(), events::recursion(), events::message()] {
        for budget in [120, 300, 1200, 8000] {
            let mut r = Redactor::new();
            let p = pack(&e, &DataPolicy::OPEN, budget, &ApproximateTokens, &mut r);
            println!(
                "=== {budget} {} {:?} {:?}\n{}",
                p.tokens, p.cut, p.redacted, p.text
            );
        }
    }
}
