"""Broker adapters: what they read, refuse and set aside."""
