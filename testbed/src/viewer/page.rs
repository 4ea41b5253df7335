//! The files of the page. A release build contains them; a debug build reads them from
//! `dashboards/viewer`, so that a change of the page shows at the next reload.

use std::borrow::Cow;

use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

use super::answer::Refusal;

#[derive(Embed)]
#[folder = "../dashboards/viewer"]
struct Files;

/// The contents of the file of that path.
pub(super) fn read(path: &str) -> Option<Cow<'static, [u8]>> {
    Files::get(path).map(|file| file.data)
}

/// The file of that path; at the root, the page itself.
pub(super) async fn file(uri: Uri) -> Result<Response, Refusal> {
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let file = Files::get(path).ok_or_else(|| Refusal::not_found("there is no such file"))?;
    let kind = file.metadata.mimetype().to_owned();
    Ok(([(header::CONTENT_TYPE, kind)], file.data).into_response())
}
