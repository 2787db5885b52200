"""Which function answers which field. What is not listed is an attribute of the model or an entry of a payload."""

from __future__ import annotations

from decimal import Decimal

from syncd.sandbox.shopify import (
    metafield_mutations,
    order_mutations,
    product_mutations,
    queries,
    stock_mutations,
    subscriptions,
)
from syncd.sandbox.shopify.graphql.execution import Resolvers
from syncd.sandbox.shopify.model import gid
from syncd.sandbox.shopify.pages import connection

METAFIELDS = {"metafield": queries.own_metafield, "metafields": queries.own_metafields}

RESOLVERS: Resolvers = {
    "QueryRoot": {
        "shop": queries.shop_of,
        "currentAppInstallation": queries.installation,
        "publicApiVersions": queries.api_versions,
        "node": queries.node,
        "nodes": queries.nodes,
        "location": queries.location,
        "locations": queries.locations,
        "product": queries.by_id("Product"),
        "products": queries.products,
        "productVariant": queries.by_id("ProductVariant"),
        "productVariants": queries.variants,
        "productVariantsCount": queries.variants_count,
        "inventoryItem": queries.by_id("InventoryItem"),
        "inventoryItems": queries.items,
        "inventoryLevel": queries.by_id("InventoryLevel"),
        "order": queries.by_id("Order"),
        "orders": queries.orders,
        "ordersCount": queries.orders_count,
        "webhookSubscription": queries.by_id("WebhookSubscription"),
        "webhookSubscriptions": subscriptions.listed,
        "metafieldDefinition": queries.definition,
        "metafieldDefinitions": queries.definitions,
    },
    "Mutation": {
        "inventorySetQuantities": stock_mutations.set_quantities,
        "inventoryAdjustQuantities": stock_mutations.adjust_quantities,
        "inventoryActivate": stock_mutations.activate,
        "inventoryDeactivate": stock_mutations.deactivate,
        "productVariantsBulkUpdate": product_mutations.update_variants,
        "metafieldsSet": metafield_mutations.put,
        "metafieldsDelete": metafield_mutations.delete,
        "metafieldDefinitionCreate": metafield_mutations.define,
        "metafieldDefinitionUpdate": metafield_mutations.redefine,
        "orderCreate": order_mutations.create,
        "orderCancel": order_mutations.cancel,
        "refundCreate": order_mutations.refund,
        "webhookSubscriptionCreate": subscriptions.create,
        "webhookSubscriptionUpdate": subscriptions.update,
        "webhookSubscriptionDelete": subscriptions.delete,
    },
    "Shop": METAFIELDS,
    "AppInstallation": METAFIELDS,
    "Location": {
        **METAFIELDS,
        "shipsInventory": lambda place, _: place.fulfills_online_orders,
        "isFulfillmentService": lambda _, __: False,
        "hasActiveInventory": lambda place, call: any(
            place.number in one.inventory_item.levels for one in call.request.shop.variants()
        ),
        "inventoryLevel": queries.level_of,
        "inventoryLevels": queries.levels_of_location,
    },
    "Product": {
        **METAFIELDS,
        "productType": lambda _, __: "",
        "tags": lambda _, __: [],
        "publishedAt": lambda product, _: product.created_at if product.status == "ACTIVE" else None,
        "hasOnlyDefaultVariant": lambda product, _: [one.title for one in product.variants] == ["Default Title"],
        "totalInventory": lambda product, _: sum(
            one.inventory_quantity for one in product.variants if one.inventory_item.tracked
        ),
        "tracksInventory": lambda product, _: any(one.inventory_item.tracked for one in product.variants),
        "variants": lambda product, call: connection(queries.rows(product.variants), call),
        "variantsCount": lambda product, _: {"count": len(product.variants), "precision": "EXACT"},
    },
    "ProductVariant": {
        **METAFIELDS,
        "position": lambda variant, _: variant.product.variants.index(variant) + 1,
        "availableForSale": lambda variant, _: not queries.sold_out(variant),
        "price": lambda variant, _: str(variant.price),
        "selectedOptions": lambda variant, _: [{"name": k, "value": v} for k, v in variant.options.items()],
    },
    "InventoryItem": {
        "duplicateSkuCount": queries.same_sku,
        "inventoryLevel": queries.level_at,
        "inventoryLevels": queries.levels_of_item,
        "variants": lambda item, call: connection(queries.rows([item.variant]), call),
    },
    "InventoryLevel": {
        "canDeactivate": lambda level, _: len(level.item.active_levels) > 1,
        "quantities": queries.quantities,
    },
    "InventoryAdjustmentGroup": {
        "app": lambda _, call: queries.installation(None, call)["app"],
        "changes": queries.changes,
    },
    "Metafield": {"jsonValue": queries.metafield_in_json},
    "MetafieldDefinition": {
        "type": queries.definition_type,
        "access": lambda definition, _: {"storefront": definition.storefront},
    },
    "Order": {
        **METAFIELDS,
        "number": lambda order, _: int(order.name.lstrip("#")),
        "processedAt": lambda order, _: order.created_at,
        "closed": lambda order, _: order.closed_at is not None,
        "unpaid": lambda order, _: not order.paid,
        "fullyPaid": lambda order, _: order.paid,
        "tags": lambda _, __: [],
        "currencyCode": lambda order, _: order.currency,
        "merchantEditable": lambda order, _: order.cancelled_at is None,
        "paymentGatewayNames": lambda order, _: sorted({one.gateway for one in order.transactions}),
        "returnStatus": lambda _, __: "NO_RETURN",
        "subtotalLineItemsQuantity": lambda order, _: sum(line.quantity for line in order.lines),
        "currentSubtotalLineItemsQuantity": lambda order, _: sum(line.current_quantity for line in order.lines),
        "totalPriceSet": queries.in_money(queries.price),
        "currentTotalPriceSet": queries.in_money(lambda order: queries.price(order, current=True)),
        "totalReceivedSet": queries.in_money(queries.received),
        "totalRefundedSet": queries.in_money(queries.refunded),
        "totalOutstandingSet": queries.in_money(lambda order: 0 if order.paid else queries.price(order, current=True)),
        "lineItems": queries.ordered_lines,
        "fulfillments": lambda order, call: queries.first(order.fulfillments, call),
        "refunds": lambda order, call: queries.first(order.refunds, call),
        "transactions": lambda order, call: queries.first(order.transactions, call),
    },
    "LineItem": {
        "name": lambda line, _: f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "nonFulfillableQuantity": lambda line, _: line.quantity - line.shipped - line.unfulfilled_quantity,
        "refundableQuantity": lambda line, _: line.current_quantity,
        "requiresShipping": lambda _, __: True,
        "restockable": lambda line, _: line.level is not None,
        "isGiftCard": lambda _, __: False,
        "product": queries.product_of_line,
        "originalUnitPriceSet": queries.line_money,
    },
    "Fulfillment": {
        "displayStatus": lambda shipment, _: "FULFILLED" if shipment.status == "SUCCESS" else "CANCELED",
        "totalQuantity": lambda shipment, _: sum(one.quantity for one in shipment.lines),
        "fulfillmentLineItems": queries.lines_of,
    },
    "FulfillmentLineItem": {
        "id": lambda one, _: gid("FulfillmentLineItem", one.number),
        "lineItem": lambda one, _: one.line,
    },
    "Refund": {
        "processedAt": lambda refund, _: refund.created_at,
        "refundLineItems": queries.lines_of,
        "transactions": lambda refund, call: connection(queries.rows(refund.transactions), call),
        "totalRefundedSet": lambda refund, call: queries.money(
            sum((one.money for one in refund.transactions), Decimal()), call.request.shop.currency
        ),
    },
    "RefundLineItem": {
        "id": lambda one, _: gid("RefundLineItem", one.number),
        "lineItem": lambda one, _: one.line,
        "restocked": lambda one, _: one.restock_type != "NO_RESTOCK",
        "priceSet": lambda one, call: queries.line_money(one.line, call),
        "subtotalSet": lambda one, call: queries.money(one.line.price * one.quantity, call.request.shop.currency),
    },
    "OrderTransaction": {
        "status": lambda _, __: "SUCCESS",
        "amountSet": lambda one, call: queries.money(one.money, call.request.shop.currency),
        "test": lambda _, __: False,
    },
    "WebhookSubscription": {"apiVersion": subscriptions.api_version},
}
