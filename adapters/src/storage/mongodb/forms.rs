//! The forms of single fields, for `#[serde(with = "…")]`: times as dates, the rest as JSON text.

use ::mongodb::bson::DateTime;
use explainer_core::domain::Timestamp;

/// A time as it is stored and asked for.
pub(super) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

/// A time as it was stored.
pub(super) fn time(date: DateTime) -> Result<Timestamp, String> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(|error| error.to_string())
}

pub(super) mod as_date {
    use super::{DateTime, Timestamp, date, time};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(in super::super) fn serialize<S: Serializer>(
        at: &Timestamp,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        date(*at).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Timestamp, D::Error> {
        time(DateTime::deserialize(from)?).map_err(D::Error::custom)
    }
}

pub(super) mod as_optional_date {
    use super::{DateTime, Timestamp, date, time};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[expect(
        clippy::ref_option,
        reason = "serde hands over a reference to the field"
    )]
    pub(in super::super) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(date).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let date = Option::<DateTime>::deserialize(from)?;
        date.map(time).transpose().map_err(D::Error::custom)
    }
}

/// `None` becomes null, and not the text «null».
pub(super) mod as_json {
    use serde::{
        Deserialize, Deserializer, Serialize, Serializer,
        de::{DeserializeOwned, Error as _},
        ser::Error as _,
    };

    use crate::storage::depth;

    const NULL: &str = "null";

    /// What is nested deeper than the reader goes is refused: stored, it would stand in the way of
    /// every list and of the queue.
    pub(in super::super) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(value).map_err(S::Error::custom)?;
        if !depth::is_readable(&text) {
            return Err(S::Error::custom("it is nested too deep to be read again"));
        }
        (text != NULL).then_some(text).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        serde_json::from_str(text.as_deref().unwrap_or(NULL)).map_err(D::Error::custom)
    }
}
