"""Facts for others: event export, webhooks, reports, metrics, health."""
