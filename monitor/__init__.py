"""Event-tracking news monitor with alerting for analysts of economic security."""

__version__ = "0.1.0"
