"""syncd keeps one master stock table and tells every channel a true number."""

__version__ = "0.1.0"
