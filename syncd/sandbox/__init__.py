"""Practice shops on loopback that speak the real wire formats, traps included: the demo and the tests use them."""
