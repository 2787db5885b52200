"""A shop in a JSON file, and its connector for syncd."""
