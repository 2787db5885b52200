"""The settings of a till, and what its columns may be called."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from connectors.contract import Setting, SettingType

FILES = "*.csv, *.xlsx"


def folder_identity(path: str) -> str:
    """Which till a folder is of: the same for every spelling of its path."""
    return os.path.realpath(Path(path).expanduser())


SETTINGS = (
    Setting("FOLDER", "The folder, by its full path, into which the till's files with its sales are dropped; read ones "
            "move to done/ in it", SettingType.FOLDER, required=True, example="/srv/till", identity=folder_identity),
    Setting("COLUMNS", "What stands above the columns of the till's files, where syncd does not know it by itself",
            SettingType.PAIRS, example="receipt:Bon, date:Day, time:Hour, sku:Article, units:Pieces"),
    Setting("FILES", "The names of the till's files; others in the folder are left alone", default=FILES),
    Setting("ENCODING", "The text encoding of its CSV files, where it is not recognised, such as windows-1255"),
    Setting("TIMEZONE", "The time zone of the times in its files, by its name, where it is not SYNCD_TIMEZONE"),
    Setting("TIME_FORMAT", "How its times are written, where that is not clear, such as %d/%m/%Y %H:%M (in the USA %m "
            "first); with a column of its own for the day: day, blank, time"),
    Setting("SILENT_AFTER", "You are told of a till that told nothing for so long; with closed days more, such as 74h",
            SettingType.DURATION, "26h"),
)  # fmt: skip

GUIDE = (
    "A till tells its sales by files: let it export CSV or .xlsx into a folder of this machine, at least once a day.",
    "  One line for each article of a receipt: receipt number, time, SKU, units (negative: taken back).",
    "  The folder is the till's alone; read files move to done/ in it. Two tills: two folders.",
)

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "receipt": (
            *("receipt", "receipt no", "receipt number", "receipt id", "ticket", "ticket no", "transaction"),
            *("transaction id", "sale id", "bon", "bon no", "קבלה", "מספר קבלה", "מס קבלה", "paragon", "nr paragonu"),
            *("numer paragonu", "kvittering", "kvitteringsnr", "kvitteringsnummer", "bonnr", "bonnummer"),
            *("小票", "小票号", "单号", "收据号"),
        ),
        "time": (
            *("time", "date time", "date and time", "timestamp", "sold at", "time of sale", "שעה", "תאריך ושעה", "זמן"),
            *("czas", "godzina", "data i godzina", "data i czas", "tid", "tidspunkt", "klokkeslæt", "dato og tid"),
            *("时间", "销售时间", "日期时间"),
        ),
        "date": (
            *("date", "day", "sale date", "date of sale", "תאריך", "יום", "data", "data sprzedaży", "dzień", "dato"),
            *("salgsdato", "日期", "销售日期"),
        ),
        "sku": (
            *("sku", "article", "article no", "article number", "item code", "item no", "item number", "product code"),
            *('מק"ט', "מקט", "קוד פריט", "indeks", "symbol", "kod towaru", "varenr", "varenummer", "货号", "商品编码"),
        ),
        "units": (
            *("units", "qty", "quantity", "pieces", "pcs", "כמות", "יחידות", "ilość", "sztuki", "szt", "antal", "stk"),
            *("数量", "件数"),
        ),
    }
)
"""What stands above the columns of tills in the languages of this house."""
