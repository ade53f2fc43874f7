//! What `$$name` may mean while an expression is evaluated.

use bson::{Bson, DateTime, Document, Timestamp};

use crate::query::error::{QueryError, QueryResult};

/// Variables in scope: those of the command (`let`, `NOW`, `CLUSTER_TIME`), then those of enclosing expressions.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    bindings: Vec<(String, Bson)>,
}

impl Variables {
    /// No variable beyond the built-in `ROOT`, `CURRENT` and `REMOVE`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The variables of a command: its `let` document, the time it started, and the cluster time.
    pub fn of_command(
        let_document: Option<&Document>,
        now: DateTime,
        cluster_time: Option<Timestamp>,
    ) -> QueryResult<Self> {
        let mut variables = Self::default();
        variables.push("NOW", Bson::DateTime(now));
        if let Some(time) = cluster_time {
            variables.push("CLUSTER_TIME", Bson::Timestamp(time));
        }
        for (name, value) in let_document.into_iter().flatten() {
            check_user_name(name)?;
            let value =
                super::Expression::parse(value, &variables)?.evaluate(&Document::new(), &variables)?;
            variables.push(name, value);
        }
        Ok(variables)
    }

    /// These variables and the constants (`c`) of an update statement.
    pub fn with_constants(&self, constants: &Document) -> Self {
        self.with(
            constants
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        )
    }

    /// The innermost value of a name.
    pub fn get(&self, name: &str) -> Option<&Bson> {
        self.bindings
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Opens a scope with one more name.
    pub(super) fn push(&mut self, name: impl Into<String>, value: Bson) {
        self.bindings.push((name.into(), value));
    }

    /// These variables and the given ones.
    pub(super) fn with(&self, more: impl IntoIterator<Item = (String, Bson)>) -> Self {
        let mut bindings = self.bindings.clone();
        bindings.extend(more);
        Self { bindings }
    }
}

/// Names of users begin with a small letter; those of the system with a capital.
pub(super) fn check_user_name(name: &str) -> QueryResult<()> {
    let mut characters = name.chars();
    let first_is_fine = characters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || !first.is_ascii());
    let rest_is_fine = characters.all(|c| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii());
    if first_is_fine && rest_is_fine {
        return Ok(());
    }
    Err(QueryError::failed_to_parse(format!(
        "'{name}' starts with an invalid character for a user variable name"
    )))
}
