//! Puts a value at a path such as `Providers[0].api_key`.

use serde_json::{Map, Value};

use crate::config::path::{Step, steps};

/// Sets what stands at a path, making objects on the way; says what is wrong with the path otherwise.
pub(super) fn set(root: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let steps = steps(path).ok_or_else(|| format!("`{path}` is no path such as `Providers[0].api_key`"))?;
    let mut at = root;
    for step in &steps {
        at = match step {
            Step::Key(key) => {
                if at.is_null() {
                    *at = Value::Object(Map::new());
                }
                let Value::Object(map) = at else {
                    return Err(format!("`{path}` has no `{key}`: what stands before it is no object"));
                };
                map.entry(key.clone()).or_insert(Value::Null)
            }
            Step::Index(index) => {
                if at.is_null() {
                    *at = Value::Array(Vec::new());
                }
                let Value::Array(list) = at else {
                    return Err(format!("`{path}` has no [{index}]: what stands before it is no list"));
                };
                if *index == list.len() {
                    list.push(Value::Null);
                }
                let length = list.len();
                list.get_mut(*index).ok_or_else(|| format!("`{path}` has no [{index}]: the list has {length} items"))?
            }
        };
    }
    *at = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &str, expect: &Value) {
        let mut root = json!({"Providers": [{"name": "a"}], "PORT": 1});
        set(&mut root, path, json!("x")).unwrap();
        assert_eq!(&root, expect, "{path}");
    }

    #[test]
    fn a_value_is_put_where_the_path_leads() {
        check("PORT", &json!({"Providers": [{"name": "a"}], "PORT": "x"}));
        check("Providers[0].api_key", &json!({"Providers": [{"name": "a", "api_key": "x"}], "PORT": 1}));
        check("Providers[1]", &json!({"Providers": [{"name": "a"}, "x"], "PORT": 1}));
        check("A.b[0]", &json!({"Providers": [{"name": "a"}], "PORT": 1, "A": {"b": ["x"]}}));
        check(r#"A["b.c"]"#, &json!({"Providers": [{"name": "a"}], "PORT": 1, "A": {"b.c": "x"}}));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_told() {
        let fails = |path: &str| set(&mut json!({"list": [1], "n": 1}), path, json!(0)).unwrap_err();
        assert_eq!(fails("list[7]"), "`list[7]` has no [7]: the list has 1 items");
        assert_eq!(fails("n.x"), "`n.x` has no `x`: what stands before it is no object");
        assert_eq!(fails("n[0]"), "`n[0]` has no [0]: what stands before it is no list");
        for path in ["", ".", "a..b", "[x]", "[0"] {
            assert_eq!(fails(path), format!("`{path}` is no path such as `Providers[0].api_key`"));
        }
    }
}
