"""What the service answers over HTTP: webhooks of the shops, health, metrics."""
