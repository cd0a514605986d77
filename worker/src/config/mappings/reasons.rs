//! Rows of `reasons.csv`.

use domain::mapping::{ANY_CODE, ReasonKind, ReasonRow, Valid, is_any};

use super::super::table::{Keys, Row};

// Every value is read before the first `?`, so that each problem of a row is reported.

pub(super) fn row(row: &Row<'_>, keys: &mut Keys) -> Option<ReasonRow> {
    let marketplace = row.marketplace();
    let kind = row.read("kind", &kinds(), ReasonKind::of);
    let (erp_code, mirakl_code) = (row.required("erp_code"), row.required("mirakl_code"));
    let kind = kind?;
    let erp_code = erp_code.filter(|code| fits_erp(row, kind, code));
    let mirakl_code = mirakl_code.filter(|code| fits_mirakl(row, kind, code));
    let read = ReasonRow {
        marketplace: marketplace?,
        kind,
        erp_code: erp_code?,
        mirakl_code: mirakl_code?,
    };
    if kind == ReasonKind::Return && is_any(&read.erp_code) && is_any(&read.mirakl_code) {
        row.refuse(
            "`erp_code` and `mirakl_code` are both `*`",
            "write a row for each side: `return,CODE,*` and `return,*,CODE`",
        );
        return None;
    }
    keys.take(
        row,
        &[&read.marketplace, &read.question()],
        Valid::default(),
    )?;
    Some(read)
}

fn kinds() -> String {
    let words: Vec<String> = ReasonKind::ALL.iter().map(|k| format!("`{k}`")).collect();
    format!("one of {}", words.join(", "))
}

fn fits_erp(row: &Row<'_>, kind: ReasonKind, code: &str) -> bool {
    let any = is_any(code);
    if kind.is_one_for_all() && !any {
        let wrong = format!("`erp_code` of `{kind}` is `{code}`; BlueCherry has no code for it");
        row.refuse(wrong, format!("write `{ANY_CODE}`"));
        return false;
    }
    if any && !kind.takes_any().0 {
        let wrong = format!("`erp_code` of `{kind}` is `{ANY_CODE}`");
        row.refuse(wrong, "write a row for each code");
        return false;
    }
    true
}

fn fits_mirakl(row: &Row<'_>, kind: ReasonKind, code: &str) -> bool {
    let fits = !is_any(code) || kind.takes_any().1;
    if !fits {
        let wrong = format!("`mirakl_code` of `{kind}` is `{ANY_CODE}`");
        row.refuse(wrong, "write one of the operator's codes");
    }
    fits
}
