"""Tests that run for minutes."""
