//! Publishing: the SQL. That of user requests goes through `UserTx` and, for a submission, one statement of the API itself;
//! that of workers through `Service`. Called by the services beside it and by the worker's job; decides nothing.

pub(super) mod accounts;
pub mod addresses;
pub mod ended;
pub(super) mod intents;
pub(super) mod receipts;
pub mod refresh;
pub mod sealed;
pub(super) mod sources;
pub(super) mod submission;
pub mod work;
