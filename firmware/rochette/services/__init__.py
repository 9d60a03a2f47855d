"""Services: executive, activities, events, telemetry, parameters, monitors, responses, ledger, commands."""
