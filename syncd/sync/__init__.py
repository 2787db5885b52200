"""Services: each does one job for the daemon, the command line and the tests alike.

Storage, connectors, clock and waiting come in through `house.House`.
"""
