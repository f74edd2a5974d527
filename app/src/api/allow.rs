//! Which methods a path takes, for the `Allow` header of a 405 (RFC 9110, 15.5.6).

use std::collections::BTreeMap;

use poem::http::HeaderValue;
use serde_json::Value;

/// The methods of every path of the OpenAPI document.
#[derive(Debug)]
pub(super) struct AllowedMethods {
    paths: Vec<(Vec<String>, HeaderValue)>,
}

impl AllowedMethods {
    /// Reads them from the document.
    pub(super) fn of(document: &str) -> Self {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let mut paths = Vec::new();
        for (path, operations) in document["paths"].as_object().into_iter().flatten() {
            let methods: BTreeMap<_, _> = operations.as_object().into_iter().flatten().collect();
            let mut names: Vec<_> = methods.keys().map(|name| name.to_uppercase()).collect();
            if names.iter().any(|name| name == "GET") {
                names.push("HEAD".to_owned());
            }
            if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
                paths.push((steps(path), value));
            }
        }
        Self { paths }
    }

    /// The methods `path` takes; a spelled-out step counts more than a placeholder.
    pub(super) fn at(&self, path: &str) -> Option<HeaderValue> {
        let asked = steps(path);
        let fits = |steps: &[String]| {
            let mut pairs = steps.iter().zip(&asked);
            steps.len() == asked.len()
                && pairs.all(|(step, asked)| is_placeholder(step) || step == asked)
        };
        let spelled_out =
            |steps: &[String]| steps.iter().filter(|step| !is_placeholder(step)).count();
        let found = self.paths.iter().filter(|(steps, _)| fits(steps));
        found
            .max_by_key(|(steps, _)| spelled_out(steps))
            .map(|(_, methods)| methods.clone())
    }
}

fn steps(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|step| !step.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_placeholder(step: &str) -> bool {
    step.starts_with('{')
}
