//! Checks a JSON value against the schema the OpenAPI document shows for it, and says of every
//! field at once what is wrong. What the document promises is what is checked: there is one source.

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde_json::Value;

use super::problem::FieldError;

/// How many wrong fields are told at most.
const MAX_ERRORS: usize = 20;

/// What is wrong with `value` as a `T`; empty when nothing is.
pub(super) fn check<T: Type>(value: &Value) -> Vec<FieldError> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut check = Check {
        registry: &registry,
        errors: Vec::new(),
    };
    check.value(&mut String::new(), &T::schema_ref(), value);
    check.errors
}

struct Check<'a> {
    registry: &'a Registry,
    errors: Vec<FieldError>,
}

impl Check<'_> {
    fn value(&mut self, path: &mut String, schema: &MetaSchemaRef, value: &Value) {
        match schema {
            MetaSchemaRef::Inline(schema) => self.against(path, schema, value),
            MetaSchemaRef::Reference(name) => {
                if let Some(schema) = self.registry.schemas.get(name) {
                    self.against(path, schema, value);
                }
            }
        }
    }

    fn against(&mut self, path: &mut String, schema: &MetaSchema, value: &Value) {
        // A field that builds on a named type carries its own rules beside it.
        for part in &schema.all_of {
            self.value(path, part, value);
        }
        if !has_type(schema.ty, value) {
            return self.wrong(path, format!("must be {}", with_article(schema.ty)));
        }
        if !schema.enum_items.is_empty() && !schema.enum_items.contains(value) {
            let choices: Vec<_> = schema.enum_items.iter().map(ToString::to_string).collect();
            return self.wrong(path, format!("must be one of {}", choices.join(", ")));
        }
        match value {
            Value::Object(fields) => self.object(path, schema, fields),
            Value::Array(items) => self.array(path, schema, items),
            Value::String(text) => self.text(path, schema, text),
            Value::Number(number) => self.number(path, schema, number.as_f64().unwrap_or_default()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn object(
        &mut self,
        path: &mut String,
        schema: &MetaSchema,
        fields: &serde_json::Map<String, Value>,
    ) {
        for (name, field) in &schema.properties {
            let required = schema.required.contains(name);
            match fields.get(*name) {
                None if required => self.at(path, name, |it, path| {
                    it.wrong(path, "is missing".into());
                }),
                // Clients send null for what they leave out.
                Some(Value::Null) if !required => {}
                None => {}
                Some(value) => self.at(path, name, |it, path| it.value(path, field, value)),
            }
        }
    }

    fn array(&mut self, path: &mut String, schema: &MetaSchema, items: &[Value]) {
        if schema.max_items.is_some_and(|most| items.len() > most) {
            let most = schema.max_items.unwrap_or_default();
            return self.wrong(path, format!("must have at most {most} items"));
        }
        if schema.min_items.is_some_and(|least| items.len() < least) {
            let least = schema.min_items.unwrap_or_default();
            return self.wrong(path, format!("must have at least {least} items"));
        }
        let Some(of) = &schema.items else { return };
        for (index, item) in items.iter().enumerate() {
            self.at(path, &index.to_string(), |it, path| {
                it.value(path, of, item);
            });
        }
    }

    fn text(&mut self, path: &str, schema: &MetaSchema, text: &str) {
        let length = text.chars().count();
        match (schema.min_length, schema.max_length) {
            (Some(least), Some(most)) if length < least || length > most => {
                self.wrong(path, format!("must have {least} to {most} characters"));
            }
            (Some(least), None) if length < least => {
                self.wrong(path, format!("must have at least {least} characters"));
            }
            (None, Some(most)) if length > most => {
                self.wrong(path, format!("must have at most {most} characters"));
            }
            _ => {}
        }
    }

    fn number(&mut self, path: &str, schema: &MetaSchema, number: f64) {
        if schema.minimum.is_some_and(|least| number < least) {
            self.wrong(
                path,
                format!("must be at least {}", schema.minimum.unwrap_or_default()),
            );
        } else if schema.maximum.is_some_and(|most| number > most) {
            self.wrong(
                path,
                format!("must be at most {}", schema.maximum.unwrap_or_default()),
            );
        }
    }

    fn at(&mut self, path: &mut String, step: &str, check: impl FnOnce(&mut Self, &mut String)) {
        let before = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(step);
        check(self, path);
        path.truncate(before);
    }

    fn wrong(&mut self, path: &str, message: String) {
        if self.errors.len() < MAX_ERRORS {
            let field = if path.is_empty() { "body" } else { path };
            self.errors.push(FieldError {
                field: field.to_owned(),
                message,
            });
        }
    }
}

fn has_type(ty: &str, value: &Value) -> bool {
    match ty {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn with_article(ty: &str) -> String {
    let article = if ty.starts_with(['a', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {ty}")
}
