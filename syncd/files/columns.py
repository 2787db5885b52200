"""The header words of the house's own files, in the languages of this house."""

from __future__ import annotations

STOCK_HEADERS: dict[str, str] = {
    "sku": "SKU",
    "location": "Location",
    "name": "Name",
    "category": "Category",
    "on_hand": "On hand",
    "buffer": "Buffer",
    "cap": "Cap",
    "cut_off": "Cut off",
    "reorder_point": "Reorder point",
    "supplier": "Supplier",
    "lead_time_days": "Lead time days",
    "cost": "Cost",
    "pack_size": "Pack size",
    "minimum_order": "Minimum order",
    "gtin": "GTIN",
}
"""The columns of our own stock file, in their order: field of `StockRow` → the word in the header."""

STOCK_SYNONYMS: dict[str, tuple[str, ...]] = {
    "sku": ("item code", "product code", 'מק"ט', "kod produktu", "varenummer", "货号", "商品编码"),
    "location": ("warehouse", "מחסן", "magazyn", "仓库"),
    "name": ("product", "product name", "title", "שם", "שם מוצר", "nazwa", "navn", "varenavn", "名称", "商品名称"),
    "category": ("קטגוריה", "kategoria", "kategori", "类别"),
    "on_hand": (
        *("stock", "quantity", "qty", "count", "counted", "מלאי", "כמות", "ilość", "stan magazynowy"),
        *("antal", "beholdning", "lagerbeholdning", "库存", "数量"),
    ),
    "buffer": ("safety buffer", "safety stock"),
    "cap": ("maximum",),
    "reorder_point": ("low stock", "low stock amount", "minimum stock"),
    "supplier": ("vendor", "ספק", "dostawca", "leverandør", "供应商"),
    "lead_time_days": ("lead time",),
    "cost": ("unit cost", "cost price", "purchase price", "cost of goods"),
    "pack_size": ("case size",),
    "minimum_order": ("moq", "minimum order quantity"),
    "gtin": ("ean", "upc", "barcode", "isbn", "GTIN, UPC, EAN, or ISBN"),
}

MAP_HEADERS: dict[str, str] = {
    "channel": "Channel",
    "listing_id": "Listing id",
    "parent_id": "Parent id",
    "sku": "SKU",
    "primary": "Primary",
    "accept": "Accept",
    "name": "Name",
    "options": "Options",
    "gtin": "GTIN",
    "shown": "Shown",
}
"""The columns of a map file, in their order: field of `MapRow` → the word in the header."""

DELIVERY_HEADERS: dict[str, str] = {
    "sku": "SKU",
    "units": "Units",
    "expected_on": "Expected",
    "supplier": "Supplier",
    "reference": "Reference",
}
"""The columns of a file of deliveries: field of `DeliveryRow` → the word in the header."""

DELIVERY_SYNONYMS: dict[str, tuple[str, ...]] = {
    "sku": STOCK_SYNONYMS["sku"],
    "units": ("quantity", "qty", "ordered", "כמות", "ilość", "antal", "数量"),
    "expected_on": ("expected on", "eta", "delivery date", "תאריך אספקה", "data dostawy", "leveringsdato", "到货日期"),
    "supplier": STOCK_SYNONYMS["supplier"],
    "reference": (
        "order",
        "order number",
        "po",
        "purchase order",
        "מספר הזמנה",
        "numer zamówienia",
        "ordrenummer",
        "订单号",
    ),
}
