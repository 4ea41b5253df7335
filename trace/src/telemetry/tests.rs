//! The attributes of every resource.

use std::sync::Mutex;

use opentelemetry::{Key, Value};

use super::*;

/// Keeps the resources and drops the spans.
#[derive(Debug, Default)]
struct Resources(Mutex<Vec<Resource>>);

impl Recorder for Resources {
    fn add_service(&self, resource: &Resource) -> u32 {
        self.0.lock().unwrap().push(resource.clone());
        0
    }

    fn record(&self, _: u32, _: EndedSpan<'_>) {}

    fn settle(&self) -> u64 {
        0
    }
}

/// Without `ip`, Jaeger assumes a clock for each peer, and warns about clock skew at
/// every message between them.
#[test]
fn peers_report_the_host_whose_clock_they_use() {
    let resources = Arc::new(Resources::default());
    let sink = Sink::new(Some(Arc::clone(&resources) as Arc<dyn Recorder>), None);
    sink.tracer("peer-00", "a");
    sink.tracer_among_others("peer-01", "b");
    sink.tracer_with_ids("peer-02", "c", RandomIdGenerator::default());
    let resources = resources.0.lock().unwrap();
    let says = |number: usize, key| resources[number].get(&Key::new(key));
    let host = System::host_name().ok().map(Value::from);
    assert_eq!(says(0, "host.name"), host);
    assert_eq!(says(1, "host.name"), host);
    assert_eq!(says(2, "host.name"), Some("simulated".into()));
    let ips = [0, 1, 2].map(|number| says(number, "ip"));
    let loopback = Some(Value::from("127.0.0.1"));
    assert_eq!(ips, [None, loopback.clone(), loopback]);
    assert_eq!(says(1, "service.name"), Some("peer-01".into()));
    assert_eq!(says(1, "service.instance.id"), Some("b".into()));
}
