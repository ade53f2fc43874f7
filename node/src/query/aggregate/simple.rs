//! The stages of a few lines: filters, projections, limits, counts.

use bson::{Bson, Document, doc};

use super::pipeline::StageContext;
use super::source::Source;
use super::stage::Stage;
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::Expression;
use crate::query::matcher::Matcher;
use crate::query::number::Number;
use crate::query::projection::{AddFields, Dialect, Projection};

/// `$match`.
pub(super) fn filter(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let filter = specification
        .as_document()
        .ok_or_else(|| QueryError::location(15959, "the match filter must be an expression in an object"))?;
    Ok(Box::new(Filter(Matcher::compile(filter, &context.variables)?)))
}

/// `$project`.
pub(super) fn project(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let specification = specification
        .as_document()
        .ok_or_else(|| QueryError::location(15969, "$project specification must be an object"))?;
    let projection = Projection::parse(specification, Dialect::Aggregate, &context.variables)?;
    Ok(Box::new(Each(move |document: Document| {
        projection.apply(&document, None)
    })))
}

/// `$addFields` and `$set`.
pub(super) fn add_fields(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let specification = specification
        .as_document()
        .ok_or_else(|| QueryError::location(40272, "$addFields specification stage must be an object"))?;
    let fields = AddFields::parse(specification, &context.variables)?;
    Ok(Box::new(Each(move |document: Document| fields.apply(&document))))
}

/// `$unset`.
pub(super) fn unset(specification: &Bson, _: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let projection = Projection::without(&unset_paths(specification)?)?;
    Ok(Box::new(Each(move |document: Document| {
        projection.apply(&document, None)
    })))
}

/// The paths of `$unset`: one string, or an array of them.
pub(crate) fn unset_paths(specification: &Bson) -> QueryResult<Vec<String>> {
    let values = match specification {
        Bson::Array(values) if values.is_empty() => {
            return Err(QueryError::location(
                31119,
                "$unset specification must be a string or an array with at least one field",
            ));
        }
        Bson::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    values
        .iter()
        .map(|value| match value {
            Bson::String(path) => Ok(path.clone()),
            _ => Err(QueryError::location(
                31002,
                "$unset specification must be a string or an array",
            )),
        })
        .collect()
}

/// `$limit`.
pub(super) fn limit(specification: &Bson, _: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let limit = whole_number("$limit", specification)?;
    if limit == 0 {
        return Err(QueryError::location(15958, "the limit must be positive"));
    }
    Ok(Box::new(Limit(limit)))
}

/// `$skip`.
pub(super) fn skip(specification: &Bson, _: &StageContext) -> QueryResult<Box<dyn Stage>> {
    Ok(Box::new(Skip(whole_number("$skip", specification)?)))
}

/// `$count`.
pub(super) fn count(specification: &Bson, _: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let name = specification
        .as_str()
        .ok_or_else(|| QueryError::location(40156, "the count field must be a non-empty string"))?;
    if name.is_empty() {
        return Err(QueryError::location(
            40156,
            "the count field must be a non-empty string",
        ));
    }
    if name.starts_with('$') {
        return Err(QueryError::location(
            40158,
            "the count field cannot be a $-prefixed path",
        ));
    }
    if name.contains('.') {
        return Err(QueryError::location(40160, "the count field cannot contain '.'"));
    }
    Ok(Box::new(Count {
        name: name.to_owned(),
        done: false,
    }))
}

/// `$documents`.
pub(super) fn documents(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let value =
        Expression::parse(specification, &context.variables)?.evaluate(&doc! {}, &context.variables)?;
    let Bson::Array(values) = value else {
        return Err(QueryError::location(
            5_858_203,
            "error during aggregation: an array is expected",
        ));
    };
    let mut documents = Vec::new();
    for value in values {
        match value {
            Bson::Document(document) => documents.push(document),
            _ => {
                return Err(QueryError::location(
                    40228,
                    "$documents: each element must be an object",
                ));
            }
        }
    }
    Ok(Box::new(Fixed(documents.into_iter())))
}

struct Filter(Matcher);

impl Stage for Filter {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        while let Some(document) = input.next()? {
            if self.0.matches(&document)? {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }
}

/// A stage that makes one document of each.
struct Each<F>(F);

impl<F: FnMut(Document) -> QueryResult<Document> + Send> Stage for Each<F> {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        input.next()?.map(&mut self.0).transpose()
    }
}

struct Limit(u64);

impl Stage for Limit {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        if self.0 == 0 {
            return Ok(None);
        }
        let document = input.next()?;
        self.0 -= u64::from(document.is_some());
        Ok(document)
    }
}

struct Skip(u64);

impl Stage for Skip {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        while self.0 > 0 {
            if input.next()?.is_none() {
                return Ok(None);
            }
            self.0 -= 1;
        }
        input.next()
    }
}

struct Count {
    name: String,
    done: bool,
}

impl Stage for Count {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let mut count: i64 = 0;
        while input.next()?.is_some() {
            count += 1;
        }
        // Nothing in, nothing out.
        let value = i32::try_from(count).map_or(Bson::Int64(count), Bson::Int32);
        Ok((count > 0).then(|| doc! { self.name.clone(): value }))
    }

    fn blocks(&self) -> bool {
        true
    }
}

struct Fixed(std::vec::IntoIter<Document>);

impl Stage for Fixed {
    fn next(&mut self, _: &mut dyn Source) -> QueryResult<Option<Document>> {
        Ok(self.0.next())
    }
}

fn whole_number(stage: &str, value: &Bson) -> QueryResult<u64> {
    let code = if stage == "$skip" { 5_107_200 } else { 5_107_201 };
    let wrong = |what: &str| {
        QueryError::location(
            code,
            format!("invalid argument to {stage} stage: Expected {what}: {stage}: {value}"),
        )
    };
    let number = Number::from_bson(value).and_then(Number::to_exact_integer);
    let number = number.ok_or_else(|| wrong("an integer"))?;
    u64::try_from(number).map_err(|_| wrong("a non-negative number in"))
}
