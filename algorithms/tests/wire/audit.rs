//! The messages of auditors and of those they audit.

use algorithms::audit::Message;
use proto::Bytes;

use super::same;

#[test]
fn probes_and_answers() {
    same(
        Message::Probe {
            number: 7,
            index: 300,
        },
        "PROBE Request number=7 index=300",
        "0a05080710ac02",
    );
    same(
        Message::Probe {
            number: 1,
            index: 0,
        },
        "PROBE Request number=1 index=0",
        "0a020801",
    );
    same(
        Message::Answer {
            number: 7,
            index: 300,
            data: Bytes::from_static(b"data"),
            path: vec![
                Bytes::from_static(&[0xab; 4]),
                Bytes::from_static(&[0xcd; 2]),
            ],
        },
        "ANSWER Reply number=7 index=300 data.size=4 path=2",
        "1215080710ac021a04646174612204abababab2202cdcd",
    );
}
