//! Conditions under which a question is put or a mapping applied: claude-code-router's nine operators.

use serde_json::{Map, Value};

/// One condition on an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The id of the question whose answer is looked at.
    pub field: String,
    /// What is asked of it.
    pub operator: Operator,
    /// What it is compared with.
    pub value: Value,
}

/// What is asked of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// It is the value.
    Eq,
    /// It is not.
    Ne,
    /// It is in the list.
    In,
    /// It is not.
    Nin,
    /// It is greater; numbers, or strings in their order.
    Gt,
    /// It is less.
    Lt,
    /// It is greater or equal.
    Gte,
    /// It is less or equal.
    Lte,
    /// There is one; the value makes no difference.
    Exists,
}

impl Operator {
    /// All of them, in the order of claude-code-router's documentation.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::In, Self::Nin, Self::Gt, Self::Lt, Self::Gte, Self::Lte, Self::Exists];

    /// The word in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::In => "in",
            Self::Nin => "nin",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Gte => "gte",
            Self::Lte => "lte",
            Self::Exists => "exists",
        }
    }
}

impl Condition {
    /// Whether it holds for these answers; one that is not there is `null`.
    pub fn holds(&self, answers: &Map<String, Value>) -> bool {
        let answer = answers.get(&self.field).unwrap_or(&Value::Null);
        let is_among = || self.value.as_array().is_some_and(|list| list.iter().any(|value| same(value, answer)));
        match self.operator {
            Operator::Eq => same(answer, &self.value),
            Operator::Ne => !same(answer, &self.value),
            Operator::In => is_among(),
            Operator::Nin => self.value.is_array() && !is_among(),
            Operator::Gt => order(answer, &self.value).is_some_and(std::cmp::Ordering::is_gt),
            Operator::Lt => order(answer, &self.value).is_some_and(std::cmp::Ordering::is_lt),
            Operator::Gte => order(answer, &self.value).is_some_and(std::cmp::Ordering::is_ge),
            Operator::Lte => order(answer, &self.value).is_some_and(std::cmp::Ordering::is_le),
            Operator::Exists => !answer.is_null(),
        }
    }
}

/// `1` and `1.0` are one number, as they are in JavaScript.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.to_bits() == b.to_bits() || order_numbers(a, b).is_some_and(std::cmp::Ordering::is_eq),
        _ => a == b,
    }
}

fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order_numbers(a.as_f64()?, b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn order_numbers(a: f64, b: f64) -> Option<std::cmp::Ordering> {
    a.partial_cmp(&b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(answer: &Value, operator: Operator, value: &Value, expect: bool) {
        let condition = Condition { field: "x".to_owned(), operator, value: value.clone() };
        let answers = if answer.is_null() { Map::new() } else { Map::from_iter([("x".to_owned(), answer.clone())]) };
        assert_eq!(condition.holds(&answers), expect, "{answer} {} {value}", operator.as_str());
    }

    #[test]
    fn the_nine_operators_mean_what_they_do_in_ccr() {
        check(&json!("a"), Operator::Eq, &json!("a"), true);
        check(&json!(1), Operator::Eq, &json!(1.0), true);
        check(&json!("1"), Operator::Eq, &json!(1), false);
        check(&json!("a"), Operator::Ne, &json!("b"), true);
        check(&json!("a"), Operator::In, &json!(["b", "a"]), true);
        check(&json!("c"), Operator::In, &json!(["b", "a"]), false);
        check(&json!("c"), Operator::Nin, &json!(["b", "a"]), true);
        check(&json!(3), Operator::Gt, &json!(2), true);
        check(&json!(2), Operator::Gt, &json!(2), false);
        check(&json!(1), Operator::Lt, &json!(2), true);
        check(&json!(2), Operator::Gte, &json!(2), true);
        check(&json!("b"), Operator::Lte, &json!("a"), false);
        check(&json!(""), Operator::Exists, &Value::Null, true);
    }

    #[test]
    fn an_answer_that_is_not_there_only_differs() {
        check(&Value::Null, Operator::Exists, &json!(true), false);
        check(&Value::Null, Operator::Eq, &json!("a"), false);
        check(&Value::Null, Operator::Ne, &json!("a"), true);
        check(&Value::Null, Operator::Gt, &json!(0), false);
    }

    #[test]
    fn what_has_no_order_is_neither_more_nor_less() {
        for operator in [Operator::Gt, Operator::Lt, Operator::Gte, Operator::Lte] {
            check(&json!("3"), operator, &json!(2), false);
        }
    }
}
