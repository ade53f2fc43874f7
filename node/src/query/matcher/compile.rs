//! From a filter document to a matcher.

use bson::{Bson, Document};

use super::bits::BitTest;
use super::pattern::Pattern;
use super::tree::{Comparison, Matcher, Node, Predicate};
use crate::query::error::{QueryError, QueryResult};
use crate::query::expression::{Expression, Variables};
use crate::query::number::Number;
use crate::query::path::FieldPath;
use crate::query::types::{is_type_number, number_of_type_name, type_name};

impl Matcher {
    /// Compiles a filter. `variables` are those that `$expr` may use.
    pub fn compile(filter: &Document, variables: &Variables) -> QueryResult<Self> {
        let root = Compiler { variables }.filter(filter)?;
        Ok(Self {
            root,
            variables: variables.clone(),
        })
    }

    /// Compiles the operators of one field, such as `{ $gt: 1 }`, or a value to be equal to.
    pub fn compile_predicate(condition: &Bson, variables: &Variables) -> QueryResult<Predicate> {
        Compiler { variables }.condition(condition)
    }
}

struct Compiler<'a> {
    variables: &'a Variables,
}

const NUMBER_TYPES: [i32; 4] = [1, 16, 18, 19];

impl Compiler<'_> {
    fn filter(&self, filter: &Document) -> QueryResult<Node> {
        let mut nodes = Vec::new();
        for (name, value) in filter {
            if name.starts_with('$') {
                nodes.extend(self.top_level(name, value)?);
            } else {
                nodes.push(Node::Path(FieldPath::new(name)?, self.condition(value)?));
            }
        }
        Ok(if nodes.len() == 1 {
            nodes.remove(0)
        } else {
            Node::And(nodes)
        })
    }

    fn top_level(&self, name: &str, value: &Bson) -> QueryResult<Option<Node>> {
        Ok(Some(match name {
            "$and" => Node::And(self.filters(name, value)?),
            "$or" => Node::Or(self.filters(name, value)?),
            "$nor" => Node::Nor(self.filters(name, value)?),
            "$expr" => Node::Expression(Expression::parse(value, self.variables)?),
            "$comment" => return Ok(None),
            "$alwaysTrue" | "$alwaysFalse" => {
                if Number::from_bson(value).and_then(Number::to_exact_integer) != Some(1) {
                    return Err(QueryError::failed_to_parse(format!(
                        "{name} must be an integer value of 1"
                    )));
                }
                Node::Constant(name == "$alwaysTrue")
            }
            "$where" => return Err(QueryError::bad_value("no globalScriptEngine in $where parsing")),
            "$text" => {
                return Err(QueryError::new(
                    crate::error_code::ErrorCode::INDEX_NOT_FOUND,
                    "text index required for $text query",
                ));
            }
            "$jsonSchema" => return Err(QueryError::bad_value("$jsonSchema is not supported")),
            _ => {
                return Err(QueryError::bad_value(format!(
                    "unknown top level operator: {name}. If you have a field name that starts with a '$' symbol, \
                     consider using $getField or $setField."
                )));
            }
        }))
    }

    fn filters(&self, name: &str, value: &Bson) -> QueryResult<Vec<Node>> {
        let Bson::Array(filters) = value else {
            return Err(QueryError::bad_value(format!("{name} argument must be an array")));
        };
        if filters.is_empty() {
            return Err(QueryError::bad_value(format!(
                "{name} argument must be a non-empty array"
            )));
        }
        filters
            .iter()
            .map(|filter| match filter {
                Bson::Document(filter) => self.filter(filter),
                _ => Err(QueryError::bad_value(format!(
                    "{name} argument's entries must be objects"
                ))),
            })
            .collect()
    }

    /// What a field must be: operators, or a value.
    fn condition(&self, value: &Bson) -> QueryResult<Predicate> {
        match value {
            Bson::Document(operators) if has_operators(operators) => self.operators(operators),
            Bson::RegularExpression(regex) => Ok(Predicate::Matches(Pattern::of_bson(regex)?)),
            Bson::Undefined => Err(QueryError::bad_value("cannot compare to undefined")),
            value => Ok(Predicate::Compare(Comparison::Equal, value.clone())),
        }
    }

    fn operators(&self, operators: &Document) -> QueryResult<Predicate> {
        let mut predicates = Vec::new();
        for (name, operand) in operators {
            if let Some(predicate) = self.operator(name, operand, operators)? {
                predicates.push(predicate);
            }
        }
        Ok(if predicates.len() == 1 {
            predicates.remove(0)
        } else {
            Predicate::All(predicates)
        })
    }

    fn operator(&self, name: &str, operand: &Bson, siblings: &Document) -> QueryResult<Option<Predicate>> {
        Ok(Some(match name {
            "$eq" => equality(operand)?,
            "$ne" => {
                if matches!(operand, Bson::RegularExpression(_)) {
                    return Err(QueryError::bad_value("Can't have regex as arg to $ne."));
                }
                Predicate::Not(Box::new(equality(operand)?))
            }
            "$gt" => comparison(name, Comparison::Greater, operand)?,
            "$gte" => comparison(name, Comparison::GreaterOrEqual, operand)?,
            "$lt" => comparison(name, Comparison::Less, operand)?,
            "$lte" => comparison(name, Comparison::LessOrEqual, operand)?,
            "$in" => membership(name, operand)?,
            "$nin" => Predicate::Not(Box::new(membership(name, operand)?)),
            "$not" => self.negation(operand)?,
            "$exists" => {
                if crate::query::expression::is_truthy(operand) {
                    Predicate::Exists
                } else {
                    Predicate::Not(Box::new(Predicate::Exists))
                }
            }
            "$type" => Predicate::HasType(type_numbers(operand)?),
            "$regex" => regular_expression(operand, siblings.get("$options"))?,
            "$options" => {
                if !siblings.contains_key("$regex") {
                    return Err(QueryError::bad_value("$options needs a $regex"));
                }
                return Ok(None);
            }
            "$mod" => modulo(operand)?,
            "$size" => Predicate::Size(size(operand)?),
            "$all" => self.all(operand)?,
            "$elemMatch" => self.element_match(operand)?,
            "$bitsAllSet" | "$bitsAllClear" | "$bitsAnySet" | "$bitsAnyClear" => {
                Predicate::Bits(BitTest::parse(name, operand)?)
            }
            "$comment" => return Ok(None),
            _ => return Err(QueryError::bad_value(format!("unknown operator: {name}"))),
        }))
    }

    fn negation(&self, operand: &Bson) -> QueryResult<Predicate> {
        let inner = match operand {
            Bson::RegularExpression(regex) => Predicate::Matches(Pattern::of_bson(regex)?),
            Bson::Document(operators) if operators.is_empty() => {
                return Err(QueryError::bad_value("$not cannot be empty"));
            }
            Bson::Document(operators) => self.operators(operators)?,
            _ => return Err(QueryError::bad_value("$not needs a regex or a document")),
        };
        Ok(Predicate::Not(Box::new(inner)))
    }

    fn all(&self, operand: &Bson) -> QueryResult<Predicate> {
        let Bson::Array(values) = operand else {
            return Err(QueryError::bad_value("$all needs an array"));
        };
        if values.is_empty() {
            return Ok(Predicate::Never);
        }
        let is_element_match = |value: &Bson| {
            value
                .as_document()
                .is_some_and(|inner| inner.keys().next().is_some_and(|key| key == "$elemMatch"))
        };
        let with_element_match = values.iter().any(is_element_match);
        let mut predicates = Vec::new();
        for value in values {
            predicates.push(match value {
                Bson::Document(inner) if is_element_match(value) => self.operators(inner)?,
                _ if with_element_match => {
                    return Err(QueryError::bad_value("$all/$elemMatch has to be consistent"));
                }
                Bson::Document(inner) if inner.keys().next().is_some_and(|key| key.starts_with('$')) => {
                    return Err(QueryError::bad_value("no $ expressions in $all"));
                }
                Bson::RegularExpression(regex) => Predicate::Matches(Pattern::of_bson(regex)?),
                value => Predicate::Compare(Comparison::Equal, value.clone()),
            });
        }
        Ok(Predicate::All(predicates))
    }

    fn element_match(&self, operand: &Bson) -> QueryResult<Predicate> {
        let Bson::Document(inner) = operand else {
            return Err(QueryError::bad_value("$elemMatch needs an Object"));
        };
        let is_value_form = inner.keys().next().is_some_and(|key| {
            key.starts_with('$') && !["$and", "$or", "$nor", "$expr", "$where"].contains(&key.as_str())
        });
        if !is_value_form {
            return Ok(Predicate::ElementMatches(Box::new(self.filter(inner)?)));
        }
        let mut predicates = Vec::new();
        for (name, operand) in inner {
            predicates.extend(self.operator(name, operand, inner)?);
        }
        Ok(Predicate::ElementSatisfies(predicates))
    }
}

fn has_operators(document: &Document) -> bool {
    // A DBRef is a value although its fields begin with a dollar.
    document
        .keys()
        .next()
        .is_some_and(|key| key.starts_with('$') && !["$ref", "$id", "$db"].contains(&key.as_str()))
}

fn equality(operand: &Bson) -> QueryResult<Predicate> {
    if matches!(operand, Bson::Undefined) {
        return Err(QueryError::bad_value("cannot compare to undefined"));
    }
    Ok(Predicate::Compare(Comparison::Equal, operand.clone()))
}

fn comparison(name: &str, comparison: Comparison, operand: &Bson) -> QueryResult<Predicate> {
    match operand {
        Bson::RegularExpression(_) => Err(QueryError::bad_value(format!(
            "Can't have RegEx as arg to predicate over field '{name}'."
        ))),
        Bson::Undefined => Err(QueryError::bad_value("cannot compare to undefined")),
        operand => Ok(Predicate::Compare(comparison, operand.clone())),
    }
}

fn membership(name: &str, operand: &Bson) -> QueryResult<Predicate> {
    let Bson::Array(operands) = operand else {
        return Err(QueryError::bad_value(format!("{name} needs an array")));
    };
    let (mut values, mut patterns) = (Vec::new(), Vec::new());
    for operand in operands {
        match operand {
            Bson::RegularExpression(regex) => patterns.push(Pattern::of_bson(regex)?),
            Bson::Document(inner) if has_operators(inner) => {
                return Err(QueryError::bad_value(format!("cannot nest $ under {name}")));
            }
            Bson::Undefined => return Err(QueryError::bad_value("cannot compare to undefined")),
            value => values.push(value.clone()),
        }
    }
    Ok(Predicate::In(values, patterns))
}

fn regular_expression(operand: &Bson, options: Option<&Bson>) -> QueryResult<Predicate> {
    let options = match options {
        None => None,
        Some(Bson::String(options)) => Some(options.as_str()),
        Some(_) => return Err(QueryError::bad_value("$options has to be a string")),
    };
    let pattern = match operand {
        Bson::String(text) => Pattern::new(text, options.unwrap_or(""))?,
        Bson::RegularExpression(regex) => match options {
            Some(_) if !regex.options.as_str().is_empty() => {
                return Err(QueryError::location(
                    51075,
                    "options set in both $regex and $options",
                ));
            }
            Some(options) => Pattern::new(regex.pattern.as_str(), options)?,
            None => Pattern::of_bson(regex)?,
        },
        _ => return Err(QueryError::bad_value("$regex has to be a string")),
    };
    Ok(Predicate::Matches(pattern))
}

fn modulo(operand: &Bson) -> QueryResult<Predicate> {
    let Bson::Array(parts) = operand else {
        return Err(QueryError::bad_value("malformed mod, needs to be an array"));
    };
    let [divisor, remainder] = parts.as_slice() else {
        let text = if parts.len() < 2 {
            "malformed mod, not enough elements"
        } else {
            "malformed mod, too many elements"
        };
        return Err(QueryError::bad_value(text));
    };
    let integer = |value: &Bson, what: &str| {
        Number::from_bson(value)
            .and_then(Number::to_truncated_integer)
            .ok_or_else(|| QueryError::bad_value(format!("malformed mod, {what} value is invalid")))
    };
    let (divisor, remainder) = (integer(divisor, "divisor")?, integer(remainder, "remainder")?);
    if divisor == 0 {
        return Err(QueryError::bad_value("divisor cannot be 0"));
    }
    Ok(Predicate::Modulo(divisor, remainder))
}

fn size(operand: &Bson) -> QueryResult<i64> {
    let refused = |wanted: &str| {
        let name = type_name(operand);
        QueryError::bad_value(format!(
            "Failed to parse $size. Expected {wanted} in: $size: {operand} ({name})"
        ))
    };
    let number = Number::from_bson(operand)
        .and_then(Number::to_exact_integer)
        .ok_or_else(|| refused("a number"))?;
    if number < 0 {
        return Err(refused("a non-negative number"));
    }
    // No array is longer, and MongoDB reads an int.
    i32::try_from(number).map_err(|_| refused("an int"))?;
    Ok(number)
}

fn type_numbers(operand: &Bson) -> QueryResult<Vec<i32>> {
    let operands = match operand {
        Bson::Array(operands) => operands.as_slice(),
        one => std::slice::from_ref(one),
    };
    if operands.is_empty() {
        return Err(QueryError::failed_to_parse("$type must match at least one type"));
    }
    let mut numbers = Vec::new();
    for operand in operands {
        match operand {
            Bson::String(name) if name == "number" => numbers.extend(NUMBER_TYPES),
            Bson::String(name) => numbers.push(
                number_of_type_name(name)
                    .ok_or_else(|| QueryError::bad_value(format!("Unknown type name alias: {name}")))?,
            ),
            other => {
                let number = Number::from_bson(other).ok_or_else(|| {
                    QueryError::type_mismatch("type must be represented as a number or a string")
                })?;
                match number.to_exact_integer().filter(|number| is_type_number(*number)) {
                    Some(number) => numbers.push(number as i32),
                    None => {
                        return Err(QueryError::bad_value(format!(
                            "Invalid numerical type code: {other}"
                        )));
                    }
                }
            }
        }
    }
    Ok(numbers)
}
