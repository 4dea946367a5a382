"""Time-series metrics straight from their definitions: loops over thresholds, events and points, nothing shared.

Scores (or binary predictions) come first, labels second, options by keyword.
"""
