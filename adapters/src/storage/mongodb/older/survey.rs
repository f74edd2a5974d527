//! One look through the whole database: what belongs together, and what is there twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry};

use ::mongodb::{
    Collection, Database,
    bson::{Bson, Document, doc},
};
use explainer_core::{
    domain::{Timestamp, UserId, login_key},
    services::{Problem, Tally},
};

use super::{
    Given, ISSUES, SETTINGS, USERS, WORKSPACES,
    fields::{Fields, id_of, made_at},
    users,
};
use crate::storage::mongodb::fault::Fault;

/// What the older database holds, without what is large in it.
pub(super) struct Survey {
    pub(super) users: BTreeMap<String, Plan>,
    pub(super) workspaces: BTreeMap<String, Plan>,
    pub(super) issues: BTreeMap<String, Plan>,
    /// Of the kinds that database does not know.
    pub(super) nothing: BTreeMap<String, Plan>,
    /// The workspace of each account that has one.
    pub(super) workspace_of: BTreeMap<String, String>,
    /// The account of each user name.
    pub(super) user_named: BTreeMap<String, String>,
    /// The account that is to be the administrator where there was none.
    pub(super) first_admin: Option<String>,
    /// The settings of each workspace.
    pub(super) settings: BTreeMap<String, Document>,
    pub(super) settings_tally: Tally,
}

/// What is to become of a document.
pub(super) struct Plan {
    /// Its `_id`.
    pub(super) key: Bson,
    /// Why it is not carried over.
    pub(super) skip: Option<String>,
}

/// How good a record of an issue is, among several: one with a result, and the newest.
type Rank = (bool, Option<Timestamp>, String);

impl Survey {
    pub(super) async fn of(database: &Database, given: &Given) -> Result<Self, Fault> {
        let mut survey = Self {
            users: BTreeMap::new(),
            workspaces: BTreeMap::new(),
            issues: BTreeMap::new(),
            nothing: BTreeMap::new(),
            workspace_of: BTreeMap::new(),
            user_named: BTreeMap::new(),
            first_admin: None,
            settings: BTreeMap::new(),
            settings_tally: Tally::of("settings", 0),
        };
        let fields = doc! {
            "username": 1, "email": 1, "role": 1, "created_at": 1, "workspace_id": 1,
        };
        survey.look_at_users(all(database, USERS, fields).await?, given);
        for document in all(database, WORKSPACES, doc! { "_id": 1 }).await? {
            plan(&mut survey.workspaces, &document);
        }
        survey.look_at_settings(all(database, SETTINGS, Document::new()).await?);
        let fields = doc! {
            "workspace_id": 1, "created_by": 1, "sentry_issue_id": 1, "sentry_issue.id": 1,
            "sentry_issue_data.id": 1, "status": 1, "updated_at": 1, "ai_analysis.priority": 1,
        };
        survey.look_at_issues(&all(database, ISSUES, fields).await?);
        Ok(survey)
    }

    /// Of accounts whose names differ only in case, the oldest keeps them.
    fn look_at_users(&mut self, mut documents: Vec<Document>, given: &Given) {
        let age = |document: &Document| {
            let created = Fields::of(document).time(&["created_at"]);
            let key = document.get("_id");
            let created = created.or_else(|| key.and_then(made_at));
            (created.unwrap_or(given.now), key.and_then(id_of))
        };
        documents.sort_by_cached_key(age);
        let mut admins = false;
        let mut oldest = None;
        let mut taken: HashMap<(&str, String), String> = HashMap::new();
        for document in &documents {
            let Some(id) = plan(&mut self.users, document) else {
                continue;
            };
            let fields = Fields::of(document);
            if let Some(workspace) = fields.reference(&["workspace_id"]) {
                self.workspace_of.insert(id.clone(), workspace);
            }
            let Some((username, email)) = users::names(&id, &fields) else {
                skip(
                    &mut self.users,
                    &id,
                    "it has neither a user name nor an e-mail",
                );
                continue;
            };
            let keys = [
                ("user name", login_key(&username)),
                ("e-mail", login_key(&email)),
            ];
            if let Some((key, owner)) = keys.iter().find_map(|key| taken.get_key_value(key)) {
                let why = format!(
                    "its {} is that of {owner}, letter case aside; change one of the two there \
                     and run this again",
                    key.0
                );
                skip(&mut self.users, &id, &why);
                continue;
            }
            self.user_named.insert(username, id.clone());
            taken.extend(keys.into_iter().map(|key| (key, id.clone())));
            admins |= fields.text(&["role"]).is_some_and(|role| role == "admin");
            oldest.get_or_insert(id);
        }
        self.first_admin = oldest.filter(|_| !admins);
    }

    fn look_at_settings(&mut self, documents: Vec<Document>) {
        self.settings_tally.found = documents.len() as u64;
        for document in documents {
            let fields = Fields::of(&document);
            let of_user = fields.reference(&["user_id"]);
            let of_user = of_user.and_then(|user| self.workspace_of.get(&user).cloned());
            let workspace = fields.reference(&["workspace_id"]).or(of_user);
            let workspace = workspace.filter(|id| self.workspaces.contains_key(id));
            let id = document.get("_id").and_then(id_of).unwrap_or_default();
            self.settings_tally.read += 1;
            let text = match workspace {
                None => "they belong to no workspace that is there",
                Some(id) if self.settings.contains_key(&id) => {
                    "there are other settings of the same workspace"
                }
                Some(id) => {
                    self.settings.insert(id, document);
                    self.settings_tally.written += 1;
                    continue;
                }
            };
            let text = text.to_owned();
            self.settings_tally.skipped.push(Problem { id, text });
        }
    }

    /// Of several records of one issue, the best is carried over.
    fn look_at_issues(&mut self, documents: &[Document]) {
        let mut best: HashMap<(String, String), Rank> = HashMap::new();
        for document in documents {
            let Some(id) = plan(&mut self.issues, document) else {
                continue;
            };
            let mut fields = Fields::of(document);
            let pair = self.workspace_of_issue(&fields).zip(issue_id(&fields));
            let done = fields.group(&["ai_analysis"]).is_some();
            let rank: Rank = (done, fields.time(&["updated_at"]), id);
            // What misses one of the two is told when it is read whole.
            let Some(pair) = pair else { continue };
            let worse = match best.entry(pair) {
                Entry::Vacant(place) => {
                    place.insert(rank);
                    continue;
                }
                Entry::Occupied(mut place) if *place.get() < rank => place.insert(rank),
                Entry::Occupied(_) => rank,
            };
            let why = "there is a better or newer record of the same issue in the same workspace";
            skip(&mut self.issues, &worse.2, why);
        }
    }

    /// The workspace a record of an issue belongs to: its own, else that of who made it.
    pub(super) fn workspace_of_issue(&self, fields: &Fields<'_>) -> Option<String> {
        let of_creator = || {
            let creator = fields.text(&["created_by", "user_id"])?;
            self.workspace_of.get(self.user(&creator)?).cloned()
        };
        let workspace = fields.reference(&["workspace_id"]).or_else(of_creator)?;
        self.workspaces
            .contains_key(&workspace)
            .then_some(workspace)
    }

    /// The account that `text` names, by id or by user name.
    pub(super) fn user<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        if self.users.contains_key(text) {
            return Some(text);
        }
        self.user_named.get(text).map(String::as_str)
    }

    /// Those who work in a workspace.
    pub(super) fn members(&self, workspace: &str) -> BTreeSet<UserId> {
        let all = self.workspace_of.iter();
        let members = all.filter(|(user, of)| *of == workspace && self.is_carried(user));
        members.filter_map(|(user, _)| user.parse().ok()).collect()
    }

    pub(super) fn is_carried(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|plan| plan.skip.is_none())
    }
}

/// The issue a record is about.
pub(super) fn issue_id(fields: &Fields<'_>) -> Option<String> {
    let inner = || {
        let issue = fields.group(&["sentry_issue", "sentry_issue_data"])?;
        Fields::of(issue).text(&["id"])
    };
    fields.text(&["sentry_issue_id"]).or_else(inner)
}

/// Counts a document in; gives back its id unless it has none that can be carried.
fn plan(plans: &mut BTreeMap<String, Plan>, document: &Document) -> Option<String> {
    let key = document.get("_id").cloned().unwrap_or(Bson::Null);
    let id = id_of(&key).unwrap_or_else(|| key.to_string());
    let fit = id.parse::<UserId>().is_ok();
    let skip = if !fit {
        Some("its _id cannot be an id: 1 to 64 letters, digits, `-` or `_`".to_owned())
    } else if plans.contains_key(&id) {
        Some("another document has an _id that reads the same".to_owned())
    } else {
        None
    };
    let carried = skip.is_none().then(|| id.clone());
    let mut name = id;
    while plans.contains_key(&name) {
        name.push('+');
    }
    plans.insert(name, Plan { key, skip });
    carried
}

fn skip(plans: &mut BTreeMap<String, Plan>, id: &str, why: &str) {
    if let Some(plan) = plans.get_mut(id) {
        plan.skip = Some(why.to_owned());
    }
}

async fn all(
    database: &Database,
    collection: &str,
    fields: Document,
) -> Result<Vec<Document>, Fault> {
    let collection: Collection<Document> = database.collection(collection);
    let mut found = collection.find(doc! {}).projection(fields).await?;
    let mut documents = Vec::new();
    while found.advance().await? {
        documents.push(found.deserialize_current()?);
    }
    Ok(documents)
}
