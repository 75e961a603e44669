"""Flask's names for what :mod:`dualapp.core` holds; code that knows no side imports them here."""
