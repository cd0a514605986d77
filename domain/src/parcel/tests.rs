use proptest::prelude::*;

use super::*;
use crate::fulfillment::tests::{at, whole_shipment};

fn told(parcel: &str, quantity: u32, version: i64) -> ToldParcel {
    ToldParcel {
        parcel: parcel.into(),
        version,
        lines: vec![of(quantity)],
        call: ToldBy::Shipment,
        shipment: Some("m-1".into()),
        at: at(30),
    }
}

fn of(quantity: u32) -> Quantity {
    Quantity {
        line_id: "C-1-A-1".into(),
        quantity,
    }
}

fn shipment(id: &str, version: i64, voided: bool, quantity: u32) -> Shipment {
    let mut shipment = whole_shipment();
    shipment.shipment_id = id.into();
    shipment.version = version;
    shipment.voided = voided;
    shipment.parcels[0].lines = vec![of(quantity)];
    shipment
}

fn knows(told: Vec<ToldParcel>) -> Progress {
    Progress {
        told,
        ..Progress::default()
    }
}

/// Names of what is to be told, what is to be corrected, and what is wrong.
fn judged(progress: &Progress, shipments: &[Shipment]) -> (Vec<String>, Vec<String>, bool) {
    let names = |named: Vec<Named<'_>>| named.into_iter().map(|n| n.name).collect();
    let corrected = corrections(progress, shipments).into_iter().map(|(_, n)| n);
    (
        names(untold(progress, shipments)),
        names(corrected.collect()),
        changed(progress, shipments).is_some(),
    )
}

#[test]
fn each_parcel_is_told_once_corrected_when_newer_and_wrong_when_it_changed() {
    let one = || knows(vec![told("S1/1", 1, 1)]);
    let list = |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).into()).collect() };
    let s1 = |version, voided, quantity| shipment("S1", version, voided, quantity);
    let s2 = shipment("S2", 1, false, 1);
    let table = [
        (
            "new",
            knows(vec![]),
            vec![s1(1, false, 1)],
            ["S1/1"].as_slice(),
            [].as_slice(),
            false,
        ),
        ("told", one(), vec![s1(1, false, 1)], &[], &[], false),
        (
            "one more",
            one(),
            vec![s1(1, false, 1), s2.clone()],
            &["S2/1"],
            &[],
            false,
        ),
        (
            "corrected",
            one(),
            vec![s1(2, false, 1)],
            &[],
            &["S1/1"],
            false,
        ),
        (
            "voided untold",
            knows(vec![]),
            vec![s1(2, true, 1)],
            &[],
            &[],
            false,
        ),
        ("voided", one(), vec![s1(2, true, 1)], &[], &[], true),
        (
            "sent again",
            one(),
            vec![s1(2, true, 1), s2.clone()],
            &[],
            &["S2/1"],
            false,
        ),
        (
            "sent otherwise",
            one(),
            vec![s1(2, true, 1), shipment("S2", 1, false, 2)],
            &["S2/1"],
            &[],
            true,
        ),
        (
            "other contents",
            one(),
            vec![s1(2, false, 2)],
            &[],
            &[],
            true,
        ),
    ];
    for (case, progress, shipments, new, newer, wrong) in table {
        let expected = (list(new), list(newer), wrong);
        assert_eq!(judged(&progress, &shipments), expected, "{case}");
    }
}

#[test]
fn a_parcel_told_with_the_whole_order_is_not_corrected_by_itself() {
    let mut with_order = told("S1/1", 1, 1);
    with_order.call = ToldBy::Order;
    let (new, newer, wrong) = judged(&knows(vec![with_order]), &[shipment("S1", 2, false, 1)]);
    assert_eq!((new.len(), newer.len(), wrong), (0, 0, false));
}

#[test]
fn a_parcel_keeps_its_name_through_the_versions() {
    let mut one = shipment("S1", 1, false, 1);
    one.parcels[0].parcel_id = Some("P7".into());
    assert_eq!(left(std::slice::from_ref(&one))[0].name, "S1/P7");
    one.version = 2;
    assert_eq!(left(&[one])[0].name, "S1/P7");
}

/// Something that the warehouse or we do.
#[derive(Clone, Debug)]
enum Event {
    Ship(u32),
    Void(usize),
    Renumber(usize),
    Tell,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (1_u32..4).prop_map(Event::Ship),
        1 => (0_usize..6).prop_map(Event::Void),
        1 => (0_usize..6).prop_map(Event::Renumber),
        4 => Just(Event::Tell),
    ]
}

/// One order of a single line, its shipments, and what Mirakl knows.
struct Life {
    ordered: u32,
    shipments: Vec<Shipment>,
    progress: Progress,
    /// How often each name was told as a new shipment.
    sent: std::collections::BTreeMap<String, u32>,
}

impl Life {
    fn pieces(&self) -> u32 {
        left(&self.shipments)
            .iter()
            .flat_map(|named| &named.parcel.lines)
            .map(|line| line.quantity)
            .sum()
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Ship(pieces) => {
                let pieces = (*pieces).min(self.ordered - self.pieces());
                if pieces > 0 {
                    let id = format!("S{}", self.shipments.len());
                    self.shipments.push(shipment(&id, 1, false, pieces));
                }
            }
            Event::Void(place) => self.change(*place, |shipment| shipment.voided = true),
            Event::Renumber(place) => self.change(*place, |_| ()),
            Event::Tell => self.tell(),
        }
    }

    fn change(&mut self, place: usize, change: impl Fn(&mut Shipment)) {
        if let Some(shipment) = self.shipments.get_mut(place).filter(|s| !s.voided) {
            shipment.version += 1;
            change(shipment);
        }
    }

    /// As the order's steps do it: what is wrong is a person's, and comes first.
    fn tell(&mut self) {
        if changed(&self.progress, &self.shipments).is_some() {
            return;
        }
        for (place, named) in corrections(&self.progress, &self.shipments) {
            let one = &mut self.progress.told[place];
            (one.parcel, one.version) = (named.name, named.shipment.version);
        }
        for named in untold(&self.progress, &self.shipments) {
            *self.sent.entry(named.name.clone()).or_default() += 1;
            let pieces = named.parcel.lines[0].quantity;
            let new = told(&named.name, pieces, named.shipment.version);
            self.progress.told.push(new);
        }
    }
}

proptest! {
    #[test]
    fn whatever_leaves_is_told_once_and_never_more_than_was_ordered(
        ordered in 1_u32..8, events in prop::collection::vec(event(), 1..40),
    ) {
        let mut life = Life {
            ordered,
            shipments: vec![],
            progress: knows(vec![]),
            sent: std::collections::BTreeMap::new(),
        };
        for event in &events {
            life.happens(event);
            prop_assert!(life.sent.values().all(|times| *times == 1), "{:?}", life.sent);
            prop_assert!(life.pieces() <= ordered);
            let known = &life.progress.told;
            if matches!(event, Event::Tell) && changed(&life.progress, &life.shipments).is_none() {
                let pieces: u32 = known.iter().flat_map(|t| &t.lines).map(|l| l.quantity).sum();
                prop_assert_eq!(pieces, life.pieces(), "Mirakl knows what left, no more and no less");
                let mut names: Vec<_> = known.iter().map(|t| t.parcel.clone()).collect();
                let mut live: Vec<_> = left(&life.shipments).into_iter().map(|n| n.name).collect();
                names.sort();
                live.sort();
                prop_assert_eq!(names, live);
            }
        }
    }
}
