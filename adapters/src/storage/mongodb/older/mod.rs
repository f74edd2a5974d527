//! The database of the older backend, read so that it can be carried to a store of ours.
//!
//! It has four collections: `users`, `workspaces`, `settings`, which join their workspaces, and
//! `processed_issues`, which become analyses. Nobody ever checked what is in them, so every field
//! may be missing or of another type: what can be put right is, with a note, and what cannot is
//! named with the reason. Nothing is changed in it.

mod analyses;
mod fields;
mod survey;
mod users;
mod workspaces;

use std::{collections::BTreeMap, fmt, sync::Arc};

use ::mongodb::{
    Client, Collection, Database,
    bson::{Bson, Document, doc},
};
use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::Timestamp,
    ports::{Entry, Export, Kind, Unreadable, Vault},
    services::Tally,
};
use serde::Serialize;

use self::{fields::Fields, survey::Survey};
use super::{MongoConfig, fault::Fault, within};

const USERS: &str = "users";
const WORKSPACES: &str = "workspaces";
const SETTINGS: &str = "settings";
const ISSUES: &str = "processed_issues";

/// What became of a document: a record and what was put right in it, or why there is none.
type Made<T> = std::result::Result<(T, Vec<String>), String>;

/// What the older backend did not know and its records need.
#[derive(Debug)]
pub struct Given {
    /// Seals the secrets, which lie there in clear.
    pub vault: Arc<dyn Vault>,
    /// The time of what has none of its own.
    pub now: Timestamp,
    /// The hash of a password that nobody knows, for accounts without one.
    pub unknown_password: String,
}

/// The database of the older backend.
pub struct OlderDatabase {
    config: MongoConfig,
    database: Database,
    survey: Survey,
    given: Given,
}

impl OlderDatabase {
    /// Connects, and looks through the whole database once for what belongs together and what is
    /// there twice.
    ///
    /// `NotFound` when it has none of the collections; otherwise fails as
    /// [`MongoStore::open`](super::MongoStore::open) does.
    pub async fn open(config: MongoConfig, given: Given) -> Result<Self> {
        const OPERATION: &str = "survey";
        let into_error = |fault: Fault| fault.into_error(OPERATION);
        let options = config.client_options().await.map_err(into_error)?;
        let client = Client::with_options(options).map_err(|error| into_error(error.into()))?;
        let database = client.database(&config.database);
        let names = async { Ok(database.list_collection_names().await?) };
        let names = within(config.read_timeout, OPERATION, names).await?;
        if !names
            .iter()
            .any(|name| [USERS, WORKSPACES, ISSUES].contains(&&**name))
        {
            let nothing = format!(
                "could not find anything in the database {} because it has no collection of the \
                 older backend; name the database that backend used",
                config.database
            );
            return Err(into_error(Fault::refused(ErrorKind::NotFound, nothing)));
        }
        let survey = Survey::of(&database, &given).await.map_err(into_error)?;
        Ok(Self {
            config,
            database,
            survey,
            given,
        })
    }

    /// What became of the settings, which are no records of their own here.
    pub fn settings(&self) -> &Tally {
        &self.survey.settings_tally
    }

    fn plans(&self, kind: Kind) -> (&BTreeMap<String, survey::Plan>, &'static str) {
        match kind {
            Kind::Users => (&self.survey.users, USERS),
            Kind::Workspaces => (&self.survey.workspaces, WORKSPACES),
            Kind::Analyses => (&self.survey.issues, ISSUES),
            // It had none of these.
            Kind::AccessTokens
            | Kind::Invitations
            | Kind::FormerResults
            | Kind::ModelCalls
            | Kind::Watches
            | Kind::Dispatches
            | Kind::RevokedTokens => (&self.survey.nothing, ISSUES),
        }
    }

    fn make(&self, kind: Kind, id: &str, document: &Document) -> Result<Entry, Unreadable> {
        let fields = Fields::of(document);
        let made = match kind {
            Kind::Users => users::make(id, fields, self).and_then(entry),
            Kind::Workspaces => workspaces::make(id, fields, self).and_then(entry),
            _ => analyses::make(id, fields, self).and_then(entry),
        };
        let id = id.to_owned();
        match made {
            Ok((document, notes)) => Ok(Entry {
                id,
                document,
                notes,
            }),
            Err(reason) => Err(Unreadable { id, reason }),
        }
    }
}

fn entry<T: Serialize>((record, notes): (T, Vec<String>)) -> Made<serde_json::Value> {
    let document = serde_json::to_value(record).map_err(|error| error.to_string())?;
    Ok((document, notes))
}

#[async_trait]
impl Export for OlderDatabase {
    async fn count(&self, kind: Kind) -> Result<u64> {
        Ok(self.plans(kind).0.len() as u64)
    }

    async fn page(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Entry, Unreadable>>> {
        let (plans, collection) = self.plans(kind);
        let rest = plans
            .iter()
            .filter(|(id, _)| after.is_none_or(|after| id.as_str() > after));
        let page: Vec<_> = rest.take(limit as usize).collect();
        let keys = page.iter().filter(|(_, plan)| plan.skip.is_none());
        let keys: Vec<Bson> = keys.map(|(_, plan)| plan.key.clone()).collect();
        let collection: Collection<Document> = self.database.collection(collection);
        let find = async {
            let mut found = collection.find(doc! { "_id": { "$in": keys } }).await?;
            let mut documents = Vec::new();
            while found.advance().await? {
                let document: Document = found.deserialize_current()?;
                documents.push(document);
            }
            Ok(documents)
        };
        let documents = within(self.config.write_timeout, "read a page", find).await?;
        let entry = |(id, plan): (&String, &survey::Plan)| {
            let unreadable = |reason: &str| Unreadable {
                id: id.clone(),
                reason: reason.to_owned(),
            };
            if let Some(reason) = &plan.skip {
                return Err(unreadable(reason));
            }
            let found = documents.iter().find(|it| it.get("_id") == Some(&plan.key));
            let document = found.ok_or_else(|| unreadable("it was removed while it was read"))?;
            self.make(kind, id, document)
        };
        Ok(page.into_iter().map(entry).collect())
    }
}

/// Without the client, whose own text would show the credentials.
impl fmt::Debug for OlderDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OlderDatabase")
            .field("database", &self.database.name())
            .finish_non_exhaustive()
    }
}

/// Refuses a database that is the older backend's: nothing of ours may be made in it.
pub(super) async fn refuse(database: &Database) -> Result<(), Fault> {
    let names = database.list_collection_names().await?;
    if names.iter().any(|name| name == ISSUES) {
        return Err(Fault::refused(
            ErrorKind::Unsupported,
            format!(
                "could not use the database {name} because it is the older backend's; run \
                 `explainer migrate --from older --database {name}`, with another name in \
                 DATABASE_NAME to carry it to",
                name = database.name()
            ),
        ));
    }
    Ok(())
}
