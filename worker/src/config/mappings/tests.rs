use std::fs;

use tempfile::TempDir;

use super::*;

const GOOD: [(&str, &str); 6] = [
    (
        "skus.csv",
        "marketplace,offer_sku,division,style,color,label,dimension,size_bucket,sku,valid_from,valid_to\n\
         *,TEE-RED-M,01,00123,RED,,,3,0100123RED3,,\n\
         nordwind,TEE-RED-M,01,00123,RED,B,S,3,0100123REDB3,2026-06-01,\n",
    ),
    (
        "warehouses.csv",
        "marketplace,division,warehouse,valid_from,valid_to\n*,01,NJ1,,2026-05-31\n*,01,NJ2,2026-06-01,\n",
    ),
    (
        "ship_via.csv",
        "marketplace,shipping_type_code,ship_via,valid_from,valid_to\n*,STD,UPSG,,\n",
    ),
    (
        "carriers.csv",
        "marketplace,erp_carrier,carrier_code,carrier_name,carrier_url,valid_from,valid_to\n\
         *,UPSG,UPS,,,,\n*,LOCAL,,\"Bote, lokal\",https://bote.example/{trackingId},,\n",
    ),
    (
        "taxes.csv",
        "marketplace,tax_code,erp_tax_code,remitter\n*,CA-STATE,CA1,marketplace\n",
    ),
    (
        "allowances.csv",
        "marketplace,promotion,allowance_code\n*,*,PROMO\n",
    ),
];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in GOOD {
        fs::write(folder.path().join(file), text).unwrap();
    }
    folder
}

fn load(folder: &TempDir) -> Result<Mappings, Problems> {
    let shops = ["nordwind", "gallia"].map(|code| MarketplaceCode::new(code).unwrap());
    load_mappings(folder.path(), &shops)
}

/// What is wrong when one file has these bytes, without the folder's name.
fn problems(file: &str, bytes: impl AsRef<[u8]>) -> String {
    let folder = folder();
    fs::write(folder.path().join(file), bytes).unwrap();
    let told = load(&folder).unwrap_err().to_string();
    told.replace(&format!("{}/", folder.path().display()), "")
}

/// What is wrong with these rows below the file's usual first line.
fn rows(file: &str, rows: &str) -> String {
    let (_, columns) = FILES.iter().find(|(name, _)| *name == file).unwrap();
    problems(file, format!("{}\n{rows}", columns.join(",")))
}

#[test]
fn good_tables_are_read_as_they_stand() {
    let tables = load(&folder()).unwrap();
    let counts = [
        tables.skus.len(),
        tables.warehouses.len(),
        tables.carriers.len(),
    ];
    assert_eq!(counts, [2, 2, 2]);
    let day = jiff::civil::date(2026, 6, 1);
    let sku = tables.sku("nordwind", "tee-red-m", day).unwrap();
    assert_eq!((sku.division, &*sku.sku), ("01", "0100123REDB3"));
    let row = &tables.skus[1];
    assert_eq!(
        (row.style.as_str(), row.label.as_deref()),
        ("00123", Some("B"))
    );
    assert_eq!(
        tables.warehouse("gallia", "01", day).unwrap().warehouse,
        "NJ2"
    );
    let carrier = tables.carrier("gallia", "LOCAL", "", day).unwrap();
    assert_eq!(carrier.carrier_name.as_deref(), Some("Bote, lokal"));
    assert_eq!(
        tables.tax("gallia", "CA-STATE").unwrap().remitter,
        Remitter::Marketplace
    );
}

#[test]
fn what_other_programs_do_to_a_good_file_is_accepted() {
    let text = "\u{FEFF}remitter , erp_tax_code,tax_code,marketplace\r\n\
                seller, VAT20 ,FR-VAT,Gallia\r\n,,,\r\n\r\nmarketplace,\"C\"\"A\",CA,*";
    let folder = folder();
    fs::write(folder.path().join("taxes.csv"), text).unwrap();
    let taxes = load(&folder).unwrap().taxes;
    let read: Vec<_> = taxes
        .iter()
        .map(|t| (&*t.marketplace, &*t.erp_tax_code))
        .collect();
    assert_eq!(read, [("gallia", "VAT20"), ("*", "C\"A")]);
}

#[test]
fn the_wrong_delimiter_is_named_once() {
    insta::assert_snapshot!(problems("taxes.csv", "marketplace;tax_code;erp_tax_code;remitter\n*;A;B;seller\n"), @"taxes.csv:1: the columns are separated by `;` — save the file with commas between columns");
    insta::assert_snapshot!(problems("allowances.csv", "marketplace\tpromotion\tallowance_code\n"), @"allowances.csv:1: the columns are separated by tabs — save the file with commas between columns");
}

#[test]
fn the_first_line_must_name_each_column_once() {
    insta::assert_snapshot!(problems("allowances.csv", "marketplace,promo,marketplace\n*,A,B\n"), @"
allowances.csv:1: the first line names `marketplace` more than once — write it as marketplace,promotion,allowance_code
allowances.csv:1: the first line has no column `promotion` — write it as marketplace,promotion,allowance_code
allowances.csv:1: the first line has no column `allowance_code` — write it as marketplace,promotion,allowance_code
allowances.csv:1: the first line names an unknown column `promo` — write it as marketplace,promotion,allowance_code
");
    insta::assert_snapshot!(problems("allowances.csv", ""), @"allowances.csv:1: the first line is empty — write the columns there: marketplace,promotion,allowance_code");
}

#[test]
fn a_file_that_is_lost_cut_off_or_in_other_letters_is_refused() {
    let folder = folder();
    fs::remove_file(folder.path().join("taxes.csv")).unwrap();
    let told = load(&folder).unwrap_err().to_string();
    insta::assert_snapshot!(told.replace(&format!("{}/", folder.path().display()), ""), @"taxes.csv: is not there — write the file, if only its first line: marketplace,tax_code,erp_tax_code,remitter");
    insta::assert_snapshot!(rows("warehouses.csv", "*,01,NJ1,,\n*,02,N"), @"warehouses.csv:3: the file breaks off in this line (3 of 5 columns) — copy the file again, whole");
    insta::assert_snapshot!(rows("warehouses.csv", "*,01,NJ1,,\n*,02,N\n*,03,\"N,,\n"), @"
warehouses.csv:3: has 3 of 5 columns — write each column, and quote a value with a comma
warehouses.csv:4: a quote is not closed — close it on the same line, or take it out
");
    insta::assert_snapshot!(problems("allowances.csv", b"marketplace,promotion,allowance_code\n*,A,B\n*,\xE9t\xE9,B\n"), @r#"allowances.csv:3: is not UTF-8 — save the file as "CSV UTF-8""#);
}

#[test]
fn two_rows_never_answer_one_question() {
    insta::assert_snapshot!(rows("warehouses.csv", "*,01,NJ1,,2026-05-31\nnordwind,01,NJ3,,\n*, 01 ,NJ2,2026-05-31,\n*,01,NJ2,2026-06-01,\n"), @"warehouses.csv:4: `*`, `01` stands on line 2 already, for the same days — keep one of the two, or give them days apart");
    insta::assert_snapshot!(rows("taxes.csv", "*,Vat,A,seller\n*,VAT,B,seller\n"), @"taxes.csv:3: `*`, `VAT` stands on line 2 already, for the same days — keep one of the two, or give them days apart");
}

#[test]
fn each_value_is_checked_and_every_problem_of_a_row_told() {
    insta::assert_snapshot!(rows("skus.csv", "nordwnd,,01,S,RED,,,25,X,2026-6-1,\n*,A,01,S,RED,,,x,X,2026-06-02,2026-06-01\n*,B,01,S,RED,,,1,X,2026-02-30,\n"), @"
skus.csv:2: `marketplace` is `nordwnd` — write `nordwind`, `gallia` or `*`
skus.csv:2: `valid_from` is `2026-6-1` — write a date as YYYY-MM-DD, or nothing
skus.csv:2: `offer_sku` is empty — write its code, or take the row out
skus.csv:2: `size_bucket` is `25` — write the size's place, 1 to 24
skus.csv:3: `valid_to` 2026-06-01 is before `valid_from` 2026-06-02 — write the last day the row counts, or nothing
skus.csv:3: `size_bucket` is `x` — write the size's place, 1 to 24
skus.csv:4: `valid_from` is `2026-02-30` — write a date as YYYY-MM-DD, or nothing
");
    insta::assert_snapshot!(rows("carriers.csv", "*,UPS,,,,,\n*,DHL,DHL,,dhl.example,,\n"), @"
carriers.csv:2: names no carrier — write `carrier_code` from the operator's list, or `carrier_name` for one outside it
carriers.csv:3: `carrier_url` is not a web address — write one with https://, and {trackingId} in place of the number
");
    insta::assert_snapshot!(rows("taxes.csv", "*,A,B,operator\n"), @"taxes.csv:2: `remitter` is `operator` — write `marketplace` or `seller`");
}

#[test]
fn a_code_that_a_spreadsheet_changed_is_refused() {
    insta::assert_snapshot!(rows("allowances.csv", "*,1.23E+11,A\n*,5-Jan,A\n*,Dec-12,A\n*,#N/A,A\n*,=B2,#REF!\n*,caf\u{FFFD},A\n"), @"
allowances.csv:2: `promotion` is `1.23E+11`, a number that a spreadsheet shortened — format the column as text, and write the value in full
allowances.csv:3: `promotion` is `5-Jan`, a code that a spreadsheet took for a date — format the column as text, and write the value in full
allowances.csv:4: `promotion` is `Dec-12`, a code that a spreadsheet took for a date — format the column as text, and write the value in full
allowances.csv:5: `promotion` is `#N/A`, a formula or its error — format the column as text, and write the value in full
allowances.csv:6: `promotion` is `=B2`, a formula or its error — format the column as text, and write the value in full
allowances.csv:6: `allowance_code` is `#REF!`, a formula or its error — format the column as text, and write the value in full
allowances.csv:7: `promotion` is `caf�`, a text with broken characters — format the column as text, and write the value in full
");
    for sound in ["1E5", "DEC-12", "E+1", "#42", "12-345", "1.5", "A+B"] {
        let folder = folder();
        let text = format!("marketplace,promotion,allowance_code\n*,{sound},A\n");
        fs::write(folder.path().join("allowances.csv"), text).unwrap();
        assert!(load(&folder).is_ok(), "{sound}");
    }
}

#[test]
fn a_division_that_no_warehouse_serves_is_found() {
    insta::assert_snapshot!(rows("warehouses.csv", "*,1,NJ1,,\n"), @"skus.csv:2: division `01` has no row in warehouses.csv — write the division as BlueCherry has it, zeros in front included, or add its warehouse");
    insta::assert_snapshot!(rows("warehouses.csv", "*,NJ1,01,,\n"), @"skus.csv:2: division `01` has no row in warehouses.csv — swap `division` and `warehouse` in warehouses.csv");
}

#[test]
fn a_row_for_a_marketplace_that_is_not_configured_is_refused() {
    let told = load_mappings(folder().path(), &[]).unwrap_err();
    assert_eq!(told.list()[0].line, Some(3));
    insta::assert_snapshot!(told.list()[0].wrong, @"`marketplace` is `nordwind`");
    insta::assert_snapshot!(told.list()[0].instead, @"write `*`, since no marketplace is configured");
}

#[test]
fn rules_are_read_where_there_are_any_and_each_row_of_skus_wins() {
    let folder = folder();
    assert_eq!(load(&folder).unwrap().sku_rules, []);
    let text = "marketplace,offer_sku,division,sku,valid_from,valid_to\n\
                *,TEE-*,01,T*,,\nnordwind,NW-*,01,*,2026-06-01,\n";
    fs::write(folder.path().join("sku_rules.csv"), text).unwrap();
    let tables = load(&folder).unwrap();
    let (before, day) = (
        jiff::civil::date(2026, 5, 31),
        jiff::civil::date(2026, 6, 1),
    );
    let sku = |shop: &str, offer: &str, day| {
        let mapped = tables.sku(shop, offer, day);
        mapped.map(|mapped| mapped.sku.into_owned())
    };
    assert_eq!(
        sku("gallia", "TEE-RED-M", day).as_deref(),
        Some("0100123RED3")
    );
    assert_eq!(sku("gallia", "TEE-RED-L", day).as_deref(), Some("TRED-L"));
    assert_eq!(sku("nordwind", "NW-1", day).as_deref(), Some("1"));
    assert_eq!(sku("nordwind", "NW-1", before), None);
}

#[test]
fn a_rule_that_is_none_is_refused_with_what_to_write() {
    insta::assert_snapshot!(rows("sku_rules.csv", "*,NW,01,*,,\n*,A*,01,*-*,,\n*,B*,01,*,,\nnordwind,b*,,*,,\n*, b* ,01,X*,,\n"), @"
sku_rules.csv:2: `offer_sku` is `NW` — write the offer SKU with one `*`, such as `NW-*`
sku_rules.csv:3: `sku` is `*-*` — write BlueCherry's SKU with one `*` for the same part
sku_rules.csv:5: `division` is empty — write its code, or take the row out
sku_rules.csv:6: `*`, `b*` stands on line 4 already, for the same days — keep one of the two, or give them days apart
");
    insta::assert_snapshot!(rows("sku_rules.csv", "*,A*,1,*,,\n"), @"sku_rules.csv:2: division `1` has no row in warehouses.csv — write the division as BlueCherry has it, zeros in front included, or add its warehouse");
}

#[test]
fn reasons_are_read_where_there_are_any() {
    let folder = folder();
    assert_eq!(load(&folder).unwrap().reasons, []);
    let text = "marketplace,kind,erp_code,mirakl_code\n\
                *,refund,*,17\n*,refund, DAM ,15\nnordwind,Refund,dam,16\n\
                *,return,CM,RETURN_CHANGED_MIND\n*,return,CM,RETURN_OTHER\n*,return,OTH,*\n*,return,*,RETURN_OTHER\n\
                *,disposition,restock,compliant\n*,missing,*,RETURN_MISSING\n*,cancel,*,35\n*,short_ship,*,19\n";
    fs::write(folder.path().join("reasons.csv"), text).unwrap();
    let tables = load(&folder).unwrap();
    let rules = tables.refund_rules("nordwind");
    assert_eq!(rules.reasons, [("dam".to_owned(), "16".to_owned())].into());
    assert_eq!(rules.memo_reason.as_deref(), Some("17"));
    assert_eq!(rules.short_reason.as_deref(), Some("19"));
    assert_eq!(tables.erp_return_reason("gallia", "X"), Some("OTH"));
    assert_eq!(tables.cancel_reason("gallia"), Some("35"));
}

#[test]
fn a_reason_that_answers_nothing_or_twice_is_refused() {
    insta::assert_snapshot!(rows("reasons.csv", "*,refunds,*,17\n*,refund,,17\n*,refund,A,\n*,refund,A,*\n*,missing,A,B\n*,disposition,*,compliant\n*,return,*,*\n"), @"
reasons.csv:2: `kind` is `refunds` — write one of `refund`, `short_ship`, `cancel`, `return`, `disposition`, `missing`
reasons.csv:3: `erp_code` is empty — write its code, or take the row out
reasons.csv:4: `mirakl_code` is empty — write its code, or take the row out
reasons.csv:5: `mirakl_code` of `refund` is `*` — write one of the operator's codes
reasons.csv:6: `erp_code` of `missing` is `A`; BlueCherry has no code for it — write `*`
reasons.csv:7: `erp_code` of `disposition` is `*` — write a row for each code
reasons.csv:8: `erp_code` and `mirakl_code` are both `*` — write a row for each side: `return,CODE,*` and `return,*,CODE`
");
    insta::assert_snapshot!(rows("reasons.csv", "*,refund,Dam,17\n*,refund,DAM,15\nnordwind,refund,DAM,15\n*,return,A,R\n*,return,B,r\n*,return,*,R\n*,return,*,S\n"), @"
reasons.csv:3: `*`, `refund DAM` stands on line 2 already, for the same days — keep one of the two, or give them days apart
reasons.csv:6: `*`, `return r` stands on line 5 already, for the same days — keep one of the two, or give them days apart
reasons.csv:8: `*`, `return from the ERP` stands on line 7 already, for the same days — keep one of the two, or give them days apart
");
}
