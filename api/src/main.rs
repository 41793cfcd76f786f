//! `almanac-api serve | migrate | openapi | token | healthcheck | verify-receipts`.

use std::process::ExitCode;

fn main() -> ExitCode {
    almanac_api::command::run(std::env::args().skip(1).collect())
}
