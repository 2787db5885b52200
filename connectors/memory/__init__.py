"""A shop in RAM: the reference implementation of the contract, and the teller of truth in tests of the engine."""

from connectors.memory.connector import MemoryConnector
from connectors.memory.shop import MemoryShop
from connectors.memory.truth import Lost, WriteSeen

__all__ = ["Lost", "MemoryConnector", "MemoryShop", "WriteSeen"]
