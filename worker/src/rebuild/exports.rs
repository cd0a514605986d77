//! What a rebuild takes from exports: people's decisions, and the mapping tables that were in force.

use std::path::PathBuf;

use activities::Connections;
use anyhow::Context;
use ledger::{Exported, TablesInForce, read_export, read_tables};
use ops::ledger::RebuildLedger;

use crate::config::Config;
use crate::run;

/// The exports that were named, and the one that the configuration names.
fn files<'a>(config: &'a Config, asked: &'a RebuildLedger) -> Vec<&'a PathBuf> {
    let usual = &config.ledger.export;
    let mut files: Vec<&PathBuf> = asked.export.iter().collect();
    if !files.contains(&usual) {
        files.push(usual);
    }
    files
}

/// Every decision once, however many exports have it; the oldest first. The usual export need not be
/// there: a ledger to which nobody ever said anything has none.
///
/// # Errors
/// A file that was named and cannot be read, or is no export.
pub fn decisions(config: &Config, asked: &RebuildLedger) -> anyhow::Result<Vec<Exported>> {
    let mut all = vec![];
    for file in files(config, asked) {
        if file == &config.ledger.export && !file.exists() && !asked.export.contains(file) {
            continue;
        }
        let read = read_export(file);
        all.extend(read.with_context(|| format!("export {}", file.display()))?);
    }
    all.sort_by(|a: &Exported, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    all.dedup_by(|a, b| a.id == b.id);
    Ok(all)
}

/// The mapping tables that were in force last; `None` when no ledger kept any.
///
/// # Errors
/// A file that cannot be read, or holds no tables.
pub fn tables(config: &Config, asked: &RebuildLedger) -> anyhow::Result<Option<TablesInForce>> {
    let mut latest: Option<TablesInForce> = None;
    for file in files(config, asked) {
        let kept = read_tables(file);
        let kept = kept.with_context(|| format!("mapping tables of {}", file.display()))?;
        let newer = |kept: &TablesInForce| {
            let at = latest.as_ref().map(|latest| latest.published_at);
            at.is_none_or(|at| kept.published_at > at)
        };
        if let Some(kept) = kept.filter(newer) {
            latest = Some(kept);
        }
    }
    Ok(latest)
}

/// Puts the tables in force that were, and offers those of the configuration after them, as a worker
/// does: what waited for a person's yes waits again. Answers whether something does.
///
/// # Errors
/// The ledger's.
pub async fn put_in_force(
    connections: &Connections,
    config: &Config,
    kept: Option<&TablesInForce>,
    say: &impl Fn(&str),
) -> anyhow::Result<bool> {
    let ledger = &connections.ledger;
    match kept {
        Some(kept) if ledger.mapping_version().await? == 0 => {
            let now = connections.clock.now();
            ledger.publish_mappings(&kept.tables, now).await?;
        }
        Some(_) => {}
        None => {
            say("no mapping tables are kept beside an export: those of the files come into force")
        }
    }
    run::publish(connections, &config.mappings).await?;
    Ok(ledger.held_mappings().await?.is_some())
}
