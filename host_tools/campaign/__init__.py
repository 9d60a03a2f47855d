"""Campaigns: many seeded runs of the emulated payload, judged by rules that hold whatever happens."""
