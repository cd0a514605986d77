//! Several workers on one shop: on purpose, coming and going, and by mistake.

use std::time::{Duration, Instant};

use tokio::process::Child;

use crate::machine::{kill, terminate, until};
use crate::world::{World, world};

/// How long workers come and go.
const COMING_AND_GOING: Duration = Duration::from_secs(20);
/// Seed of the comings and goings.
const SEED: u64 = 20_260_301;

#[tokio::test]
async fn two_then_three_workers_killed_and_stopped_at_random_do_everything_once() {
    let world = world("coming-and-going").start().await;
    let mut chance = Chance(SEED);
    let mut workers: Vec<Child> = vec![world.worker(), world.worker()];
    let mut orders = vec![];
    let begun = Instant::now();
    while begun.elapsed() < COMING_AND_GOING {
        if workers.len() == 2 && begun.elapsed() > COMING_AND_GOING / 2 {
            workers.push(world.worker());
        }
        // The next change comes when the orders of this round were seen, not after some time.
        let round: Vec<String> = (0..3)
            .map(|n| format!("N-{}-A", orders.len() + n))
            .collect();
        for order_id in &round {
            world.sell(world.plain(order_id));
        }
        orders.extend(round.clone());
        let chosen = chance.below(workers.len());
        let leaving = workers.swap_remove(chosen);
        if chance.below(3) == 0 {
            assert!(terminate(leaving).await.success());
        } else {
            kill(leaving).await;
        }
        workers.push(world.worker());
        until("a sales order of this round", async || {
            let made = |order_id: &String| !world.sales_orders(order_id).is_empty();
            round.iter().any(made).then_some(())
        })
        .await;
    }
    assert!(orders.len() >= 6, "seed {SEED}: {} orders", orders.len());
    for order_id in &orders {
        world.reaches(order_id, "SHIPPED").await;
        world.assert_shipped_once(order_id);
    }
    assert_eq!(world.exceptions().await, vec![], "seed {SEED}");
    for worker in workers {
        assert!(terminate(worker).await.success());
    }
}

#[tokio::test]
async fn a_copied_configuration_on_one_ledger_is_a_second_worker_and_on_another_is_refused() {
    let world = world("copied").start().await;
    let first = world.worker();
    world.ready().await;
    let second = world.worker();
    world.ready().await;
    world.configure("other", &world.customer());
    let refused = ended(&world, "other").await;
    assert!(refused.contains("is running over ledger"), "{refused}");
    assert!(refused.contains("does not"), "{refused}");

    for n in 1..=6 {
        world.sell(world.plain(&format!("Y-{n}-A")));
    }
    for n in 1..=6 {
        let order_id = format!("Y-{n}-A");
        world.reaches(&order_id, "SHIPPED").await;
        world.assert_shipped_once(&order_id);
    }
    for worker in [first, second] {
        assert!(terminate(worker).await.success());
    }
}

/// What a worker says that ends by itself, and not well.
async fn ended(world: &World, name: &str) -> String {
    let mut worker = world.worker_of(name, "");
    let ended = tokio::time::timeout(crate::machine::PATIENCE, worker.wait()).await;
    let ended = ended.expect("a worker that does not start").unwrap();
    assert!(!ended.success());
    world.log()
}

/// Numbers that a seed decides.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        // Knuth's multiplier; the low bits are poor, so the high ones are taken.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most
    }
}
