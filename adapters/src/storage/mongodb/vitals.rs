//! Whether the server answers.

use ::mongodb::bson::doc;
use async_trait::async_trait;
use explainer_core::{Result, ports::Vitals};

use super::MongoStore;

#[async_trait]
impl Vitals for MongoStore {
    async fn ping(&self) -> Result<()> {
        self.read("ping", async {
            self.database.run_command(doc! { "ping": 1 }).await?;
            Ok(())
        })
        .await
    }
}
