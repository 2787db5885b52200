"""Writes the part of Shopify's Admin schema that this project speaks: ``python cut.py FULL.graphql.gz OUT.graphql``.

The full schema has 3,546 types in 3.7 MB. `KEPT` names, per type, the fields that a document of the Shopify connector
or an answer of the sandbox shop may use. What follows by rule is not named:

* a connection keeps edges, nodes and pageInfo, an edge its cursor and node,
* an argument or input field stays when its type is a scalar, an enum or named here,
* scalars and enums stay whole, because leaving out a value would make a valid answer look wrong,
* of the interfaces only those named here stay, descriptions go.

Nothing is added or changed: a document that is valid against the result is valid against the full schema. A name in
`KEPT` that the full schema does not have ends the script with that name, so a new API version shows what is gone.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
    is_specified_directive,
    is_specified_scalar_type,
    print_type,
)
from graphql.utilities.print_schema import print_directive

KEPT = {
    # roots
    "QueryRoot": """shop location locations product products productVariant productVariants productVariantsCount
        inventoryItem inventoryItems inventoryLevel node nodes order orders ordersCount currentAppInstallation
        publicApiVersions webhookSubscription webhookSubscriptions metafieldDefinition metafieldDefinitions""",
    "Mutation": """inventorySetQuantities inventoryAdjustQuantities inventoryActivate inventoryDeactivate
        productVariantsBulkUpdate metafieldsSet metafieldsDelete metafieldDefinitionCreate metafieldDefinitionUpdate
        orderCreate orderCancel refundCreate webhookSubscriptionCreate webhookSubscriptionUpdate
        webhookSubscriptionDelete""",
    # interfaces
    "Node": "id",
    "LegacyInteroperability": "legacyResourceId",
    "HasMetafields": "metafield metafields",
    "DisplayableError": "field message",
    # the shop and its app
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "Count": "count precision",
    "Shop": "id name myshopifyDomain primaryDomain url ianaTimezone currencyCode plan metafield metafields",
    "ShopPlan": "publicDisplayName shopifyPlus partnerDevelopment",
    "Domain": "id host url",
    "ApiVersion": "handle displayName supported",
    "App": "id title handle",
    "AppInstallation": "id app accessScopes metafield metafields",
    "AccessScope": "handle description",
    "Location": """id legacyResourceId name isActive fulfillsOnlineOrders shipsInventory hasActiveInventory
        isFulfillmentService createdAt updatedAt inventoryLevel inventoryLevels metafield metafields""",
    # products
    "Product": """id legacyResourceId title handle status vendor productType tags isGiftCard hasOnlyDefaultVariant
        totalInventory tracksInventory createdAt updatedAt publishedAt variants variantsCount metafield metafields""",
    "ProductVariant": """id legacyResourceId title displayName sku barcode price position inventoryPolicy
        inventoryQuantity sellableOnlineQuantity availableForSale selectedOptions product inventoryItem createdAt
        updatedAt metafield metafields""",
    "SelectedOption": "name value",
    "ProductVariantsBulkInput": "id barcode inventoryPolicy price inventoryItem inventoryQuantities metafields",
    "InventoryItemInput": "sku tracked requiresShipping cost",
    "InventoryLevelInput": "availableQuantity locationId",
    "MetafieldInput": "id namespace key type value",
    "ProductVariantsBulkUpdatePayload": "product productVariants userErrors",
    "ProductVariantsBulkUpdateUserError": "code field message",
    # stock
    "InventoryItem": """id legacyResourceId sku tracked requiresShipping duplicateSkuCount createdAt updatedAt
        inventoryLevel inventoryLevels variant variants""",
    "InventoryLevel": "id isActive canDeactivate item location quantities createdAt updatedAt",
    "InventoryQuantity": "id name quantity updatedAt",
    "InventoryAdjustmentGroup": "id app changes createdAt reason referenceDocumentUri",
    "InventoryChange": "name delta quantityAfterChange ledgerDocumentUri item location",
    "InventorySetQuantitiesInput": "name reason referenceDocumentUri quantities",
    "InventoryQuantityInput": "inventoryItemId locationId quantity changeFromQuantity",
    "InventorySetQuantitiesPayload": "inventoryAdjustmentGroup userErrors",
    "InventorySetQuantitiesUserError": "code field message",
    "InventoryAdjustQuantitiesInput": "name reason referenceDocumentUri changes",
    "InventoryChangeInput": "inventoryItemId locationId delta changeFromQuantity ledgerDocumentUri",
    "InventoryAdjustQuantitiesPayload": "inventoryAdjustmentGroup userErrors",
    "InventoryAdjustQuantitiesUserError": "code field message",
    "InventoryActivatePayload": "inventoryLevel userErrors",
    "InventoryDeactivatePayload": "userErrors",
    "UserError": "field message",
    # metafields
    "Metafield": """id legacyResourceId namespace key type value jsonValue compareDigest ownerType createdAt
        updatedAt""",
    "MetafieldsSetInput": "ownerId namespace key type value compareDigest",
    "MetafieldsSetPayload": "metafields userErrors",
    "MetafieldsSetUserError": "code elementIndex field message",
    "MetafieldIdentifierInput": "ownerId namespace key",
    "MetafieldIdentifier": "ownerId namespace key",
    "MetafieldsDeletePayload": "deletedMetafields userErrors",
    "MetafieldDefinition": "id namespace key name description ownerType type access",
    "MetafieldDefinitionType": "name category",
    "MetafieldAccess": "storefront",
    "MetafieldDefinitionInput": "namespace key name description ownerType type access pin",
    "MetafieldAccessInput": "storefront",
    "MetafieldDefinitionCreatePayload": "createdDefinition userErrors",
    "MetafieldDefinitionCreateUserError": "code field message",
    "MetafieldDefinitionIdentifierInput": "ownerType namespace key",
    "MetafieldDefinitionUpdateInput": "namespace key name description ownerType access pin",
    "MetafieldAccessUpdateInput": "storefront",
    "MetafieldDefinitionUpdatePayload": "updatedDefinition userErrors",
    "MetafieldDefinitionUpdateUserError": "code field message",
    # orders
    "Order": """id legacyResourceId name number createdAt updatedAt processedAt cancelledAt cancelReason closed closedAt
        edited test unpaid fullyPaid note tags sourceName currencyCode displayFinancialStatus displayFulfillmentStatus
        returnStatus currentSubtotalLineItemsQuantity subtotalLineItemsQuantity totalPriceSet currentTotalPriceSet
        totalReceivedSet totalRefundedSet totalOutstandingSet lineItems fulfillments refunds transactions
        merchantEditable paymentGatewayNames metafield metafields""",
    "LineItem": """id title name variantTitle sku quantity currentQuantity unfulfilledQuantity nonFulfillableQuantity
        refundableQuantity requiresShipping restockable isGiftCard product variant originalUnitPriceSet""",
    "MoneyBag": "shopMoney presentmentMoney",
    "MoneyV2": "amount currencyCode",
    "Fulfillment": """id legacyResourceId name status displayStatus createdAt updatedAt totalQuantity location
        fulfillmentLineItems""",
    "FulfillmentLineItem": "id quantity lineItem",
    "Refund": """id legacyResourceId note createdAt updatedAt processedAt totalRefundedSet refundLineItems
        transactions""",
    "RefundLineItem": "id quantity restockType restocked lineItem location priceSet subtotalSet",
    "OrderTransaction": "id kind status gateway amountSet createdAt test",
    "OrderCreateOrderInput": """currency email financialStatus lineItems name note processedAt sourceName tags test
        transactions""",
    "OrderCreateLineItemInput": "productId quantity requiresShipping sku title variantId priceSet",
    "OrderCreateOrderTransactionInput": "kind status amountSet gateway test",
    "OrderCreateOptionsInput": "inventoryBehaviour sendFulfillmentReceipt sendReceipt",
    "MoneyBagInput": "shopMoney presentmentMoney",
    "MoneyInput": "amount currencyCode",
    "OrderCreatePayload": "order userErrors",
    "OrderCreateUserError": "code field message",
    "OrderCancelRefundMethodInput": "originalPaymentMethodsRefund",
    "OrderCancelPayload": "job orderCancelUserErrors userErrors",
    "OrderCancelUserError": "code field message",
    "Job": "id done",
    "RefundInput": "orderId currency note notify refundLineItems shipping transactions processedAt",
    "RefundLineItemInput": "lineItemId quantity restockType locationId",
    "ShippingRefundInput": "amount fullRefund",
    "OrderTransactionInput": "orderId parentId kind gateway amount",
    "RefundCreatePayload": "order refund userErrors",
    # webhooks
    "WebhookSubscription": """id legacyResourceId topic uri format filter includeFields metafieldNamespaces apiVersion
        createdAt updatedAt""",
    "WebhookSubscriptionInput": "uri format filter includeFields metafieldNamespaces",
    "WebhookSubscriptionCreatePayload": "webhookSubscription userErrors",
    "WebhookSubscriptionUpdatePayload": "webhookSubscription userErrors",
    "WebhookSubscriptionDeletePayload": "deletedWebhookSubscriptionId userErrors",
}


def kept_fields(name: str) -> list[str]:
    """The names of the fields that type `name` keeps."""
    if name in KEPT:
        return KEPT[name].split()
    if name.endswith("Connection"):
        return ["edges", "nodes", "pageInfo"]
    if name.endswith("Edge"):
        return ["cursor", "node"]
    raise SystemExit(f"{name} is reached but not named in KEPT")


def accepts(name: str, value: GraphQLArgument | GraphQLInputField) -> bool:
    """True where an argument or input field `name` stays."""
    kind = get_named_type(value.type)
    if is_leaf_type(kind) or kind.name in KEPT:
        return True
    required = is_required_argument if isinstance(value, GraphQLArgument) else is_required_input_field
    if required(value):
        raise SystemExit(f"{name}: {kind.name} is required but not named in KEPT")
    return False


def prune(node: GraphQLNamedType) -> list[GraphQLNamedType]:
    """Cuts one type in place; returns the types that its remaining fields need."""
    node.description = None
    needed: list[GraphQLNamedType] = []
    if isinstance(node, GraphQLObjectType | GraphQLInterfaceType):
        node.interfaces = tuple(interface for interface in node.interfaces if interface.name in KEPT)
        needed += node.interfaces
    elif not isinstance(node, GraphQLInputObjectType):
        for value in getattr(node, "values", {}).values():
            value.description = None
        return needed
    wanted = kept_fields(node.name)
    if gone := [name for name in wanted if name not in node.fields]:
        raise SystemExit(f"{node.name} has no {', '.join(gone)}")
    for name in [name for name in node.fields if name not in wanted]:
        del node.fields[name]
    for name, field in node.fields.items():
        field.description = None
        needed.append(get_named_type(field.type))
        if isinstance(field, GraphQLInputField):
            if not accepts(name, field):
                raise SystemExit(f"{node.name}.{name} is of a type that is not named in KEPT")
            continue
        field.args = {key: argument for key, argument in field.args.items() if accepts(key, argument)}
        for argument in field.args.values():
            argument.description = None
            needed.append(get_named_type(argument.type))
    return needed


def cut(schema: GraphQLSchema) -> str:
    """The cut schema as SDL, types in alphabetical order."""
    done: dict[str, GraphQLNamedType] = {}
    waiting: list[GraphQLNamedType] = [schema.type_map["QueryRoot"], schema.type_map["Mutation"]]
    while waiting:
        node = waiting.pop()
        if node.name not in done and not is_specified_scalar_type(node):
            done[node.name] = node
            waiting += prune(node)
    if unused := sorted(set(KEPT) - set(done)):
        raise SystemExit(f"named in KEPT but never reached: {', '.join(unused)}")
    parts = ["schema {\n  query: QueryRoot\n  mutation: Mutation\n}"]
    for directive in schema.directives:
        if not is_specified_directive(directive):
            directive.description = None
            for argument in directive.args.values():
                argument.description = None
            parts.append(print_directive(directive))
    return "\n\n".join(parts + [print_type(done[name]) for name in sorted(done)]) + "\n"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(cut(build_schema(gzip.decompress(source.read_bytes()).decode())))
