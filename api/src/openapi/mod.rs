//! The OpenAPI document: what the macros of the routes state, completed with what they cannot state. Called by `router`.

mod examples;
mod operations;
mod refusals;
mod schemas;
mod sharing;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, marker::PhantomData};

use poem::{endpoint::BoxEndpoint, http::Method};
use poem_openapi::{
    OpenApi, OpenApiService,
    registry::{MetaApi, MetaOperation, Registry},
};

use serde_json::Value;

use crate::http::error::ApiError;

/// The document of route types. It is built from the types alone, so it needs no state.
pub struct Document<T>(PhantomData<T>);

fn service<T: OpenApi>() -> OpenApiService<Document<T>, ()> {
    OpenApiService::new(Document(PhantomData), "Almanac", env!("CARGO_PKG_VERSION"))
        .description(include_str!("about.md"))
        .server("/v1")
}

/// The document of `T`.
///
/// # Errors
/// poem-openapi wrote something that is not JSON.
pub fn document<T: OpenApi>() -> serde_json::Result<Value> {
    let mut document = serde_json::from_str(&service::<T>().spec())?;
    sharing::share_errors(&mut document);
    Ok(document)
}

/// Of the page: it has its scripts and styles in itself, and nothing of a user.
pub const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The document as a page for people.
pub fn page<T: OpenApi>() -> String {
    service::<T>().swagger_ui_html()
}

impl<T: OpenApi> OpenApi for Document<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
            for operation in &mut path.operations {
                operations::complete(&path.path, operation);
                refusals::add(operation);
                operations::identify(operation);
            }
        }
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        <ApiError as poem_openapi::ApiResponse>::register(registry);
        schemas::complete(registry, &operations(&T::meta()));
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

fn operations(apis: &[MetaApi]) -> Vec<&MetaOperation> {
    apis.iter().flat_map(|api| &api.paths).flat_map(|path| &path.operations).collect()
}
