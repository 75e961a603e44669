"""Three services on the other side of a slow line. They stand for databases and other servers."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

#: Seconds until a service answers.
DELAY = 0.1

ANSWERS = {
    "oslo": {"weather": "snow, -4 °C", "trains": "08:25 from platform 3", "hotels": "Fjord House"},
    "lisbon": {"weather": "sun, 21 °C", "trains": "07:10 from platform 1", "hotels": "Casa Azul"},
}
CUSTOMERS = {"k-17": "Ada", "k-42": "Linus"}

bookings = defaultdict(list)


class UnknownCityError(LookupError):
    """No service knows that city."""


async def ask(service, city):
    """Ask without blocking: others may go on meanwhile."""
    await asyncio.sleep(DELAY)
    return look_up(service, city)


def ask_blocking(service, city):
    """Ask and block: this thread does nothing else meanwhile."""
    time.sleep(DELAY)
    return look_up(service, city)


async def find_customer(key):
    await asyncio.sleep(DELAY / 10)
    return CUSTOMERS.get(key)


async def is_closed(path):
    await asyncio.sleep(DELAY / 10)
    return path == "/archive"


def look_up(service, city):
    try:
        return ANSWERS[city.lower()][service]
    except KeyError:
        raise UnknownCityError(city) from None
