//! Telling the source what was found, where the workspace wants that: the summary as a note on the
//! issue.

use crate::{
    domain::{Analysis, Specification},
    services::{Failure, Ports, notifications::BY_RULES},
};

/// How long a summary in a note may be, in characters.
const SUMMARY: usize = 2000;

/// Writing notes.
#[derive(Debug)]
pub(super) struct WriteBack {
    ports: Ports,
}

impl WriteBack {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Writes the note of a revision that has just ended. It is called by the one worker whose
    /// result was stored, once that is so: a note is written once at most, and one that fails is
    /// not tried again.
    pub(super) async fn note(&self, analysis: &Analysis) {
        match self.write(analysis).await {
            Ok(true) => tracing::info!(analysis = %analysis.id, "note written"),
            Ok(false) => {}
            Err(failure) => tracing::warn!(analysis = %analysis.id, ?failure, "no note written"),
        }
    }

    async fn write(&self, analysis: &Analysis) -> Result<bool, Failure> {
        let workspace = self.ports.workspaces.get(&analysis.workspace_id).await?;
        let workspace = workspace.filter(|it| it.settings.write_back);
        let (Some(workspace), Some(specification)) = (workspace, &analysis.specification) else {
            return Ok(false);
        };
        let text = text(analysis, specification, self.ports.public_url.as_deref());
        let source = self.ports.sources.open(&workspace)?;
        let written = source.comment(&analysis.issue.id, &text).await;
        written.map_err(Failure::Source)?;
        Ok(true)
    }
}

fn text(analysis: &Analysis, specification: &Specification, public_url: Option<&str>) -> String {
    let summary: String = specification.summary.chars().take(SUMMARY).collect();
    let place = public_url.map_or_else(String::new, |url| {
        format!(
            "\n\n{}/api/v1/issues/processed/{}",
            url.trim_end_matches('/'),
            analysis.id
        )
    });
    let by = specification.model.as_deref().unwrap_or(BY_RULES);
    format!("Issue Explainer ({by}): {summary}{place}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::samples;

    #[test]
    fn a_note_is_the_summary_and_a_link() {
        let analysis = Analysis::requested(samples::request("1", 0));
        let specification = Specification {
            summary: "The cart is empty.".to_owned(),
            ..Specification::default()
        };
        assert_eq!(
            text(&analysis, &specification, None),
            "Issue Explainer (rules, without a language model): The cart is empty."
        );
        assert_eq!(
            text(&analysis, &specification, Some("https://x.example.com/")),
            "Issue Explainer (rules, without a language model): The cart is empty.\n\n\
             https://x.example.com/api/v1/issues/processed/analysis-1"
        );
    }
}
