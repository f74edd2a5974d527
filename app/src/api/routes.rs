//! What routes are called in logs, figures and reports: as the OpenAPI document spells them, with
//! the names of parameters in the place of values. The framework forgets those names.

use std::{collections::HashMap, sync::Arc};

use poem::PathPattern;
use serde_json::Value;

/// The names of all routes.
#[derive(Debug, Default)]
pub(crate) struct Routes(HashMap<String, Arc<str>>);

/// The route that answered, kept with the answer.
#[derive(Debug, Clone)]
pub(crate) struct Route(pub Arc<str>);

impl Routes {
    /// Reads them from the document.
    pub(super) fn of(document: &str) -> Self {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let pattern = |path: &str| {
            let mut count = 0;
            let steps = path.split('/').map(|step| {
                if !step.starts_with('{') {
                    return step.to_owned();
                }
                count += 1;
                format!(":param{}", count - 1)
            });
            let steps: Vec<_> = steps.collect();
            steps.join("/").trim_end_matches('/').to_owned()
        };
        Self(
            paths
                .map(|(path, _)| (pattern(path), trimmed(path).into()))
                .collect(),
        )
    }

    /// What the route of this pattern is called; one that is not in the document goes by its pattern.
    pub(crate) fn name(&self, pattern: Option<&PathPattern>) -> Route {
        let Some(pattern) = pattern.map(|it| it.0.trim_end_matches('/')) else {
            return Route("unknown".into());
        };
        let known = self.0.get(pattern).cloned();
        Route(known.unwrap_or_else(|| pattern.into()))
    }
}

/// The one spelling that is told of, of the two that are served.
fn trimmed(path: &str) -> &str {
    if path == "/" {
        return path;
    }
    path.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_called_as_the_document_spells_it() {
        let routes = Routes::of(r#"{"paths": {"/": {}, "/a/{x}/b/{y}": {}, "/a/": {}}}"#);
        for (pattern, name) in [
            (Some("/"), "/"),
            (Some("/a/:param0/b/:param1"), "/a/{x}/b/{y}"),
            (Some("/a"), "/a"),
            (Some("/docs"), "/docs"),
            (None, "unknown"),
        ] {
            let pattern = pattern.map(|it| PathPattern(it.into()));
            assert_eq!(&*routes.name(pattern.as_ref()).0, name);
        }
    }
}
