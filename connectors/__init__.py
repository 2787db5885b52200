"""Connectors: the code for each kind of channel. They know the contract and their vendor, never syncd."""
