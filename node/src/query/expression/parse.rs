//! From BSON to an expression.

use bson::{Bson, Document};

use super::operator::{self, Shape};
use super::tree::Expression;
use super::variables::{Variables, check_user_name};
use crate::error_code::ErrorCode;
use crate::query::error::{QueryError, QueryResult};

impl Expression {
    /// Parses an expression; `variables` are those in scope.
    pub fn parse(value: &Bson, variables: &Variables) -> QueryResult<Self> {
        Parser {
            scope: Scope {
                outer: variables,
                inner: Vec::new(),
            },
        }
        .parse(value)
    }
}

struct Scope<'a> {
    outer: &'a Variables,
    inner: Vec<String>,
}

struct Parser<'a> {
    scope: Scope<'a>,
}

const BUILT_IN: [&str; 3] = ["ROOT", "CURRENT", "REMOVE"];

impl Parser<'_> {
    fn parse(&mut self, value: &Bson) -> QueryResult<Expression> {
        match value {
            Bson::String(text) if text.starts_with('$') => self.parse_field(text),
            Bson::Document(document) => self.parse_document(document),
            Bson::Array(elements) => Ok(Expression::Array(self.parse_all(elements)?)),
            other => Ok(Expression::Literal(other.clone())),
        }
    }

    fn parse_all(&mut self, values: &[Bson]) -> QueryResult<Vec<Expression>> {
        values.iter().map(|value| self.parse(value)).collect()
    }

    fn parse_field(&self, text: &str) -> QueryResult<Expression> {
        let (variable, path) = match text.strip_prefix("$$") {
            Some(rest) => {
                let (name, path) = rest
                    .split_once('.')
                    .map_or((rest, None), |(name, path)| (name, Some(path)));
                if name.is_empty() {
                    return Err(QueryError::failed_to_parse(
                        "empty variable names are not allowed",
                    ));
                }
                let known = BUILT_IN.contains(&name)
                    || self.scope.inner.iter().any(|known| known == name)
                    || self.scope.outer.get(name).is_some();
                if !known {
                    return Err(QueryError::location(
                        17276,
                        format!("Use of undefined variable: {name}"),
                    ));
                }
                (
                    Some(name.to_owned()).filter(|name| name != "CURRENT" && name != "ROOT"),
                    path,
                )
            }
            None => (None, Some(&text[1..])),
        };
        let path = match path {
            None => Vec::new(),
            Some(path) => check_path(path)?,
        };
        Ok(Expression::Field { variable, path })
    }

    fn parse_document(&mut self, document: &Document) -> QueryResult<Expression> {
        if let Some((name, arguments)) = document.iter().next()
            && name.starts_with('$')
        {
            if document.len() != 1 {
                return Err(QueryError::location(
                    15983,
                    format!("An object representing an expression must have exactly one field: {document}"),
                ));
            }
            return self.parse_operator(name, arguments);
        }
        let mut fields = Vec::new();
        for (name, value) in document {
            if name.starts_with('$') {
                return Err(QueryError::location(
                    16410,
                    format!("FieldPath field names may not start with '$': {name}"),
                ));
            }
            if name.contains('.') {
                return Err(QueryError::location(
                    16412,
                    format!("FieldPath field names may not contain '.': {name}"),
                ));
            }
            fields.push((name.clone(), self.parse(value)?));
        }
        Ok(Expression::Object(fields))
    }

    fn parse_operator(&mut self, name: &str, arguments: &Bson) -> QueryResult<Expression> {
        match name {
            "$literal" | "$const" => return Ok(Expression::Literal(arguments.clone())),
            "$and" => return Ok(Expression::And(self.parse_list(arguments)?)),
            "$or" => return Ok(Expression::Or(self.parse_list(arguments)?)),
            "$cond" => return self.parse_condition(arguments),
            "$ifNull" => {
                let list = self.parse_list(arguments)?;
                if list.len() < 2 {
                    let text = format!("$ifNull needs at least two arguments, had: {}", list.len());
                    return Err(QueryError::location(1_257_300, text));
                }
                return Ok(Expression::IfNull(list));
            }
            "$switch" => return self.parse_switch(arguments),
            "$let" => return self.parse_let(arguments),
            "$map" => return self.parse_map(arguments),
            "$filter" => return self.parse_filter(arguments),
            "$reduce" => return self.parse_reduce(arguments),
            _ => {}
        }
        let operator = operator::find(name).ok_or_else(|| {
            QueryError::new(
                ErrorCode::INVALID_PIPELINE_OPERATOR,
                format!("Unrecognized expression '{name}'"),
            )
        })?;
        let arguments = match (operator.shape, arguments) {
            (Shape::Positional(least, most), arguments) => {
                let list = self.parse_list(arguments)?;
                check_count(operator.name, list.len(), least, most)?;
                list
            }
            (Shape::OneOrNamed(names), Bson::Document(document))
                if document.keys().next().is_some_and(|key| !key.starts_with('$')) =>
            {
                self.parse_named(operator.name, names, document)?
            }
            (Shape::Named(names), Bson::Document(document)) => {
                self.parse_named(operator.name, names, document)?
            }
            (Shape::Named(_), _) => {
                let text = format!("{name} only supports an object as its argument");
                return Err(QueryError::failed_to_parse(text));
            }
            (Shape::OneOrNamed(names), arguments) => {
                let mut list = self.parse_list(arguments)?;
                check_count(operator.name, list.len(), 1, 1)?;
                list.resize(names.len(), Expression::Literal(Bson::Undefined));
                if operator.name == "$getField" {
                    list[1] = Expression::Field {
                        variable: None,
                        path: Vec::new(),
                    };
                }
                list
            }
        };
        Ok(Expression::Call {
            name: operator.name,
            function: operator.function,
            arguments,
        })
    }

    /// The arguments of a positional operator: an array's elements, or the one value.
    fn parse_list(&mut self, arguments: &Bson) -> QueryResult<Vec<Expression>> {
        match arguments {
            Bson::Array(elements) => self.parse_all(elements),
            one => Ok(vec![self.parse(one)?]),
        }
    }

    fn parse_named(
        &mut self,
        operator: &str,
        names: &[(&'static str, bool)],
        document: &Document,
    ) -> QueryResult<Vec<Expression>> {
        if let Some(unknown) = document
            .keys()
            .find(|key| names.iter().all(|(name, _)| name != key))
        {
            return Err(QueryError::failed_to_parse(format!(
                "{operator} found an unknown argument: {unknown}"
            )));
        }
        names
            .iter()
            .map(|(name, required)| match document.get(name) {
                // What `sortBy` holds is a pattern, not an expression.
                Some(pattern) if *name == "sortBy" => Ok(Expression::Literal(pattern.clone())),
                Some(value) => self.parse(value),
                None if *required => Err(QueryError::failed_to_parse(format!(
                    "{operator} requires '{name}' to be specified"
                ))),
                None if operator == "$getField" => Ok(Expression::Field {
                    variable: None,
                    path: Vec::new(),
                }),
                None => Ok(Expression::Literal(Bson::Undefined)),
            })
            .collect()
    }

    fn parse_condition(&mut self, arguments: &Bson) -> QueryResult<Expression> {
        let parts = match arguments {
            Bson::Document(document) => {
                if let Some(unknown) = document
                    .keys()
                    .find(|key| !["if", "then", "else"].contains(&key.as_str()))
                {
                    let text = format!("Unrecognized parameter to $cond: {unknown}");
                    return Err(QueryError::location(17083, text));
                }
                let mut part = |name: &str, code: i32| match document.get(name) {
                    Some(value) => self.parse(value),
                    None => Err(QueryError::location(
                        code,
                        format!("Missing '{name}' parameter to $cond"),
                    )),
                };
                [part("if", 17080)?, part("then", 17081)?, part("else", 17082)?]
            }
            other => {
                let list = self.parse_list(other)?;
                check_count("$cond", list.len(), 3, 3)?;
                <[Expression; 3]>::try_from(list).map_err(|_| QueryError::failed_to_parse("$cond"))?
            }
        };
        Ok(Expression::Condition(Box::new(parts)))
    }

    fn parse_switch(&mut self, arguments: &Bson) -> QueryResult<Expression> {
        let document = expect_document("$switch", 40060, arguments)?;
        if let Some(unknown) = document
            .keys()
            .find(|key| !["branches", "default"].contains(&key.as_str()))
        {
            return Err(QueryError::location(
                40067,
                format!("$switch found an unknown argument: {unknown}"),
            ));
        }
        let branches = match document.get("branches") {
            Some(Bson::Array(branches)) => branches.as_slice(),
            Some(_) => {
                return Err(QueryError::location(
                    40061,
                    "$switch expected an array for 'branches'",
                ));
            }
            None => &[],
        };
        if branches.is_empty() {
            return Err(QueryError::location(
                40068,
                "$switch requires at least one branch.",
            ));
        }
        let mut parsed = Vec::new();
        for branch in branches {
            let branch = expect_document("$switch", 40062, branch)?;
            let (Some(case), Some(then)) = (branch.get("case"), branch.get("then")) else {
                return Err(QueryError::location(
                    40064,
                    "$switch requires each branch to have 'case' and 'then'",
                ));
            };
            parsed.push((self.parse(case)?, self.parse(then)?));
        }
        let default = document
            .get("default")
            .map(|value| self.parse(value))
            .transpose()?
            .map(Box::new);
        Ok(Expression::Switch {
            branches: parsed,
            default,
        })
    }

    fn parse_let(&mut self, arguments: &Bson) -> QueryResult<Expression> {
        let document = expect_document("$let", 16874, arguments)?;
        let (Some(bindings), Some(inside)) = (document.get("vars"), document.get("in")) else {
            return Err(QueryError::location(
                16876,
                "Missing 'vars' or 'in' parameter to $let",
            ));
        };
        let mut variables = Vec::new();
        for (name, value) in expect_document("$let", 16874, bindings)? {
            check_user_name(name)?;
            variables.push((name.clone(), self.parse(value)?));
        }
        let names: Vec<String> = variables.iter().map(|(name, _)| name.clone()).collect();
        let inside = Box::new(self.parse_inside(inside, names)?);
        Ok(Expression::Let { variables, inside })
    }

    fn parse_map(&mut self, arguments: &Bson) -> QueryResult<Expression> {
        let document = expect_document("$map", 16878, arguments)?;
        check_names("$map", document, &["input", "as", "in"], 16879)?;
        let input = Box::new(self.parse(required("$map", document, "input", 16880)?)?);
        let name = element_name(document)?;
        let inside = required("$map", document, "in", 16882)?;
        let inside = Box::new(self.parse_inside(inside, vec![name.clone()])?);
        Ok(Expression::Map { input, name, inside })
    }

    fn parse_filter(&mut self, arguments: &Bson) -> QueryResult<Expression> {
        let document = expect_document("$filter", 28646, arguments)?;
        check_names("$filter", document, &["input", "as", "cond", "limit"], 28647)?;
        let input = Box::new(self.parse(required("$filter", document, "input", 28648)?)?);
        let name = element_name(document)?;
        let condition = required("$filter", document, "cond", 28650)?;
        let condition = Box::new(self.parse_inside(condition, vec![name.clone()])?);
        let limit = document
            .get("limit")
            .map(|value| self.parse(value))
            .transpose()?
            .map(Box::new);
        Ok(Expression::Filter {
            input,
            name,
            condition,
            limit,
        })
    }

    fn parse_reduce(&mut self, arguments: &Bson) -> QueryResult<Expression> {
        let document = expect_document("$reduce", 40075, arguments)?;
        check_names("$reduce", document, &["input", "initialValue", "in"], 40076)?;
        let input = Box::new(self.parse(required("$reduce", document, "input", 40077)?)?);
        let initial = Box::new(self.parse(required("$reduce", document, "initialValue", 40078)?)?);
        let inside = required("$reduce", document, "in", 40079)?;
        let inside = Box::new(self.parse_inside(inside, vec!["this".to_owned(), "value".to_owned()])?);
        Ok(Expression::Reduce {
            input,
            initial,
            inside,
        })
    }

    fn parse_inside(&mut self, value: &Bson, names: Vec<String>) -> QueryResult<Expression> {
        let before = self.scope.inner.len();
        self.scope.inner.extend(names);
        let inside = self.parse(value);
        self.scope.inner.truncate(before);
        inside
    }
}

fn check_path(path: &str) -> QueryResult<Vec<String>> {
    if path.is_empty() {
        return Err(QueryError::location(
            16872,
            "'$' by itself is not a valid FieldPath",
        ));
    }
    if path.ends_with('.') {
        return Err(QueryError::location(40353, "FieldPath must not end with a '.'."));
    }
    let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
    if parts.len() > crate::query::path::PATH_PARTS_MAX {
        return Err(QueryError::new(ErrorCode::OVERFLOW, "FieldPath is too long"));
    }
    for part in &parts {
        if part.is_empty() {
            return Err(QueryError::location(
                15998,
                "FieldPath field names may not be empty strings.",
            ));
        }
        if part.starts_with('$') {
            let text =
                format!("FieldPath field names may not start with '$'. Consider using $getField: {part}");
            return Err(QueryError::location(16410, text));
        }
        if part.contains('\0') {
            return Err(QueryError::location(
                16411,
                "FieldPath field names may not contain '\\0'.",
            ));
        }
    }
    Ok(parts)
}

fn check_count(name: &str, count: usize, least: usize, most: usize) -> QueryResult<()> {
    if (least..=most).contains(&count) {
        return Ok(());
    }
    if least == most {
        let text = format!("Expression {name} takes exactly {least} arguments. {count} were passed in.");
        return Err(QueryError::location(16020, text));
    }
    let text = format!(
        "Expression {name} takes at least {least} arguments, and at most {most}, but {count} were passed in."
    );
    Err(QueryError::location(28667, text))
}

fn check_names(operator: &str, document: &Document, names: &[&str], code: i32) -> QueryResult<()> {
    match document.keys().find(|key| !names.contains(&key.as_str())) {
        Some(unknown) => Err(QueryError::location(
            code,
            format!("Unrecognized parameter to {operator}: {unknown}"),
        )),
        None => Ok(()),
    }
}

fn required<'a>(operator: &str, document: &'a Document, name: &str, code: i32) -> QueryResult<&'a Bson> {
    document
        .get(name)
        .ok_or_else(|| QueryError::location(code, format!("Missing '{name}' parameter to {operator}")))
}

fn element_name(document: &Document) -> QueryResult<String> {
    match document.get("as") {
        None => Ok("this".to_owned()),
        Some(Bson::String(name)) => {
            check_user_name(name)?;
            Ok(name.clone())
        }
        Some(_) => Err(QueryError::failed_to_parse("'as' must be a string")),
    }
}

fn expect_document<'a>(operator: &str, code: i32, value: &'a Bson) -> QueryResult<&'a Document> {
    value.as_document().ok_or_else(|| {
        let found = crate::query::types::type_name(value);
        QueryError::location(
            code,
            format!("{operator} requires an object as an argument, found: {found}"),
        )
    })
}
