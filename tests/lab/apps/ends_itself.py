"""A module that is a program: it ends the process that imports it."""

import sys

sys.exit("Set SHOP_SETTINGS first.")
