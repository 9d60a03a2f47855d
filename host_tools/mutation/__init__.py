"""Mutation testing of custody: a small change is made to the code, and a test has to notice."""
