"""Every GraphQL document that the connector sends, for Admin API 2026-10.

None asks for anything about a customer: line items, fulfilments and refunds need no personal data (shopify-facts §4).
Costs are estimated with shopify-facts §6: one query may request 1,000 points.
"""

from __future__ import annotations

from typing import Final

LARGEST_PAGE: Final = 250
"""Nodes of a page, ids of `nodes`, entries of a write: Shopify's limit for each (shopify-facts §2.1, §3)."""

DEEPEST: Final = 25_000
"""Objects that can be reached by paging through one connection (shopify-facts §3)."""

ORDERS_PAGE: Final = 50
"""About 460 points requested: 7 × 66 for 50 orders with 50 lines, their fulfilments and their refunds."""

INSTALLATION: Final = """
query Installation {
  shop { name myshopifyDomain }
  currentAppInstallation { accessScopes { handle } }
}
"""

LOCATIONS: Final = """
query Locations($after: String) {
  locations(first: 250, after: $after, includeInactive: true, includeLegacy: true) {
    nodes { id name isActive fulfillsOnlineOrders }
    pageInfo { hasNextPage endCursor }
  }
}
"""

VARIANTS_COUNT: Final = """
query VariantsCount { productVariantsCount(limit: null) { count } }
"""

_STOCK = """
fragment Stock on InventoryItem {
  id
  tracked
  inventoryLevel(locationId: $location, includeInactive: true) {
    isActive
    quantities(names: ["available"]) { name quantity }
  }
  inventoryLevels(first: 100) @include(if: $elsewhere) {
    nodes {
      isActive
      location { id name isActive fulfillsOnlineOrders }
      quantities(names: ["available"]) { name quantity }
    }
  }
}

fragment Variant on ProductVariant {
  id
  sku
  barcode
  inventoryPolicy
  selectedOptions { name value }
  product { id title status }
}
"""

# About 390 points for 250 variants where other locations are looked at, 70 where not.
VARIANTS: Final = (
    """
query Variants($after: String, $query: String, $location: ID!, $elsewhere: Boolean!) {
  productVariants(first: 250, after: $after, query: $query, sortKey: ID) {
    nodes { ...Variant inventoryItem { ...Stock } }
    pageInfo { hasNextPage endCursor }
  }
  productVariantsCount(limit: null) { count }
}
"""
    + _STOCK
)

ITEMS_BY_ID: Final = (
    """
query ItemsById($ids: [ID!]!, $location: ID!, $elsewhere: Boolean!) {
  nodes(ids: $ids) {
    ... on InventoryItem { ...Stock variants(first: 1) { nodes { ...Variant } } }
  }
}
"""
    + _STOCK
)

_LINE = """
fragment Line on LineItem {
  id
  name
  sku
  quantity
  currentQuantity
  unfulfilledQuantity
  variant { inventoryItem { id } }
}
"""

_FULFILLED = """
fragment Fulfilled on FulfillmentLineItem { quantity lineItem { id } }
"""

_REFUNDED = """
fragment Refunded on RefundLineItem { quantity restockType restocked lineItem { id } location { id } }
"""

_ORDER = (
    """
fragment OrderStock on Order {
  id
  name
  createdAt
  updatedAt
  cancelledAt
  displayFulfillmentStatus
  test
  lineItems(first: 50) { nodes { ...Line } pageInfo { hasNextPage endCursor } }
  fulfillments {
    id
    status
    createdAt
    location { id }
    fulfillmentLineItems(first: 50) { nodes { ...Fulfilled } pageInfo { hasNextPage endCursor } }
  }
  refunds {
    id
    refundLineItems(first: 50) { nodes { ...Refunded } pageInfo { hasNextPage endCursor } }
  }
}
"""
    + _LINE
    + _FULFILLED
    + _REFUNDED
)

ORDERS: Final = (
    """
query Orders($first: Int!, $after: String, $query: String!, $sortKey: OrderSortKeys!) {
  orders(first: $first, after: $after, query: $query, sortKey: $sortKey) {
    nodes { ...OrderStock }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _ORDER
)

ORDERS_BY_ID: Final = (
    """
query OrdersById($ids: [ID!]!) { nodes(ids: $ids) { ...OrderStock } }
"""
    + _ORDER
)

SUBSCRIPTIONS: Final = """
query Subscriptions($uri: String!, $after: String) {
  webhookSubscriptions(first: 250, after: $after, uri: $uri) {
    nodes { id topic uri format filter includeFields }
    pageInfo { hasNextPage endCursor }
  }
}
"""

SUBSCRIBE: Final = """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""

UNSUBSCRIBE: Final = """
mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}
"""

NEWEST_ORDER: Final = """
query NewestOrder { orders(first: 1, sortKey: UPDATED_AT, reverse: true) { nodes { updatedAt } } }
"""

MORE_LINES: Final = (
    """
query MoreLines($id: ID!, $after: String) {
  node(id: $id) {
    ... on Order {
      lineItems(first: 250, after: $after) { nodes { ...Line } pageInfo { hasNextPage endCursor } }
    }
  }
}
"""
    + _LINE
)

MORE_FULFILLED: Final = (
    """
query MoreFulfilled($id: ID!, $after: String) {
  node(id: $id) {
    ... on Fulfillment {
      fulfillmentLineItems(first: 250, after: $after) { nodes { ...Fulfilled } pageInfo { hasNextPage endCursor } }
    }
  }
}
"""
    + _FULFILLED
)

MORE_REFUNDED: Final = (
    """
query MoreRefunded($id: ID!, $after: String) {
  node(id: $id) {
    ... on Refund {
      refundLineItems(first: 250, after: $after) { nodes { ...Refunded } pageInfo { hasNextPage endCursor } }
    }
  }
}
"""
    + _REFUNDED
)

ADJUST: Final = """
mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { changes { name item { id } } }
    userErrors { field message code }
  }
}
"""

SET: Final = """
mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { changes { name item { id } } }
    userErrors { field message code }
  }
}
"""

# What stays the same while a process lives, and who may write it: asked before the first notice. 2 points.
NOTICES: Final = """
query Notices($which: MetafieldDefinitionIdentifierInput!) {
  currentAppInstallation { accessScopes { handle } }
  metafieldDefinition(identifier: $which) { type { name } access { storefront } }
}
"""

DEFINE: Final = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { type { name } access { storefront } }
    userErrors { field message code }
  }
}
"""

OPEN_TO_ALL: Final = """
mutation OpenToAll($definition: MetafieldDefinitionUpdateInput!) {
  metafieldDefinitionUpdate(definition: $definition) {
    updatedDefinition { type { name } access { storefront } }
    userErrors { field message code }
  }
}
"""

# Metafields and policies move no stock: Shopify takes no key there, and setting twice is setting once (§2.2, §3).
SHOW: Final = """
mutation Show($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { metafields { value } userErrors { field message code } }
}
"""

TAKE_BACK: Final = """
mutation TakeBack($metafields: [MetafieldIdentifierInput!]!) {
  metafieldsDelete(metafields: $metafields) { deletedMetafields { key } userErrors { field message } }
}
"""

STOP: Final = """
mutation Stop($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants) {
    productVariants { id inventoryPolicy }
    userErrors { field message code }
  }
}
"""

VARIANTS_OF_ITEMS: Final = """
query VariantsOfItems($ids: [ID!]!) {
  nodes(ids: $ids) { ... on InventoryItem { variants(first: 1) { nodes { id product { id } } } } }
}
"""
