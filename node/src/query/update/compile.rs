//! From BSON to an update.

use bson::{Bson, Document};

use super::array_filter::ArrayFilters;
use super::operator::{BitOperation, Modifier, Operator};
use super::path::{Part, UpdatePath};
use super::pipeline::UpdatePipeline;
use super::pull::PullCondition;
use super::push::Push;
use super::tree::Update;
use crate::error_code::ErrorCode;
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::Variables;
use crate::query::number::Number;
use crate::query::types::type_name;

impl Update {
    /// Compiles `u` of an update statement (or `update` of findAndModify): a document whose first key tells
    /// whether it is a replacement or modifiers, or an array of stages.
    pub fn compile(update: &Bson, array_filters: &[Document], variables: &Variables) -> QueryResult<Self> {
        match update {
            Bson::Array(stages) => {
                if !array_filters.is_empty() {
                    let text = "Cannot specify arrayFilters with a pipeline update";
                    return Err(QueryError::failed_to_parse(text));
                }
                Ok(Self::Pipeline(UpdatePipeline::compile(stages, variables)?))
            }
            Bson::Document(document) if document.keys().next().is_some_and(|key| key.starts_with('$')) => {
                compile_modifiers(document, array_filters, variables)
            }
            Bson::Document(document) => {
                if !array_filters.is_empty() {
                    let text = "Cannot specify arrayFilters with a replacement update";
                    return Err(QueryError::failed_to_parse(text));
                }
                if let Some(name) = document.keys().find(|key| key.starts_with('$')) {
                    return Err(QueryError::new(
                        ErrorCode::DOLLAR_PREFIXED_FIELD_NAME,
                        format!(
                            "The dollar ($) prefixed field '{name}' is not allowed in the context of an update's \
                            replacement document. Consider using an aggregation pipeline with $replaceWith."
                        ),
                    ));
                }
                Ok(Self::Replacement(document.clone()))
            }
            _ => Err(QueryError::failed_to_parse(
                "Update argument must be either an object or an array",
            )),
        }
    }

    /// Whether this is a whole new document.
    pub fn is_replacement(&self) -> bool {
        matches!(self, Self::Replacement(_))
    }
}

fn compile_modifiers(
    document: &Document,
    filters: &[Document],
    variables: &Variables,
) -> QueryResult<Update> {
    let array_filters = ArrayFilters::compile(filters, variables)?;
    let mut modifiers: Vec<Modifier> = Vec::new();
    for (name, fields) in document {
        if !KNOWN.contains(&name.as_str()) {
            return Err(QueryError::failed_to_parse(format!(
                "Unknown modifier: {name}. Expected a valid update modifier or pipeline-style update specified as an \
                 array"
            )));
        }
        let Bson::Document(fields) = fields else {
            return Err(QueryError::failed_to_parse(format!(
                "Modifiers operate on fields but we found type {} instead. For example: {{$mod: {{<field>: ...}}}} \
                 not {{{name}: {fields}}}",
                type_name(fields)
            )));
        };
        for (path, argument) in fields {
            let path = UpdatePath::parse(path)?;
            let operator = compile_operator(name, &path, argument, variables)?;
            if let Operator::Rename(target) = &operator {
                check_conflict(&modifiers, target)?;
            }
            check_conflict(&modifiers, &path)?;
            modifiers.push(Modifier { path, operator });
        }
    }
    check_filters_are_used(&array_filters, &modifiers)?;
    modifiers.sort_by_key(|modifier| modifier.path.order_key());
    Ok(Update::Modifiers {
        modifiers,
        array_filters,
    })
}

const KNOWN: [&str; 16] = [
    "$addToSet",
    "$bit",
    "$currentDate",
    "$inc",
    "$max",
    "$min",
    "$mul",
    "$pop",
    "$pull",
    "$pullAll",
    "$push",
    "$pushAll",
    "$rename",
    "$set",
    "$setOnInsert",
    "$unset",
];

fn compile_operator(
    name: &str,
    path: &UpdatePath,
    argument: &Bson,
    variables: &Variables,
) -> QueryResult<Operator> {
    let text = &path.text;
    Ok(match name {
        "$set" => Operator::Set(argument.clone()),
        "$setOnInsert" => Operator::SetOnInsert(argument.clone()),
        "$unset" => Operator::Unset,
        "$inc" | "$mul" => {
            let number = Number::from_bson(argument).ok_or_else(|| {
                let verb = if name == "$inc" { "increment" } else { "multiply" };
                QueryError::type_mismatch(format!(
                    "Cannot {verb} with non-numeric argument: {{{text}: {argument}}}"
                ))
            })?;
            if name == "$inc" {
                Operator::Increment(number)
            } else {
                Operator::Multiply(number)
            }
        }
        "$min" => Operator::Minimum(argument.clone()),
        "$max" => Operator::Maximum(argument.clone()),
        "$currentDate" => compile_current_date(argument)?,
        "$rename" => compile_rename(path, argument)?,
        "$push" => Operator::Push(Push::compile(argument)?),
        "$addToSet" => compile_add_to_set(argument)?,
        "$pull" => Operator::Pull(PullCondition::compile(argument, variables)?),
        "$pullAll" => match argument {
            Bson::Array(values) => Operator::PullAll(values.clone()),
            other => {
                return Err(QueryError::bad_value(format!(
                    "$pullAll requires an array argument but was given a {}",
                    type_name(other)
                )));
            }
        },
        "$pop" => match Number::from_bson(argument).map(Number::to_exact_integer) {
            Some(Some(1)) => Operator::PopLast,
            Some(Some(-1)) => Operator::PopFirst,
            Some(_) => {
                return Err(QueryError::failed_to_parse(format!(
                    "$pop expects 1 or -1, found: {argument}"
                )));
            }
            None => {
                return Err(QueryError::failed_to_parse(format!(
                    "Expected a number in: {text}: {argument}"
                )));
            }
        },
        "$bit" => compile_bits(argument)?,
        _ => return Err(QueryError::failed_to_parse(format!("Unknown modifier: {name}"))),
    })
}

fn compile_current_date(argument: &Bson) -> QueryResult<Operator> {
    match argument {
        Bson::Boolean(_) => Ok(Operator::CurrentDate),
        Bson::Document(options) => {
            if let Some(unknown) = options.keys().find(|key| *key != "$type") {
                return Err(QueryError::bad_value(format!(
                    "Unrecognized $currentDate option: {unknown}"
                )));
            }
            match options.get_str("$type") {
                Ok("date") => Ok(Operator::CurrentDate),
                Ok("timestamp") => Ok(Operator::CurrentTimestamp),
                _ => Err(QueryError::bad_value(
                    "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : \
                     {$type: 'date'}}}",
                )),
            }
        }
        other => Err(QueryError::bad_value(format!(
            "{} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression",
            type_name(other)
        ))),
    }
}

fn compile_rename(path: &UpdatePath, argument: &Bson) -> QueryResult<Operator> {
    let Bson::String(target) = argument else {
        return Err(QueryError::bad_value(format!(
            "The 'to' field for $rename must be a string: {}: {argument}",
            path.text
        )));
    };
    let target = UpdatePath::parse(target)?;
    let is_dynamic = |path: &UpdatePath| path.parts.iter().any(|part| !matches!(part, Part::Name(_)));
    if is_dynamic(path) || is_dynamic(&target) {
        let text = "The source and target field for $rename may not be dynamic";
        return Err(QueryError::bad_value(format!("{text}: {}", path.text)));
    }
    if *path == target {
        return Err(QueryError::bad_value(format!(
            "The source and target field for $rename must differ: {}: {argument}",
            path.text
        )));
    }
    if path.conflicts_with(&target) {
        return Err(QueryError::bad_value(format!(
            "The source and target field for $rename must not be on the same path: {}: {argument}",
            path.text
        )));
    }
    Ok(Operator::Rename(target))
}

fn compile_add_to_set(argument: &Bson) -> QueryResult<Operator> {
    let Some(options) = argument
        .as_document()
        .filter(|options| options.keys().next().is_some_and(|k| k == "$each"))
    else {
        return Ok(Operator::AddToSet(vec![argument.clone()]));
    };
    if let Some(unknown) = options.keys().find(|key| *key != "$each") {
        return Err(QueryError::bad_value(format!(
            "Found unexpected fields after $each in $addToSet: {unknown}"
        )));
    }
    match options.get("$each") {
        Some(Bson::Array(values)) => Ok(Operator::AddToSet(values.clone())),
        _ => Err(QueryError::type_mismatch(
            "The argument to $each in $addToSet must be an array",
        )),
    }
}

fn compile_bits(argument: &Bson) -> QueryResult<Operator> {
    let operations = argument
        .as_document()
        .filter(|document| !document.is_empty())
        .ok_or_else(|| {
            QueryError::bad_value(
                "You must pass in at least one bitwise operation. The format is: {$bit: {field: {op: #}}",
            )
        })?;
    let mut compiled = Vec::new();
    for (name, operand) in operations {
        let operation = match name.as_str() {
            "and" => BitOperation::And,
            "or" => BitOperation::Or,
            "xor" => BitOperation::Xor,
            _ => {
                return Err(QueryError::bad_value(format!(
                    "The $bit modifier only supports 'and', 'or', and 'xor', not '{name}' which is an unknown operator"
                )));
            }
        };
        match Number::from_bson(operand) {
            Some(number @ (Number::Int32(_) | Number::Int64(_))) => compiled.push((operation, number)),
            _ => {
                return Err(QueryError::bad_value(format!(
                    "The $bit modifier field must be an Integer(32/64 bit); a '{}' is not supported here",
                    type_name(operand)
                )));
            }
        }
    }
    Ok(Operator::Bits(compiled))
}

fn check_conflict(modifiers: &[Modifier], path: &UpdatePath) -> QueryResult<()> {
    for modifier in modifiers {
        let mut taken = vec![&modifier.path];
        if let Operator::Rename(target) = &modifier.operator {
            taken.push(target);
        }
        if let Some(other) = taken.into_iter().find(|other| other.conflicts_with(path)) {
            let shorter = if other.parts.len() < path.parts.len() {
                other
            } else {
                path
            };
            return Err(QueryError::new(
                ErrorCode::CONFLICTING_UPDATE_OPERATORS,
                format!(
                    "Updating the path '{}' would create a conflict at '{}'",
                    path.text, shorter.text
                ),
            ));
        }
    }
    Ok(())
}

fn check_filters_are_used(filters: &ArrayFilters, modifiers: &[Modifier]) -> QueryResult<()> {
    let used: Vec<&str> = modifiers
        .iter()
        .flat_map(|modifier| &modifier.path.parts)
        .filter_map(|part| {
            if let Part::Filtered(name) = part {
                Some(name.as_str())
            } else {
                None
            }
        })
        .collect();
    if let Some(unused) = filters.names().find(|name| !used.contains(name)) {
        return Err(QueryError::failed_to_parse(format!(
            "The array filter for identifier '{unused}' was not used in the update"
        )));
    }
    match used
        .iter()
        .find(|name| filters.names().all(|known| known != **name))
    {
        Some(unknown) => Err(QueryError::bad_value(format!(
            "No array filter found for identifier '{unknown}'"
        ))),
        None => Ok(()),
    }
}
