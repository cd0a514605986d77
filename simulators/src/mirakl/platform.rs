//! What the marketplace says about itself and the shop: A01, PC01, RE01, SH12, SH21, V01.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::options::{Acceptance, MiraklOptions, PaymentWorkflow};

/// A01: the shop's account.
pub fn account(options: &MiraklOptions, orders: usize, now: Timestamp, balances: &Value) -> Value {
    let types = options.shipping_types.iter();
    let shippings: Vec<Value> = types
        .clone()
        .map(|kind| {
            json!({
                "additional_fields": [],
                "shipping_free_amount": null,
                "shipping_type_code": kind.code,
                "shipping_type_label": kind.label,
                "shipping_type_standard_code": kind.standard_code,
                "shipping_zone_code": "DOM",
                "shipping_zone_label": "Domestic",
            })
        })
        .collect();
    let address = json!({
        "street_1": "1 Simulation Way",
        "street_2": null,
        "zip_code": "97201",
        "city": "Portland",
        "state": "OR",
        "country_iso_code": "USA",
    });
    json!({
        "shop_id": options.shop_id,
        "shop_name": options.shop_name,
        "shop_state": "OPEN",
        "model": "MARKETPLACE",
        "currency_iso_code": options.currency,
        "date_created": "2024-01-15T08:00:00Z",
        "last_updated_date": super::order::whole_ms(now),
        "description": null,
        "is_professional": true,
        "premium": false,
        "free_shipping": false,
        "payment_method_mandatory": false,
        "approval_delay": null,
        "approval_rate": null,
        "grade": null,
        "evaluations_count": 0,
        "offers_count": 0,
        "orders_count": orders,
        "channels": [],
        "domains": [],
        "closed_from": null,
        "closed_to": null,
        "shipping_country": "USA",
        "shipping_types": types.map(|kind| &kind.code).collect::<Vec<_>>(),
        "shipping_zones": ["DOM"],
        "shippings": shippings,
        "shipping": { "lead_time_to_ship": options.lead_time_s.div_ceil(86_400) },
        "shop_additional_fields": [],
        "billing_info": { "owner": options.shop_name, "bank_name": null, "iban": null, "bic": null },
        "contact_informations": {
            "lastname": "Desk",
            "firstname": "Order",
            "email": "orders@shop.example",
            "street1": "1 Simulation Way",
            "zip_code": "97201",
            "city": "Portland",
            "state": "OR",
            "country": "USA",
        },
        "default_billing_information": {
            "id": "1",
            "default_language": "en",
            "registration_address": address,
        },
        "pro_details": {
            "corporate_name": options.shop_name,
            "VAT_number": null,
            "identification_number": null,
            "tax_identification_number": null,
        },
        "payment_details": balances,
    })
}

/// PC01: what the marketplace allows.
pub fn configuration(options: &MiraklOptions) -> Value {
    let acceptance = match options.order_acceptance {
        Acceptance::Manual => "NOT_AUTOMATIC",
        Acceptance::Automatic => "AUTOMATIC",
    };
    let has_workflow = |workflow| options.payment_workflow == workflow;
    let features = json!({
        "catalog": {
            "allow_shop_contribution_to_all_channels": false,
            "exclude_invalid_products": false,
            "list_of_multiple_values_separator": "|",
            "product_acceptance_by_channel": false,
            "product_data_validation_by_channel": false,
            "product_import_only_on_leaf": false,
        },
        "circular_economy_data_collection": false,
        "competitive_pricing_tool": false,
        "direct_payment_customer_store": { "activated": false, "refund_cancel_authorized": false },
        "disable_seller_alternative_carrier": !options.unregistered_carriers_allowed,
        "dropship": { "retail_pricing_edition_enabled": "NO", "retail_pricing_enabled": false },
        "kyc_status_per_seller": false,
        "lead_time_to_ship_by_sellers_enabled": "NO",
        "multi_currency": false,
        "multi_payout_psp_per_seller": false,
        "no_reply_needed": false,
        "offer_prices_decimals": "2",
        "operator_csv_delimiter": "SEMICOLON",
        "order_conditions": {
            "lead_time_to_ship": true,
            "maximum_order_quantity": false,
            "minimum_order_quantity": false,
            "package_order_quantity": false,
        },
        "order_tax_mode": options.tax_mode,
        "order_workflows": {
            "no_customer_payment_confirmation":
                has_workflow(PaymentWorkflow::NoCustomerPaymentConfirmation),
            "order_acceptance": acceptance,
            "pause_debit_workflow": false,
            "pay_on_due_date": has_workflow(PaymentWorkflow::PayOnDueDate),
            "pay_on_shipment": has_workflow(PaymentWorkflow::PayOnShipment),
            "sellers_edit_shipping_origin": false,
            "shipping_and_billing_details_before_acceptance": options.addresses_before_acceptance,
        },
        "payment_confirmation": false,
        "pricing": {
            "channel_pricing": "DISABLED",
            "discount_period_required": false,
            "discount_price_creation_in_the_past_blocked": false,
            "scheduled_pricing": false,
            "volume_discount": false,
            "volume_pricing": false,
        },
        "product_data_validation_by_channel": false,
        "promotion": {
            "cart_promotion_campaign": false,
            "discount_campaign": false,
            "seller_promotion": true,
        },
        "returns": { "drop_ship": false, "marketplace": options.returns, "one_creditor": false },
        "shipment": {
            "multi_part_item_shipment": false,
            "multi_shipment": options.multi_shipment,
        },
        "shop_tax_options": {
            "local_tax_number": { "mandatory": false },
            "tax_identification_number": { "mandatory": false },
        },
        "tax_collection": {
            "activated": "NO",
            "product_tax_code_mandatory": false,
            "tax_collection_by_operator": false,
        },
        "tax_id_number": { "mandatory": false },
        "warehouses": { "geolocation": false, "restricted_countries": [] },
    });
    json!({
        "features": features,
        "modules": {
            "mirakl_catalog_integrator": false,
            "mirakl_catalog_manager": false,
            "mirakl_catalog_transformer": false,
            "mirakl_platform_services": false,
            "offer_management": true,
            "offer_management_mode": "SIMPLE",
            "order_management": true,
            "order_management_mode": "SIMPLE",
            "promotions": true,
            "quotes": false,
            "tax_manager": {
                "activated": false,
                "tax_provider": { "avalara": false, "vertex": false },
            },
        },
        "platform_configuration": {
            "customer_model": { "b2b": false, "b2c": true },
            "enhanced_seller_invoicing": { "enabled": false },
            "platform_model": { "drop_ship": false, "marketplace": true, "one_creditor": false },
        },
        "platform_name": options.operator,
        "tenant_name": "simulated-dev",
        "timezone": "Etc/UTC",
    })
}

/// RE01: the reason codes.
pub fn reasons(options: &MiraklOptions) -> Value {
    json!({ "reasons": options.reasons, "total_count": options.reasons.len() })
}

/// SH12: the shipping methods.
pub fn shipping_types(options: &MiraklOptions) -> Value {
    json!({ "shipping_types": options.shipping_types })
}

/// SH21: the registered carriers.
pub fn carriers(options: &MiraklOptions) -> Value {
    json!({ "carriers": options.carriers })
}

/// V01: the health check.
pub fn version() -> Value {
    json!({ "version": "simulated" })
}
