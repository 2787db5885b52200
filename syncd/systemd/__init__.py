"""syncd as a service of systemd: its units, its user, what systemd hears, what is told when it has stopped for good."""
