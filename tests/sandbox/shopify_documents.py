"""Documents for recordings that kept only variables and answer: each asks for what the recorded answer shows."""

from __future__ import annotations

GROUP = """inventoryAdjustmentGroup {
  id createdAt reason referenceDocumentUri
  changes { name delta quantityAfterChange item { id } location { id name } }
} userErrors { field message code }"""
SET = f"""
mutation Set($input: InventorySetQuantitiesInput!, $idempotencyKey: String!) {{
  inventorySetQuantities(input: $input) @idempotent(key: $idempotencyKey) {{ {GROUP} }}
}}"""
SET_WITHOUT_KEY = f"""
mutation Set($input: InventorySetQuantitiesInput!) {{
  inventorySetQuantities(input: $input) {{ {GROUP} }}
}}"""
ADJUST = SET.replace("Set", "Adjust")
ADJUST_WITHOUT_KEY = SET_WITHOUT_KEY.replace("Set", "Adjust")
ADJUST_ZERO = """
mutation Adjust($input: InventoryAdjustQuantitiesInput!, $idempotencyKey: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $idempotencyKey) {
    inventoryAdjustmentGroup {
      reason referenceDocumentUri changes { name delta quantityAfterChange item { id } location { id } }
    }
    userErrors { field message }
  }
}"""

DEACTIVATE = """
mutation Deactivate($inventoryLevelId: ID!, $idempotencyKey: String!) {
  inventoryDeactivate(inventoryLevelId: $inventoryLevelId) @idempotent(key: $idempotencyKey) {
    userErrors { field message }
  }
}"""
REACTIVATE = """
mutation Reactivate($inventoryItemId: ID!, $locationId: ID!, $idempotencyKey: String!) {
  inventoryActivate(inventoryItemId: $inventoryItemId, locationId: $locationId) @idempotent(key: $idempotencyKey) {
    inventoryLevel {
      id isActive location { id name }
      quantities(names: ["available", "on_hand", "incoming"]) { name quantity updatedAt }
      item { id tracked variant { id inventoryQuantity product { id totalInventory tracksInventory } } }
    }
    userErrors { field message }
  }
}"""
LEVEL = """id isActive location { id name } quantities(names: ["available", "on_hand", "incoming"]) { name quantity }"""
READ_LEVELS = f"""
query Read($inventoryItemId: ID!, $inventoryLevelId: ID!, $inactiveLocationId: ID!) {{
  inventoryItem(id: $inventoryItemId) {{
    id tracked variant {{ id inventoryQuantity product {{ id totalInventory tracksInventory }} }}
    inventoryLevels(first: 5, includeInactive: true) {{ nodes {{ {LEVEL} }} }}
    inactiveLevel: inventoryLevel(locationId: $inactiveLocationId, includeInactive: true) {{ {LEVEL} }}
  }}
  inventoryLevel(id: $inventoryLevelId) {{ {LEVEL} item {{ id tracked }} }}
}}"""
READ_PRODUCT = """
query Read($productId: ID!, $inventoryItemId: ID!) {
  product(id: $productId) { id totalInventory tracksInventory }
  inventoryItem(id: $inventoryItemId) {
    id tracked variant { id inventoryQuantity product { id totalInventory } }
    inventoryLevels(first: 5) {
      nodes { id location { id name } quantities(names: ["available", "on_hand"]) { name quantity updatedAt } }
    }
  }
}"""

SHOP_MONEY = "{ shopMoney { amount currencyCode } }"
CANCEL = """
mutation Cancel($orderId: ID!, $restock: Boolean!, $reason: OrderCancelReason!, $notifyCustomer: Boolean,
    $staffNote: String, $refundMethod: OrderCancelRefundMethodInput) {
  orderCancel(orderId: $orderId, restock: $restock, reason: $reason, notifyCustomer: $notifyCustomer,
      staffNote: $staffNote, refundMethod: $refundMethod) {
    orderCancelUserErrors { field message code }
  }
}"""
READ_CANCELLED = f"""
query Read($id: ID!) {{
  order(id: $id) {{
    id name closed closedAt cancelledAt cancelReason displayFinancialStatus displayFulfillmentStatus paymentGatewayNames
    totalOutstandingSet {SHOP_MONEY} currentTotalPriceSet {SHOP_MONEY} totalReceivedSet {SHOP_MONEY}
    totalRefundedSet {SHOP_MONEY}
    refunds {{
      id totalRefundedSet {SHOP_MONEY}
      transactions(first: 10) {{ nodes {{ kind status gateway amountSet {SHOP_MONEY} }} }}
    }}
    transactions {{ kind status gateway amountSet {SHOP_MONEY} }}
  }}
}}"""
REFUND = f"""
mutation Refund($input: RefundInput!) {{
  refundCreate(input: $input) @idempotent(key: "refund-1") {{
    refund {{
      id note createdAt updatedAt totalRefundedSet {SHOP_MONEY}
      refundLineItems(first: 10) {{
        nodes {{ id quantity restockType restocked lineItem {{ id title }} subtotalSet {SHOP_MONEY} }}
      }}
      transactions(first: 10) {{ nodes {{ id kind status gateway amountSet {SHOP_MONEY} }} }}
    }}
    order {{ id displayFinancialStatus totalRefundedSet {SHOP_MONEY} }}
    userErrors {{ field message }}
  }}
}}"""
READ_REFUNDED = f"""
query Read($id: ID!) {{
  order(id: $id) {{
    id name displayFinancialStatus displayFulfillmentStatus totalRefundedSet {SHOP_MONEY}
    refunds {{ id note totalRefundedSet {SHOP_MONEY} }}
    transactions {{ id kind status gateway amountSet {SHOP_MONEY} }}
  }}
}}"""
READ_EDITED = f"""
query Read($id: ID!) {{
  order(id: $id) {{
    id name updatedAt note merchantEditable currentSubtotalLineItemsQuantity
    lineItems(first: 10) {{
      nodes {{ id title quantity currentQuantity sku variant {{ id }} originalUnitPriceSet {SHOP_MONEY} }}
    }}
  }}
}}"""

SUBSCRIPTION = "id topic format includeFields metafieldNamespaces filter createdAt updatedAt"
SUBSCRIBE = f"""
mutation Subscribe($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {{
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {{
    webhookSubscription {{ {SUBSCRIPTION} }} userErrors {{ field message }}
  }}
}}"""
RESUBSCRIBE = f"""
mutation Resubscribe($id: ID!, $webhookSubscription: WebhookSubscriptionInput!) {{
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $webhookSubscription) {{
    webhookSubscription {{ {SUBSCRIPTION} }} userErrors {{ field message }}
  }}
}}"""
READ_SUBSCRIPTION = f"query Read($id: ID!) {{ webhookSubscription(id: $id) {{ {SUBSCRIPTION} }} }}"
VERSIONED = "id topic format uri createdAt updatedAt apiVersion { handle displayName supported }"

BY_RECORDING: dict[str, dict[str, str]] = {
    "inventory-adjust-zero-delta-noop": {"inventoryAdjustQuantities": ADJUST_ZERO},
    "inventory-inactive-level-lifecycle-2026-04": {
        "inventoryDeactivate": DEACTIVATE,
        "inventoryActivate": REACTIVATE,
        "inventoryItem": READ_LEVELS,
    },
    "inventory-quantity-contracts-2026-04": {
        "inventorySetQuantities": SET,
        "inventoryAdjustQuantities": ADJUST,
        "legacySetShape": SET,
        "missingSetIdempotency": SET_WITHOUT_KEY,
        "missingAdjustIdempotency": ADJUST_WITHOUT_KEY,
        "missingAdjustChangeFromQuantity": ADJUST_WITHOUT_KEY,
        "product": READ_PRODUCT,
    },
    "order-edit-existing-order-zero-removal": {"order": READ_EDITED},
    "orderCancel-restock-refundMethod-parity": {"orderCancel": CANCEL, "order": READ_CANCELLED},
    "refund-create-full-parity": {"refundCreate": REFUND, "order": READ_REFUNDED},
    "refund-create-partial-shipping-restock-parity": {"refundCreate": REFUND, "order": READ_REFUNDED},
    "webhook-subscription-conformance": {
        "webhookSubscriptionCreate": SUBSCRIBE,
        "webhookSubscriptionUpdate": RESUBSCRIBE,
        "webhookSubscription": READ_SUBSCRIPTION,
    },
    "webhook-subscription-api-version-projection": {
        "webhookSubscriptionCreate": SUBSCRIBE.replace(SUBSCRIPTION, VERSIONED),
        "webhookSubscriptionUpdate": RESUBSCRIBE.replace(SUBSCRIPTION, VERSIONED),
        "webhookSubscription": READ_SUBSCRIPTION.replace(SUBSCRIPTION, VERSIONED),
        "webhookSubscriptions": """
query List($first: Int!, $uri: String!) {
  webhookSubscriptions(first: $first, uri: $uri) { nodes { id apiVersion { handle displayName supported } } }
}""",
    },
}
UNSUBSCRIBE = """
mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""


def document_for(recording: str, call: str, root: str) -> str:
    """The document by the name of the call, else by the first field of its answer."""
    by_name = BY_RECORDING[recording]
    return by_name.get(call) or by_name.get(root) or UNSUBSCRIBE
