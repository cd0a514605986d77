//! `bcm exceptions`: what needs a person.

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::deadline::Level;
use domain::exception::{Kind, Owner};
use domain::marketplace::{MarketplaceCode, OrderKey};
use jiff::Timestamp;
use ledger::{Exception, ExceptionFilter};
use serde::Serialize;

use crate::orders::about;
use crate::render::{
    Cell, Look, Named, Tone, count, due, fields, json, moment, or_dash, paint, plain,
};
use crate::render::{relative, short, source, table};
use crate::{Output, Surroundings, Trouble, advice, words};

/// Most characters of evidence in the list.
const EVIDENCE_WIDE: usize = 44;

/// Verbs of `bcm exceptions`.
#[derive(Debug, Subcommand)]
pub enum ExceptionsVerb {
    /// Lists open exceptions
    List(ListExceptions),
    /// Shows one: cause, evidence, next step, and the commands to type
    Show(ShowException),
}

/// `bcm exceptions list`.
#[derive(Debug, Args)]
pub struct ListExceptions {
    /// Of this owner only
    #[arg(long, value_parser = words::owners())]
    pub owner: Option<Owner>,
    /// Of this kind only
    #[arg(long, value_parser = words::kinds(), hide_possible_values = true)]
    pub kind: Option<Kind>,
    /// Of this marketplace only
    #[arg(long, value_parser = words::marketplace)]
    pub marketplace: Option<MarketplaceCode>,
    /// The closed ones too
    #[arg(long)]
    pub closed: bool,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// `bcm exceptions show`.
#[derive(Debug, Args)]
pub struct ShowException {
    /// Its number in the list
    pub id: i64,
}

/// `bcm exceptions list --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionsDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// The nearest to its deadline first.
    pub exceptions: Vec<ExceptionItem>,
    /// Were there more than `--limit` allows?
    pub more: bool,
}

/// `bcm exceptions show --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionDocument {
    /// Whose answer it is: `ledger`.
    pub source: &'static str,
    /// Of when, RFC 3339.
    pub as_of: Timestamp,
    /// The exception.
    pub exception: ExceptionItem,
    /// The plain cause.
    pub cause: &'static str,
    /// What to do.
    pub next_step: &'static str,
    /// Commands to type next.
    pub commands: Vec<String>,
}

/// One exception.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionItem {
    /// The ledger's number.
    pub id: i64,
    /// What happened.
    pub kind: Kind,
    /// Whose it is.
    pub owner: Owner,
    /// Marketplace code, where one is known.
    pub marketplace: Option<MarketplaceCode>,
    /// Order ID, where one is known.
    pub order_id: Option<String>,
    /// What it is about: order ID, shipment ID or ERP key.
    pub subject: String,
    /// Names and values.
    pub evidence: Vec<Named>,
    /// How near its deadline is, 0 to 4: half of the time is gone, three quarters, nine tenths, all.
    pub level: i64,
    /// Since when, RFC 3339.
    pub opened_at: Timestamp,
    /// By when the order's stage should be over, RFC 3339.
    pub due: Option<Timestamp>,
    /// When it was closed, RFC 3339.
    pub closed_at: Option<Timestamp>,
    /// What closed it, a code.
    pub closed_by: Option<String>,
}

impl From<Exception> for ExceptionItem {
    fn from(exception: Exception) -> Self {
        Self {
            id: exception.id,
            kind: exception.kind,
            owner: exception.owner,
            marketplace: exception.marketplace,
            order_id: exception.order_id,
            subject: exception.subject,
            evidence: Named::all(&exception.evidence),
            level: exception.level.number(),
            opened_at: exception.opened_at,
            due: exception.deadline,
            closed_at: exception.closed_at,
            closed_by: exception.closed_by,
        }
    }
}

impl ExceptionItem {
    fn order(&self) -> Option<OrderKey> {
        Some(OrderKey {
            marketplace: self.marketplace.clone()?,
            order_id: self.order_id.clone()?,
        })
    }

    /// The order, else what it is about.
    fn about(&self) -> String {
        self.order()
            .map_or_else(|| self.subject.clone(), |key| key.to_string())
    }

    /// Which of the order's credits, returns or units it is about; `None` for the order as a whole.
    pub(crate) fn part(&self) -> Option<String> {
        let subject = about(self.order_id.as_deref()?, &self.subject)?;
        Some(words::subject(subject).unwrap_or_else(|| subject.to_owned()))
    }

    /// Names and values in one short text.
    pub(crate) fn evidence(&self) -> Option<String> {
        // Which credit it is stands beside it.
        let is_said = |pair: &&Named| pair.name == "credit" && self.part().is_some();
        let pairs = self.evidence.iter().filter(|pair| !is_said(pair));
        let pairs = pairs.map(|pair| pair.row().1);
        let text = short(&pairs.collect::<Vec<_>>().join(", "), EVIDENCE_WIDE);
        Some(text).filter(|text| !text.is_empty())
    }
}

impl ExceptionsVerb {
    /// Does it.
    ///
    /// # Errors
    /// `exception_not_found`, and the ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        match self {
            Self::List(list) => list.run(surroundings).await,
            Self::Show(show) => show.run(surroundings).await,
        }
    }
}

impl ListExceptions {
    /// Lists.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let filter = ExceptionFilter {
            owner: self.owner,
            kind: self.kind,
            marketplace: self.marketplace,
            include_closed: self.closed,
        };
        let asked = self.limit.saturating_add(1);
        let mut listed = surroundings.ledger.exceptions(&filter, asked).await?;
        let more = listed.len() > self.limit as usize;
        listed.truncate(self.limit as usize);
        let document = ExceptionsDocument {
            source: "ledger",
            as_of: surroundings.now,
            exceptions: listed.into_iter().map(ExceptionItem::from).collect(),
            more,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

impl ExceptionsDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let now = self.as_of;
        // While no deadline draws near, a column of dashes would tell nothing.
        let raised = self.exceptions.iter().any(|e| e.level > 0);
        let in_part = self.exceptions.iter().any(|e| e.part().is_some());
        let row = |e: &ExceptionItem| {
            let until = match e.closed_at {
                Some(at) => Cell::new(format!("closed {}", relative(at, now)), Tone::Faint),
                None => due(e.due, now),
            };
            let level = Level::of(e.level);
            let level = match level {
                Level::Calm => or_dash(None::<&str>),
                Level::Overdue => Cell::new("overdue", Tone::Bad),
                level => Cell::new(format!("{} %", level.percent()), Tone::Warning),
            };
            let mut cells = vec![
                Cell::from(e.id.to_string()),
                e.kind.as_str().into(),
                e.owner.as_str().into(),
                e.about().into(),
                relative(e.opened_at, now).into(),
                until,
                or_dash(e.evidence()),
            ];
            if in_part {
                cells.insert(4, or_dash(e.part()));
            }
            if raised {
                cells.insert(1, level);
            }
            cells
        };
        let mut headers = vec!["id", "kind", "owner", "order", "since", "due", "evidence"];
        if in_part {
            headers.insert(4, "about");
        }
        if raised {
            headers.insert(1, "level");
        }
        let rows: Vec<Vec<Cell>> = self.exceptions.iter().map(row).collect();
        let mut text = String::new();
        if !rows.is_empty() {
            text = table(&headers, rows, look);
        }
        let n = match self.exceptions.len() as u64 {
            0 => "No exception".to_owned(),
            n if self.more => format!("The first {n} exceptions, more with --limit"),
            n => count(n, "exception", "exceptions"),
        };
        let footer = format!("{n} · {}", source(now));
        format!("{text}{}\n", paint(&footer, Tone::Faint, look))
    }
}

impl ShowException {
    /// Shows.
    ///
    /// # Errors
    /// `exception_not_found`, and the ledger's.
    pub async fn run(self, surroundings: &Surroundings) -> Result<Output> {
        let found = surroundings.ledger.exception(self.id).await?;
        let exception = found.ok_or_else(|| {
            Trouble::new(
                "exception_not_found",
                format!("The ledger has no exception {}.", self.id),
                "See which there are: bcm exceptions list --closed",
            )
        })?;
        let kind = exception.kind;
        let evidence = exception.evidence.clone();
        let exception = ExceptionItem::from(exception);
        let order = exception.order();
        // Nothing is to be typed for what is settled.
        let open = order.filter(|_| exception.closed_at.is_none());
        let document = ExceptionDocument {
            source: "ledger",
            as_of: surroundings.now,
            cause: kind.cause(),
            next_step: kind.next_step(),
            commands: open.map_or(vec![], |key| advice::at_hand(kind, &key, &evidence)),
            exception,
        };
        Ok(Output::good(document.render(surroundings.look())))
    }
}

impl ExceptionDocument {
    fn render(&self, look: Look) -> String {
        if look.json {
            return json(self);
        }
        let (e, now) = (&self.exception, self.as_of);
        let told = |at: Timestamp| format!("{} ({})", relative(at, now), moment(at));
        let whole = match e.part() {
            Some(part) => format!("{}, {part}", e.about()),
            None => e.about(),
        };
        let mut rows = vec![
            ("owner", words::owner(e.owner).to_owned()),
            ("about", plain(&whole)),
            ("since", told(e.opened_at)),
        ];
        rows.extend(e.due.map(|at| ("due", told(at))));
        if let Some(at) = e.closed_at {
            let by = e.closed_by.as_deref().unwrap_or("unknown");
            rows.push(("closed", format!("{}, {}", told(at), plain(by))));
        }
        rows.push(("cause", self.cause.to_owned()));
        rows.extend(e.evidence.iter().map(Named::row));
        rows.push(("next step", self.next_step.to_owned()));
        rows.extend(self.commands.iter().map(|c| ("type", plain(c))));
        let title = paint(
            &format!("Exception {}: {}", e.id, e.kind),
            Tone::Strong,
            look,
        );
        let footer = paint(&source(now), Tone::Faint, look);
        format!("{title}\n\n{}\n{footer}\n", fields(&rows))
    }
}
