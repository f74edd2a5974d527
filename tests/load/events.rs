//! Events for the load programs to explain.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// So many events, each of an issue of its own.
pub(crate) fn events(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        let frames: Vec<Value> = (0..12).map(|frame| frame_of(number, frame)).collect();
        let event = json!({
            "event_id": format!("{number:032x}"),
            "timestamp": 1_770_000_000 + number,
            "platform": "python",
            "level": "error",
            "release": "depot@4.2.0",
            "environment": "production",
            "tags": {"depot": format!("d{}", number % 7)},
            "request": {"method": "POST", "url": "https://depot.example/parcels"},
            "exception": {"values": [{
                "type": "KeyError",
                "value": format!("'shelf_{number}'"),
                "stacktrace": {"frames": frames},
            }]},
        });
        let _ = writeln!(text, "{event}");
        text
    })
}

fn frame_of(number: usize, frame: usize) -> Value {
    json!({
        "function": format!("place_{number}"),
        "filename": format!("depot/parcels_{number}.py"),
        "lineno": 10 + frame,
        "in_app": frame > 8,
        "pre_context": ["def place(parcel, shelves):", "    row = shelves[parcel.zone]"],
        "context_line": "    shelf = row[parcel.shelf]",
        "post_context": ["    shelf.append(parcel)"],
        "vars": {"parcel": "<Parcel 17>", "row": "{}"},
    })
}
