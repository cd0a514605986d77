//! The connector's mapping tables for a seeded world.

use std::fmt::Write as _;

use super::{GALERIA, NORDWIND, World};

pub(super) fn files(world: &World) -> Vec<(&'static str, String)> {
    vec![
        ("skus.csv", skus(world)),
        ("warehouses.csv", WAREHOUSES.to_owned()),
        ("ship_via.csv", SHIP_VIA.to_owned()),
        ("carriers.csv", CARRIERS.to_owned()),
        ("taxes.csv", TAXES.to_owned()),
        ("allowances.csv", ALLOWANCES.to_owned()),
        ("reasons.csv", REASONS.to_owned()),
    ]
}

fn skus(world: &World) -> String {
    let mut text = String::from(
        "marketplace,offer_sku,division,style,color,label,dimension,size_bucket,sku,\
         valid_from,valid_to\n",
    );
    for marketplace in [NORDWIND, GALERIA] {
        for entry in world.catalogue() {
            let item = &entry.item;
            let _ = writeln!(
                text,
                "{marketplace},{},{},{},{},{},{},{},{},,",
                entry.offer_sku(marketplace),
                item.division,
                item.style,
                item.color,
                item.label.as_deref().unwrap_or_default(),
                item.dimension.as_deref().unwrap_or_default(),
                item.size_bucket,
                item.sku,
            );
        }
    }
    text
}

const WAREHOUSES: &str = "\
marketplace,division,warehouse,valid_from,valid_to
*,01,NJ1,,
nordwind,02,NJ1,,2024-12-31
nordwind,02,CA1,2025-01-01,
galeria,02,NJ1,,
";

const SHIP_VIA: &str = "\
marketplace,shipping_type_code,ship_via,valid_from,valid_to
nordwind,STD,UPSG,,
nordwind,EXP,UPS2,,
galeria,STD,DHLP,,
galeria,EXP,DHLP,,
*,XPR,XPR1,,
";

/// Without a row for the carrier behind `XPR1`, on purpose.
const CARRIERS: &str = "\
marketplace,erp_carrier,carrier_code,carrier_name,carrier_url,valid_from,valid_to
*,UPS,ups,,,,
*,DHL,,DHL,https://track.example/dhl/{trackingId},,
";

const TAXES: &str = "\
marketplace,tax_code,erp_tax_code,remitter
nordwind,US_SALES_TAX,SALESTX,marketplace
galeria,DE_VAT,VAT19,seller
";

const ALLOWANCES: &str = "\
marketplace,promotion,allowance_code
nordwind,*,MKTPROMO
galeria,WELCOME,WELCOME
";

const REASONS: &str = "\
marketplace,kind,erp_code,mirakl_code
*,refund,*,17
*,refund,LOST,18
*,refund,AGREED,19
*,short_ship,*,15
*,cancel,*,35
*,return,CHANGED,RETURN_CHANGED_MIND
*,return,FIT,RETURN_PRODUCT_DOES_NOT_FIT
*,return,DEFECT,RETURN_DEFECTIVE_ITEM
*,return,OTHER,*
*,return,*,RETURN_OTHER
*,disposition,restock,compliant
*,disposition,second,RETURN_NON_COMPLIANT_DAMAGED_PRODUCT
*,disposition,repair,RETURN_NON_COMPLIANT_DAMAGED_PRODUCT
*,disposition,scrap,RETURN_NON_COMPLIANT_DAMAGED_PRODUCT
*,missing,*,RETURN_NON_COMPLIANT_MISSING_ITEM
";
