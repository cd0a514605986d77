-- Credit memos and returns of orders, as last read: facts only, they name nobody.
CREATE TABLE documents (
    -- credit_memo, erp_return or marketplace_return.
    kind TEXT NOT NULL,
    -- The order's key in the ERP; for a return of the marketplace, marketplace/order_id.
    owner TEXT NOT NULL,
    -- Its number or ID there.
    item TEXT NOT NULL,
    version BIGINT NOT NULL,
    feed TEXT NOT NULL,
    facts TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (kind, owner, item)
);
-- A number is looked up without its order: a newer version may name another one.
CREATE INDEX documents_by_item ON documents (kind, item);

-- How many documents an order has, so that one without any costs no further look.
ALTER TABLE orders ADD COLUMN documents BIGINT NOT NULL DEFAULT 0;
-- A credit memo may name the sales order alone.
CREATE INDEX orders_by_sales_order ON orders (sales_order) WHERE sales_order IS NOT NULL;
-- What of an order waits for a person while the rest goes on: looked at with each decision.
CREATE INDEX exceptions_of_papers ON exceptions (scope, order_id)
    WHERE closed_at IS NULL AND origin = 'paper';
