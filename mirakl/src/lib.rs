//! Typed client of the Mirakl seller API.
//!
//! [`Client`] is a struct with a base address: one HTTP request a call, nothing repeated by itself,
//! every answer named. [`Error`] says what the caller can do, and whether a failed write may have
//! been done all the same. What Mirakl may extend (states, modes, codes) is kept as it came; what
//! it leaves out stays `None`, which means unknown and never zero.

mod amount;
mod answer;
mod call;
mod cause;
mod client;
mod error;
mod error_body;
mod export;
mod multi_shipment;
mod offers;
mod orders;
mod page;
mod refunds;
mod response;
mod returns;
mod settings;
mod shipments;
mod stock;

pub use amount::Amount;
pub use answer::{Malformed, MalformedKind, OrderUnreadable};
pub use cause::Cause;
pub use client::{Client, Config};
pub use error::Error;
pub use export::{Export, ExportFile};
pub use multi_shipment::{
    NewShipment, SHIPMENTS_MOST, Shipment, ShipmentLine, ShipmentRefusal, ShipmentRefused,
    ShownTracking, Told,
};
pub use offers::{ExportedOffer, Offer, OfferExport, OfferFile, OfferFileAddress};
pub use orders::{
    AdditionalField, Address, Cancelation, Center, Channel, CommissionTax, Contact, Customer,
    DeliveryDate, DiscountCampaign, Fee, Fulfillment, LineDecision, LineState, Order, OrderLine,
    OrderPromotions, OrderQuery, OrderRefund, OrderState, OrderTax, Organization,
    OrganizationAddress, PaymentWorkflow, Promotion, PromotionConfiguration, RawOrder, Reference,
    ReferenceResult, References, Refund, RefundState, ShippingFrom, ShippingFromAddress, Tax,
    TaxCalculationRule, TaxMode, Warehouse, parse_order,
};
pub use page::Page;
pub use refunds::{CancelLine, CreatedCancelation, CreatedRefund, RefundLine, TaxPart};
pub use returns::{
    Compliance, CreatedReturns, LineCompliance, NewReturn, NewReturnLine, RawReturn, Return,
    ReturnCompliance, ReturnDecision, ReturnLine, ReturnQuery, ReturnResult, SeekPage,
};
pub use settings::{
    DirectPayment, Features, OrderWorkflows, PaymentDetails, PlatformSettings, Reason,
    ReturnsFeature, ShipmentFeatures, Shop, TaxCollection,
};
pub use shipments::{Carrier, ShippingType, Tracking};
pub use stock::{Import, ImportState, RefusedRow, StockFile};
