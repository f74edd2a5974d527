//! Amounts: dollars to clients, whole millionths of one in here.

/// An amount as clients see it.
#[expect(clippy::cast_precision_loss, reason = "no amount has 16 digits")]
pub(crate) fn dollars(millionths: u64) -> f64 {
    millionths as f64 / 1e6
}

/// An amount as it is kept; the schema bounds it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is not negative, and too large to be spent before it is cut"
)]
pub(crate) fn millionths(dollars: f64) -> u64 {
    (dollars.max(0.0) * 1e6).round() as u64
}
