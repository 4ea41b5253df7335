//! Reading JSON a span at a time: a malformed span does not affect the others.
//!
//! A document is first read down to the texts of its spans, and then each of these
//! alone. So an unpaired surrogate, a time before 1970 or an unknown kind is the error
//! of one span.

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Read;
use super::messages::Whole;
use crate::json::{Object, read_part};
use crate::store::LeftOut;

/// A request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Traces<'a> {
    #[serde(borrow, alias = "resource_spans")]
    pub(super) resource_spans: Option<Vec<Object<Around<'a>>>>,
}

/// The envelope of spans: resource, scopes and schema.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Around<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, alias = "scope_spans")]
    scope_spans: Option<Vec<Object<Scope<'a>>>>,
    #[serde(borrow, alias = "schema_url")]
    schema_url: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Scope<'a> {
    #[serde(borrow)]
    scope: Option<&'a RawValue>,
    #[serde(borrow)]
    spans: Option<Vec<&'a RawValue>>,
    #[serde(borrow, alias = "schema_url")]
    schema_url: Option<&'a RawValue>,
}

/// The spans of a document whose text begins in that line.
pub(super) fn spans(text: &str, line: u64, groups: Vec<Object<Around<'_>>>) -> Read {
    let mut reader = Reader {
        text,
        line,
        left_out: LeftOut::default(),
    };
    let groups = groups.into_iter();
    let groups = groups.filter_map(|Object(around)| reader.group(around));
    let resource_spans = groups.collect();
    Read {
        data: TracesData { resource_spans },
        left_out: reader.left_out,
    }
}

struct Reader<'a> {
    text: &'a str,
    /// The line in which the text begins.
    line: u64,
    left_out: LeftOut,
}

impl Reader<'_> {
    /// `None` if the resource is malformed, and with it all its spans.
    fn group(&mut self, around: Around<'_>) -> Option<ResourceSpans> {
        let scopes = around.scope_spans.unwrap_or_default().into_iter();
        let scopes = scopes.map(|Object(scope)| scope);
        let outside = self.read::<Whole<_>>(around.resource);
        match outside.and_then(|resource| Ok((resource, self.read(around.schema_url)?))) {
            Ok((resource, schema_url)) => Some(ResourceSpans {
                resource: resource.map(|Whole(resource)| resource),
                scope_spans: scopes.filter_map(|scope| self.scope(scope)).collect(),
                schema_url: schema_url.unwrap_or_default(),
            }),
            Err(why) => {
                scopes.for_each(|scope| self.leave_out(&scope, &why));
                None
            }
        }
    }

    /// `None` if the scope is malformed.
    fn scope(&mut self, around: Scope<'_>) -> Option<ScopeSpans> {
        let outside = self.read::<Whole<_>>(around.scope);
        match outside.and_then(|scope| Ok((scope, self.read(around.schema_url)?))) {
            Ok((scope, schema_url)) => Some(ScopeSpans {
                scope: scope.map(|Whole(scope)| scope),
                spans: self.spans(around.spans.unwrap_or_default()),
                schema_url: schema_url.unwrap_or_default(),
            }),
            Err(why) => {
                self.leave_out(&around, &why);
                None
            }
        }
    }

    fn spans(&mut self, texts: Vec<&RawValue>) -> Vec<Span> {
        let mut spans = Vec::with_capacity(texts.len());
        for text in texts {
            match self.read_one(text) {
                Ok(Whole(span)) => spans.push(span),
                Err(why) => self.left_out.add(|| why),
            }
        }
        spans
    }

    /// Leaves out all spans of that scope.
    fn leave_out(&mut self, scope: &Scope<'_>, why: &str) {
        let spans = scope.spans.iter().flatten();
        spans.for_each(|_| self.left_out.add(|| why.to_owned()));
    }

    fn read<T: DeserializeOwned>(&self, text: Option<&RawValue>) -> Result<Option<T>, String> {
        text.map(|text| self.read_one(text)).transpose()
    }

    fn read_one<T: DeserializeOwned>(&self, part: &RawValue) -> Result<T, String> {
        read_part(self.text, self.line, part)
    }
}
