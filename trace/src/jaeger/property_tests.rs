//! Random Jaeger JSON: valid, damaged, or arbitrary.

use property::proptest::prelude::Strategy;
use property::proptest::{prop_assert, prop_assert_eq};
use property::{check, hostile};

use super::*;
use crate::otlp::property_tests::traces as otlp;
use crate::store::check_ids;

/// A file as Jaeger's page saves it, of spans whose ids are good: others are not
/// stored, and so not written.
pub(crate) fn files() -> impl Strategy<Value = Vec<u8>> {
    otlp().prop_map(|mut data| {
        for around in &mut data.resource_spans {
            for scope in &mut around.scope_spans {
                scope.spans.retain(|span| check_ids(span).is_ok());
            }
        }
        file(data)
    })
}

fn file(data: opentelemetry_proto::tonic::trace::v1::TracesData) -> Vec<u8> {
    let data = serde_json::json!({ "data": traces(data) });
    serde_json::to_vec(&data).expect("memory takes everything")
}

/// Fields that the form lacks are lost at the first writing, and nothing after that.
#[test]
fn files_survive_the_round_trip() {
    check(256, files(), |text| {
        let first = read(&text).map_err(|error| error.to_string());
        let first = first.expect("our own file");
        let again = read(&file(first.data.clone())).map_err(|error| error.to_string());
        let again = again.expect("our own file");
        prop_assert_eq!(&again.left_out.spans, &0, "{:?}", again.left_out);
        prop_assert_eq!(again.data, first.data);
        Ok(())
    });
}

#[test]
fn damaged_files_are_read_or_rejected_with_the_place() {
    check(512, hostile(files()), |text| {
        match read(&text) {
            Ok(read) => match read.left_out.first {
                None => prop_assert_eq!(read.left_out.spans, 0),
                Some(why) => prop_assert!(why.starts_with("data["), "{}", why),
            },
            Err(error) => prop_assert!(error.to_string().contains(" at line "), "{}", error),
        }
        Ok(())
    });
}
