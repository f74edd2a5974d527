//! The source, asked as the host asks it.

use explainer_plugin_sdk::{
    Query, Source,
    serde_json::{self, Value, json},
    testing,
};
use explainer_plugin_template::Template;

#[test]
fn every_problem_is_an_issue_with_an_event() {
    let source: Template =
        testing::open(json!({ "problems": ["KeyError: 'sku'", "it broke"] })).unwrap();
    testing::block_on(async {
        let query = Query {
            limit: 10,
            ..Query::default()
        };
        let page = source.issues(query).await.unwrap();
        let titles: Vec<_> = page
            .items
            .iter()
            .map(|issue| issue.title.as_str())
            .collect();
        assert_eq!(titles, ["KeyError: 'sku'", "it broke"]);

        let events = source.events(page.items[0].id.clone(), 1).await.unwrap();
        let event: Value = serde_json::from_str(events[0].document()).unwrap();
        assert_eq!(event["exception"][0]["type"], "KeyError");
    });
}

#[test]
fn what_is_not_there_is_none_and_settings_are_checked() {
    let source: Template = testing::open(json!({})).unwrap();
    assert_eq!(testing::block_on(source.issue("x".to_owned())), Ok(None));
    assert!(testing::open::<Template>(json!({ "problems": 1 })).is_err());
}
