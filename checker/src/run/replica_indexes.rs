//! What every member says of a collection's indexes in the end: which there are, and whether they are in accord with the
//! documents. No client sees an index that one member lost in a rollback or in a copy (I-22).

use std::collections::BTreeMap;

use mongodb::{
    Client,
    bson::{Bson, Document, RawDocumentBuf, doc},
    error::{Error, ErrorKind},
    options::{ReadPreference, SelectionCriteria},
};

use super::replicas::Documents;

/// `NamespaceNotFound`: a collection that is not there has no indexes.
const NO_COLLECTION: i32 = 26;

/// A row for each index of the collection, by its name, and one for what `validate` says of all of them.
///
/// # Errors
/// When the member can't be asked.
pub(super) async fn indexes(client: &Client, namespace: &str) -> Result<Documents, Error> {
    let mut rows = Documents::new();
    let Some((database, collection)) = namespace.split_once('.') else {
        return Ok(rows);
    };
    let Some(listed) = ask(client, database, doc! { "listIndexes": collection }).await? else {
        return Ok(rows);
    };
    let batch = listed
        .get_document("cursor")
        .and_then(|cursor| cursor.get_array("firstBatch"));
    let found = batch.into_iter().flatten().filter_map(Bson::as_document);
    for index in found {
        let name = index.get_str("name").unwrap_or("?");
        rows.insert(format!("index {name}"), RawDocumentBuf::try_from(index)?);
    }
    if let Some(checked) = ask(client, database, doc! { "validate": collection }).await? {
        let told = doc! {
            "valid": checked.get("valid").cloned(),
            "nrecords": checked.get("nrecords").cloned(),
            "keysPerIndex": sorted(checked.get_document("keysPerIndex").ok()),
            "errors": checked.get("errors").cloned(),
        };
        rows.insert("validate".to_owned(), RawDocumentBuf::try_from(&told)?);
    }
    Ok(rows)
}

/// The order of indexes is no promise.
fn sorted(counts: Option<&Document>) -> Document {
    let rows = counts.into_iter().flatten();
    let rows: BTreeMap<String, Bson> = rows.map(|(name, count)| (name.clone(), count.clone())).collect();
    rows.into_iter().collect()
}

async fn ask(client: &Client, database: &str, command: Document) -> Result<Option<Document>, Error> {
    let preference = ReadPreference::SecondaryPreferred { options: None };
    let asked = client.database(database);
    let asked = asked
        .run_command(command)
        .selection_criteria(SelectionCriteria::ReadPreference(preference));
    match asked.await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.kind.as_ref() {
            ErrorKind::Command(refused) if refused.code == NO_COLLECTION => Ok(None),
            _ => Err(error),
        },
    }
}
