-- A person asks for an offer by its SKU alone, Mirakl's or BlueCherry's.
CREATE INDEX stock_offers_by_offer_sku ON stock_offers (offer_sku);
CREATE INDEX stock_offers_by_sku ON stock_offers (sku);
