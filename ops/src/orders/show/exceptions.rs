//! What else of an order needs a person, as a table.

use crate::orders::document::{OpenItem, OrderDocument};
use crate::render::{Cell, Look, fields, or_dash, plain, relative, table};

impl OrderDocument {
    /// A row for each, and below it every command once.
    pub(super) fn open(&self, look: Look) -> String {
        let row = |open: &OpenItem| {
            let e = &open.exception;
            vec![
                Cell::from(e.id.to_string()),
                e.kind.as_str().into(),
                e.owner.as_str().into(),
                or_dash(e.part()),
                relative(e.opened_at, self.as_of).into(),
                or_dash(e.evidence()),
            ]
        };
        let headers = ["id", "kind", "owner", "about", "since", "evidence"];
        let rows = self.exceptions.iter().map(row).collect();
        let mut commands: Vec<&str> = vec![];
        let all = self.exceptions.iter().flat_map(|open| &open.commands);
        for command in all {
            if !commands.contains(&command.as_str()) {
                commands.push(command);
            }
        }
        commands.push("bcm exceptions show ID");
        let commands: Vec<_> = commands.iter().map(|c| ("type", plain(c))).collect();
        table(&headers, rows, look) + &fields(&commands)
    }
}
