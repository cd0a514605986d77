//! A reference model: a warehouse, two shops and batches that come late, twice or never.

mod event;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use self::event::{Event, Marks, Site, site};
use super::*;
use crate::stock::fence::{Admission, Fence, SnapshotNo};
use crate::stock::snapshot::{Batch, Limits, Previous, judge};

/// Stocked items: two singles and a pack that is kept as one.
const ITEMS: [&str; 3] = ["A", "B", "Q"];
/// Offers by units of each item in one: A, B, a pack of 2 A and 1 B, and the stocked pack.
const OFFERS: [&[(usize, u32)]; 4] = [&[(0, 1)], &[(1, 1)], &[(0, 2), (1, 1)], &[(2, 1)]];
const SHOPS: [&str; 2] = ["north", "south"];
/// Seconds that an event takes, and the longest lag of an order into a batch.
const STEP_S: i64 = 60;
const LAG_S: i64 = 180;

struct Order {
    shop: usize,
    units: [u32; 3],
    number: Option<u64>,
    since: Option<i64>,
    cancelled: bool,
    shipped: Option<i64>,
}

/// A batch as the site made it, with the truth, which the code under test never sees.
#[derive(Clone)]
struct Snapshot {
    batch: Batch,
    at: i64,
    positions: [Vec<Position>; 3],
    /// First-quality units less wholesale, per item.
    free: [i64; 3],
}

#[derive(Default)]
struct World {
    now: i64,
    on_hand: [i64; 3],
    irregular: [i64; 3],
    open: [i64; 3],
    picked: [i64; 3],
    orders: Vec<Order>,
    last_number: u64,
    batches: u64,
    on_the_way: Vec<Snapshot>,
    taken: Option<Snapshot>,
    computed: Vec<(SnapshotNo, [u32; 4])>,
    last_no: SnapshotNo,
    fence: Fence,
    sent: Vec<SnapshotNo>,
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(1_741_100_000 + second).unwrap()
}

fn row(warehouse: &str, pool: &str, figures: Figures, at: i64, seen: Option<String>) -> Position {
    Position {
        warehouse: Code::new(warehouse),
        lot: Code::default(),
        pool: Code::new(pool),
        sellable: true,
        figures,
        as_of: moment(at),
        orders_seen_through: seen,
    }
}

impl World {
    fn seen(&self, order: &Order, site: &Site) -> bool {
        order
            .since
            .is_some_and(|since| since + site.lag_s <= self.now)
    }

    fn snapshot(&mut self, site: &Site) {
        self.batches += 1;
        let seen = match site.marks {
            Marks::Nothing => None,
            Marks::Time => Some(moment(self.now - site.lag_s).to_string()),
            Marks::Number => {
                let last = self.orders.iter().filter(|order| self.seen(order, site));
                let last = last.filter_map(|order| order.number).max();
                Some(format!("SO{}", last.unwrap_or(0)))
            }
        };
        let positions = std::array::from_fn(|item| {
            let marketplace: i64 = self
                .orders
                .iter()
                .filter(|order| !order.cancelled && order.shipped.is_none())
                .filter(|order| self.seen(order, site))
                .map(|order| i64::from(order.units[item]))
                .sum();
            let figures = Figures {
                on_hand: self.on_hand[item],
                open: self.open[item] + marketplace,
                picked: self.picked[item],
                irregular: self.irregular[item],
                ..Figures::default()
            };
            let others = Figures {
                on_hand: 500,
                ..Figures::default()
            };
            vec![
                row(" nj1 ", "", figures, self.now, seen.clone()),
                row("NJ1", "WHOLESALE", others, self.now, seen.clone()),
                row("fob", "", others, self.now, seen.clone()),
            ]
        });
        self.on_the_way.push(Snapshot {
            batch: Batch {
                batch_id: format!("B{}", self.batches),
                as_of: moment(self.now),
                full: true,
                ended: true,
                rows: 9,
                rows_told: Some(9),
                units: None,
                units_told: None,
            },
            at: self.now,
            positions,
            free: std::array::from_fn(|item| {
                self.on_hand[item] - self.irregular[item] - self.open[item] - self.picked[item]
            }),
        });
    }

    fn deliver(&mut self, mut snapshot: Snapshot) {
        snapshot.batch.units = Some(1);
        let previous = self.taken.as_ref().map(|taken| Previous {
            batch_id: taken.batch.batch_id.clone(),
            as_of: taken.batch.as_of,
            rows: Some(9),
            units: Some(1),
        });
        let limits = Limits {
            age_s_max: u32::MAX,
            ..Limits::default()
        };
        let faults = judge(
            &snapshot.batch,
            previous.as_ref(),
            &limits,
            moment(self.now),
        );
        if faults.is_empty() {
            self.taken = Some(snapshot);
        }
    }

    /// Computes every offer, and holds each against the truth.
    fn compute(&mut self, site: &Site, with_in_flight: bool) -> Result<(), TestCaseError> {
        let Some(taken) = &self.taken else {
            return Ok(());
        };
        let pools = PoolRules::default();
        let share = Setting {
            value: site.share,
            source: "share".to_owned(),
        };
        let buffers = [BufferTerm {
            buffer: Buffer::Global,
            units: site.buffer,
            source: "buffer".to_owned(),
        }];
        let terms = Terms {
            pools: &pools,
            lag: SignedDuration::from_secs(LAG_S),
            share: Some(&share),
            cap: None,
            buffers: &buffers,
            ineligible: &[],
        };
        let in_flight: [Vec<InFlight>; 3] = std::array::from_fn(|item| {
            self.orders
                .iter()
                .filter(|order| with_in_flight && !order.cancelled && order.units[item] > 0)
                .map(|order| InFlight {
                    marketplace: SHOPS[order.shop].to_owned(),
                    units: order.units[item],
                    sales_order: order.number.map(|number| format!("SO{number}")),
                    in_erp_since: order.since.map(moment),
                })
                .collect()
        });
        self.last_no = self.last_no.next().unwrap();
        let mut quantities = [0; 4];
        for (quantity, offer) in quantities.iter_mut().zip(OFFERS) {
            let components: Vec<_> = offer
                .iter()
                .map(|&(item, per_pack)| Component {
                    sku: ITEMS[item],
                    per_pack,
                    positions: &taken.positions[item],
                    in_flight: &in_flight[item],
                })
                .collect();
            let sum = explain(self.last_no, &components, &terms);
            let Some(units) = sum.quantity.units() else {
                return Err(TestCaseError::fail(format!("unknown: {sum}")));
            };
            let pickable = offer
                .iter()
                .map(|&(item, per_pack)| {
                    let sold: i64 = self
                        .orders
                        .iter()
                        .filter(|order| !order.cancelled)
                        .filter(|order| order.shipped.is_none_or(|shipped| shipped > taken.at))
                        .map(|order| i64::from(order.units[item]))
                        .sum();
                    (taken.free[item] - sold).div_euclid(i64::from(per_pack))
                })
                .min()
                .unwrap();
            let most = (pickable - i64::from(site.buffer)).max(0);
            prop_assert!(i64::from(units) <= most, "{units} > {most}\n{sum}");
            *quantity = units;
        }
        self.computed.push((self.last_no, quantities));
        Ok(())
    }

    fn happen(
        &mut self,
        event: &Event,
        site: &Site,
        with_in_flight: bool,
    ) -> Result<(), TestCaseError> {
        self.now += STEP_S;
        match *event {
            Event::Receive(item, units) => self.on_hand[item] += units,
            Event::ReceiveIrregular(item, units) => {
                self.on_hand[item] += units;
                self.irregular[item] += units;
            }
            Event::Wholesale(item, units) => self.open[item] += units,
            Event::PickWholesale(item) => {
                self.picked[item] += std::mem::take(&mut self.open[item]);
            }
            Event::ShipWholesale(item) => {
                self.on_hand[item] -= std::mem::take(&mut self.picked[item]);
            }
            Event::Sell(offer, shop, units) => {
                let mut sold = [0; 3];
                for &(item, per_pack) in OFFERS[offer] {
                    sold[item] = units * per_pack;
                }
                self.orders.push(Order {
                    shop,
                    units: sold,
                    number: None,
                    since: None,
                    cancelled: false,
                    shipped: None,
                });
            }
            Event::Import => {
                let now = self.now;
                let next = self.last_number + 1;
                let waiting = |order: &&mut Order| order.number.is_none() && !order.cancelled;
                if let Some(order) = self.orders.iter_mut().find(waiting) {
                    order.number = Some(next);
                    order.since = Some(now);
                    self.last_number = next;
                }
            }
            Event::Cancel(index) => {
                if let Some(order) = self.orders.get_mut(index) {
                    order.cancelled |= order.shipped.is_none();
                }
            }
            Event::Ship(index) => self.ship(index, site),
            Event::Batch => self.snapshot(site),
            Event::Deliver(index) if index < self.on_the_way.len() => {
                let snapshot = self.on_the_way.remove(index);
                self.deliver(snapshot);
            }
            Event::DeliverTwice(index) => {
                if let Some(snapshot) = self.on_the_way.get(index).cloned() {
                    self.deliver(snapshot);
                }
            }
            Event::Lose(index) if index < self.on_the_way.len() => {
                self.on_the_way.remove(index);
            }
            Event::Compute => self.compute(site, with_in_flight)?,
            Event::Send(index) if index < self.computed.len() => {
                let (no, _) = self.computed.remove(index);
                if self.fence.admit(no) == Admission::Send {
                    prop_assert!(self.sent.last().is_none_or(|last| *last < no));
                    self.sent.push(no);
                }
            }
            Event::Deliver(_) | Event::Lose(_) | Event::Send(_) => {}
        }
        Ok(())
    }

    fn ship(&mut self, index: usize, site: &Site) {
        let now = self.now;
        let Some(order) = self.orders.get(index) else {
            return;
        };
        if order.cancelled || order.shipped.is_some() || !self.seen(order, site) {
            return;
        }
        for (on_hand, units) in self.on_hand.iter_mut().zip(order.units) {
            *on_hand -= i64::from(units);
        }
        self.orders[index].shipped = Some(now);
    }
}

fn live(site: &Site, with_in_flight: bool) -> Result<(), TestCaseError> {
    let mut world = World::default();
    site.events
        .iter()
        .try_for_each(|event| world.happen(event, site, with_in_flight))
}

#[test]
fn nothing_pushed_is_more_than_can_be_picked_and_no_push_goes_back() {
    let mut runner = TestRunner::new(Config::with_cases(1_000));
    runner
        .run(&site(), |site| live(&site, true))
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn without_in_flight_units_the_same_model_finds_an_oversell() {
    let mut runner = TestRunner::new_with_rng(
        Config {
            failure_persistence: None,
            ..Config::with_cases(1_000)
        },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let found = runner.run(&site(), |site| live(&site, false));
    assert!(matches!(found, Err(TestError::Fail(..))), "{found:?}");
}
