//! The table of operators that evaluate all their arguments first.

use bson::Bson;

use super::{arithmetic, arrays, boolean, conversion, dates, objects, rounding, sets, strings};
use crate::query::error::QueryResult;

/// An operator's work: its name for error texts, its values in order (`Undefined` for missing).
pub type Function = fn(&'static str, &[Bson]) -> QueryResult<Bson>;

/// How an operator takes its arguments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// An array of at least and at most so many; one alone needs no array.
    Positional(usize, usize),
    /// A document of these names; `true` is required.
    Named(&'static [(&'static str, bool)]),
    /// Either one expression or a document of names whose first is that expression.
    OneOrNamed(&'static [(&'static str, bool)]),
}

/// One operator.
#[derive(Debug)]
pub(super) struct Operator {
    /// With the dollar.
    pub(super) name: &'static str,
    /// Its arguments.
    pub(super) shape: Shape,
    /// Its work.
    pub(super) function: Function,
}

/// Looks an operator up by its name with the dollar.
pub(super) fn find(name: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.name == name)
}

const ANY: usize = usize::MAX;

const fn positional(name: &'static str, least: usize, most: usize, function: Function) -> Operator {
    Operator {
        name,
        shape: Shape::Positional(least, most),
        function,
    }
}

const fn named(name: &'static str, names: &'static [(&'static str, bool)], function: Function) -> Operator {
    Operator {
        name,
        shape: Shape::Named(names),
        function,
    }
}

const OPERATORS: &[Operator] = &[
    positional("$abs", 1, 1, rounding::absolute),
    positional("$add", 0, ANY, arithmetic::add),
    positional("$allElementsTrue", 1, 1, sets::all_elements_true),
    positional("$anyElementTrue", 1, 1, sets::any_element_true),
    positional("$arrayElemAt", 2, 2, arrays::element_at),
    positional("$arrayToObject", 1, 1, objects::array_to_object),
    positional("$avg", 0, ANY, arithmetic::average),
    positional("$binarySize", 1, 1, strings::binary_size),
    positional("$bsonSize", 1, 1, objects::bson_size),
    positional("$ceil", 1, 1, rounding::ceiling),
    positional("$cmp", 2, 2, boolean::compare_values),
    positional("$concat", 0, ANY, strings::concatenate),
    positional("$concatArrays", 0, ANY, arrays::concatenate),
    named(
        "$convert",
        &[
            ("input", true),
            ("to", true),
            ("onError", false),
            ("onNull", false),
        ],
        conversion::convert,
    ),
    named(
        "$dateAdd",
        &[
            ("startDate", true),
            ("unit", true),
            ("amount", true),
            ("timezone", false),
        ],
        dates::add,
    ),
    named(
        "$dateDiff",
        &[
            ("startDate", true),
            ("endDate", true),
            ("unit", true),
            ("timezone", false),
            ("startOfWeek", false),
        ],
        dates::difference,
    ),
    named(
        "$dateSubtract",
        &[
            ("startDate", true),
            ("unit", true),
            ("amount", true),
            ("timezone", false),
        ],
        dates::subtract,
    ),
    named(
        "$dateToString",
        &[
            ("date", true),
            ("format", false),
            ("timezone", false),
            ("onNull", false),
        ],
        dates::to_text,
    ),
    dates_part("$dayOfMonth", dates::day_of_month),
    dates_part("$dayOfWeek", dates::day_of_week),
    dates_part("$dayOfYear", dates::day_of_year),
    positional("$divide", 2, 2, arithmetic::divide),
    positional("$eq", 2, 2, boolean::equal),
    positional("$exp", 1, 1, rounding::exponential),
    positional("$first", 1, 1, arrays::first),
    positional("$floor", 1, 1, rounding::floor),
    Operator {
        name: "$getField",
        shape: Shape::OneOrNamed(&[("field", true), ("input", false)]),
        function: objects::get_field,
    },
    positional("$gt", 2, 2, boolean::greater),
    positional("$gte", 2, 2, boolean::greater_or_equal),
    dates_part("$hour", dates::hour),
    positional("$in", 2, 2, arrays::contains),
    positional("$indexOfArray", 2, 4, arrays::index_of),
    positional("$indexOfBytes", 2, 4, strings::index_of_bytes),
    positional("$indexOfCP", 2, 4, strings::index_of_code_points),
    positional("$isArray", 1, 1, arrays::is_array),
    positional("$isNumber", 1, 1, conversion::is_number),
    positional("$last", 1, 1, arrays::last),
    positional("$ln", 1, 1, rounding::natural_logarithm),
    positional("$log", 2, 2, rounding::logarithm),
    positional("$log10", 1, 1, rounding::decimal_logarithm),
    positional("$lt", 2, 2, boolean::less),
    positional("$lte", 2, 2, boolean::less_or_equal),
    named("$ltrim", &[("input", true), ("chars", false)], strings::trim_left),
    positional("$max", 0, ANY, arithmetic::maximum),
    positional("$mergeObjects", 0, ANY, objects::merge),
    dates_part("$millisecond", dates::millisecond),
    positional("$min", 0, ANY, arithmetic::minimum),
    dates_part("$minute", dates::minute),
    positional("$mod", 2, 2, arithmetic::remainder),
    dates_part("$month", dates::month),
    positional("$multiply", 0, ANY, arithmetic::multiply),
    positional("$ne", 2, 2, boolean::not_equal),
    positional("$not", 1, 1, boolean::not),
    positional("$objectToArray", 1, 1, objects::object_to_array),
    positional("$pow", 2, 2, rounding::power),
    positional("$range", 2, 3, arrays::range),
    named(
        "$regexFind",
        &[("input", true), ("regex", true), ("options", false)],
        strings::regex_find,
    ),
    named(
        "$regexFindAll",
        &[("input", true), ("regex", true), ("options", false)],
        strings::regex_find_all,
    ),
    named(
        "$regexMatch",
        &[("input", true), ("regex", true), ("options", false)],
        strings::regex_match,
    ),
    named(
        "$replaceAll",
        &[("input", true), ("find", true), ("replacement", true)],
        strings::replace_all,
    ),
    named(
        "$replaceOne",
        &[("input", true), ("find", true), ("replacement", true)],
        strings::replace_one,
    ),
    positional("$reverseArray", 1, 1, arrays::reverse),
    positional("$round", 1, 2, rounding::round),
    named(
        "$rtrim",
        &[("input", true), ("chars", false)],
        strings::trim_right,
    ),
    dates_part("$second", dates::second),
    positional("$setDifference", 2, 2, sets::difference),
    positional("$setEquals", 2, ANY, sets::equals),
    named(
        "$setField",
        &[("field", true), ("input", true), ("value", true)],
        objects::set_field,
    ),
    positional("$setIntersection", 0, ANY, sets::intersection),
    positional("$setIsSubset", 2, 2, sets::is_subset),
    positional("$setUnion", 0, ANY, sets::union),
    positional("$size", 1, 1, arrays::size),
    positional("$slice", 2, 3, arrays::slice),
    named("$sortArray", &[("input", true), ("sortBy", true)], arrays::sort),
    positional("$split", 2, 2, strings::split),
    positional("$sqrt", 1, 1, rounding::square_root),
    positional("$strLenBytes", 1, 1, strings::length_in_bytes),
    positional("$strLenCP", 1, 1, strings::length_in_code_points),
    positional("$strcasecmp", 2, 2, strings::compare_ignoring_case),
    positional("$substr", 3, 3, strings::substring_of_bytes),
    positional("$substrBytes", 3, 3, strings::substring_of_bytes),
    positional("$substrCP", 3, 3, strings::substring_of_code_points),
    positional("$subtract", 2, 2, arithmetic::subtract),
    positional("$sum", 0, ANY, arithmetic::sum),
    positional("$toBool", 1, 1, conversion::to_bool),
    positional("$toDate", 1, 1, conversion::to_date),
    positional("$toDecimal", 1, 1, conversion::to_decimal),
    positional("$toDouble", 1, 1, conversion::to_double),
    positional("$toInt", 1, 1, conversion::to_int),
    positional("$toLong", 1, 1, conversion::to_long),
    positional("$toLower", 1, 1, strings::to_lower),
    positional("$toObjectId", 1, 1, conversion::to_object_id),
    positional("$toString", 1, 1, conversion::to_text),
    positional("$toUpper", 1, 1, strings::to_upper),
    named("$trim", &[("input", true), ("chars", false)], strings::trim),
    positional("$trunc", 1, 2, rounding::truncate),
    positional("$tsIncrement", 1, 1, dates::timestamp_increment),
    positional("$tsSecond", 1, 1, dates::timestamp_second),
    positional("$type", 1, 1, conversion::type_of),
    named(
        "$unsetField",
        &[("field", true), ("input", true)],
        objects::unset_field,
    ),
    dates_part("$year", dates::year),
    named(
        "$zip",
        &[("inputs", true), ("useLongestLength", false), ("defaults", false)],
        arrays::zip,
    ),
];

/// An operator on a date, with or without a time zone.
const fn dates_part(name: &'static str, function: Function) -> Operator {
    Operator {
        name,
        shape: Shape::OneOrNamed(&[("date", true), ("timezone", false)]),
        function,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_without_doubles() {
        assert!(OPERATORS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
