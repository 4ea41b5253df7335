//! A file of spans, whatever its form, becomes a store, which every export and
//! every query reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace::export::{self, ExportFormat};
use trace::history::History;
use trace::import;
use trace::store::Query;

const FORMATS: [ExportFormat; 4] = [
    ExportFormat::Jaeger,
    ExportFormat::Otlp,
    ExportFormat::Shiviz,
    ExportFormat::Perfetto,
];

fuzz_target!(|text: &[u8]| {
    let Ok(store) = import::read(text) else {
        return;
    };
    for format in FORMATS {
        let _ = export::write(&store, format, &mut std::io::sink());
    }
    let query = Query::default();
    let _ = (store.summaries(&query), store.find_spans(&query));
    let _ = (store.services(), store.dependencies(0..=u64::MAX));
    let _ = History::read(&store);
});
