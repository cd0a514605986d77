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
    assert_eq!(
        (sku.style.as_str(), sku.label.as_deref()),
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
    insta::assert_snapshot!(problems("taxes.csv", "marketplace;tax_code;erp_tax_code;remitter\n*;A;B;seller\n"), @"");
    insta::assert_snapshot!(problems("allowances.csv", "marketplace\tpromotion\tallowance_code\n"), @"");
}

#[test]
fn the_first_line_must_name_each_column_once() {
    insta::assert_snapshot!(problems("allowances.csv", "marketplace,promo,marketplace\n*,A,B\n"), @"");
    insta::assert_snapshot!(problems("allowances.csv", ""), @"");
}

#[test]
fn a_file_that_is_lost_cut_off_or_in_other_letters_is_refused() {
    let folder = folder();
    fs::remove_file(folder.path().join("taxes.csv")).unwrap();
    let told = load(&folder).unwrap_err().to_string();
    insta::assert_snapshot!(told.replace(&format!("{}/", folder.path().display()), ""), @"");
    insta::assert_snapshot!(rows("warehouses.csv", "*,01,NJ1,,\n*,02,N"), @"");
    insta::assert_snapshot!(rows("warehouses.csv", "*,01,NJ1,,\n*,02,N\n*,03,\"N,,\n"), @"");
    insta::assert_snapshot!(problems("allowances.csv", b"marketplace,promotion,allowance_code\n*,A,B\n*,\xE9t\xE9,B\n"), @"");
}

#[test]
fn two_rows_never_answer_one_question() {
    insta::assert_snapshot!(rows("warehouses.csv", "*,01,NJ1,,2026-05-31\nnordwind,01,NJ3,,\n*, 01 ,NJ2,2026-05-31,\n*,01,NJ2,2026-06-01,\n"), @"");
    insta::assert_snapshot!(rows("taxes.csv", "*,Vat,A,seller\n*,VAT,B,seller\n"), @"");
}

#[test]
fn each_value_is_checked_and_every_problem_of_a_row_told() {
    insta::assert_snapshot!(rows("skus.csv", "nordwnd,,01,S,RED,,,25,X,2026-6-1,\n*,A,01,S,RED,,,x,X,2026-06-02,2026-06-01\n*,B,01,S,RED,,,1,X,2026-02-30,\n"), @"");
    insta::assert_snapshot!(rows("carriers.csv", "*,UPS,,,,,\n*,DHL,DHL,,dhl.example,,\n"), @"");
    insta::assert_snapshot!(rows("taxes.csv", "*,A,B,operator\n"), @"");
}

#[test]
fn a_code_that_a_spreadsheet_changed_is_refused() {
    insta::assert_snapshot!(rows("allowances.csv", "*,1.23E+11,A\n*,5-Jan,A\n*,Dec-12,A\n*,#N/A,A\n*,=B2,#REF!\n*,caf\u{FFFD},A\n"), @"");
    for sound in ["1E5", "DEC-12", "E+1", "#42", "12-345", "1.5", "A+B"] {
        let folder = folder();
        let text = format!("marketplace,promotion,allowance_code\n*,{sound},A\n");
        fs::write(folder.path().join("allowances.csv"), text).unwrap();
        assert!(load(&folder).is_ok(), "{sound}");
    }
}

#[test]
fn a_division_that_no_warehouse_serves_is_found() {
    insta::assert_snapshot!(rows("warehouses.csv", "*,1,NJ1,,\n"), @"");
    insta::assert_snapshot!(rows("warehouses.csv", "*,NJ1,01,,\n"), @"");
}

#[test]
fn a_row_for_a_marketplace_that_is_not_configured_is_refused() {
    let told = load_mappings(folder().path(), &[]).unwrap_err();
    assert_eq!(told.list()[0].line, Some(3));
    insta::assert_snapshot!(told.list()[0].wrong, @"");
    insta::assert_snapshot!(told.list()[0].instead, @"");
}
