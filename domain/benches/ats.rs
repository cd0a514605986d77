//! How long the arithmetic of one offer takes.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::ats::{
    Buffer, BufferTerm, Code, Component, Figures, InFlight, PoolRules, Position, Terms, explain,
};
use domain::stock::fence::SnapshotNo;
use jiff::{SignedDuration, Timestamp};

fn arithmetic(bench: &mut Criterion) {
    let position = |warehouse: &str| Position {
        warehouse: Code::new(warehouse),
        lot: Code::default(),
        pool: Code::default(),
        sellable: true,
        figures: Figures {
            on_hand: 120,
            open: 14,
            picked: 6,
            ..Figures::default()
        },
        as_of: Timestamp::UNIX_EPOCH,
        orders_seen_through: Some("SO500000".to_owned()),
    };
    let positions = ["NJ1", "CA2", "FOB"].map(position);
    let in_flight = [("SO499999", 1), ("SO500001", 2)].map(|(order, units)| InFlight {
        marketplace: "north".to_owned(),
        units,
        sales_order: Some(order.to_owned()),
        in_erp_since: Some(Timestamp::UNIX_EPOCH),
    });
    let pools = PoolRules::default();
    let buffers = [BufferTerm {
        buffer: Buffer::Global,
        units: 2,
        source: "stock.buffer".to_owned(),
    }];
    let terms = Terms {
        pools: &pools,
        lag: SignedDuration::from_secs(900),
        share: None,
        cap: None,
        buffers: &buffers,
        ineligible: &[],
    };
    let component = Component {
        sku: "004512-NVY-M",
        per_pack: 1,
        positions: &positions,
        in_flight: &in_flight,
    };
    for (name, components) in [
        ("single", vec![component; 1]),
        ("pack of 4", vec![component; 4]),
    ] {
        bench.bench_function(name, |timer| {
            timer.iter(|| explain(SnapshotNo(1), black_box(&components), black_box(&terms)));
        });
    }
    let sum = explain(SnapshotNo(1), &[component], &terms);
    bench.bench_function("kept as JSON", |timer| {
        timer.iter(|| serde_json::to_string(black_box(&sum)));
    });
}

criterion_group!(ats, arithmetic);
criterion_main!(ats);
