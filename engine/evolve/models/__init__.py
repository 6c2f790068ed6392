"""What the engine wraps around every model client, once: limits, retries, prices, budgets, and the record."""
