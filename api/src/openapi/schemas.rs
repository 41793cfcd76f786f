//! Schemas of bodies: which fields an answer always has, and examples.

use std::collections::BTreeSet;

use poem_openapi::registry::{MetaMediaType, MetaOperation, MetaSchema, MetaSchemaRef, Registry};

use super::examples;

/// Nullable fields of answers that may also be absent.
const MAY_BE_ABSENT: [(&str, &str); 1] = [("RunSummary", "message")];

/// Completes the schemas of the macros. A nullable field of an answer is always present: its name is required.
pub(super) fn complete(registry: &mut Registry, operations: &[&MetaOperation]) {
    let sent = sent_by_clients(registry, operations);
    for (name, schema) in &mut registry.schemas {
        schema.properties.iter_mut().for_each(|(_, property)| {
            let taken = std::mem::replace(property, MetaSchemaRef::Reference(String::new()));
            *property = tidy_reference(taken);
        });
        if !sent.contains(name) {
            require_nullable(name, schema);
        }
        if let Some(example) = examples::of(name) {
            schema.example = Some(example);
        }
    }
}

/// A reference with remarks beside it. The macros repeat the remarks in a second part of `allOf`.
pub(super) fn tidy_reference(schema: MetaSchemaRef) -> MetaSchemaRef {
    match schema {
        MetaSchemaRef::Inline(mut schema) => {
            if let [MetaSchemaRef::Reference(_), MetaSchemaRef::Inline(_)] = schema.all_of.as_slice() {
                schema.all_of.truncate(1);
            }
            MetaSchemaRef::Inline(schema)
        }
        reference => reference,
    }
}

fn require_nullable(schema_name: &str, schema: &mut MetaSchema) {
    let is_nullable = |property: &MetaSchemaRef| matches!(property, MetaSchemaRef::Inline(schema) if schema.nullable);
    let required = schema.properties.iter().filter(|(name, property)| {
        is_nullable(property) && !MAY_BE_ABSENT.contains(&(schema_name, name)) || schema.required.contains(name)
    });
    schema.required = required.map(|(name, _)| *name).collect();
}

/// Names of the schemas in request bodies.
fn sent_by_clients(registry: &Registry, operations: &[&MetaOperation]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let bodies = operations.iter().filter_map(|operation| operation.request.as_ref());
    for MetaMediaType { schema, .. } in bodies.flat_map(|request| &request.content) {
        collect(registry, schema, &mut names);
    }
    names
}

fn collect(registry: &Registry, schema: &MetaSchemaRef, names: &mut BTreeSet<String>) {
    let schema = match schema {
        MetaSchemaRef::Inline(schema) => &**schema,
        MetaSchemaRef::Reference(name) => match registry.schemas.get(name) {
            Some(schema) if names.insert(name.clone()) => schema,
            _ => return,
        },
    };
    let properties = schema.properties.iter().map(|(_, property)| property);
    let parts = [&schema.any_of, &schema.one_of, &schema.all_of].into_iter().flatten();
    let boxed = [&schema.items, &schema.additional_properties].into_iter().flatten().map(|part| &**part);
    for part in properties.chain(parts).chain(boxed) {
        collect(registry, part, names);
    }
}
