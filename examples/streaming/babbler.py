"""A language model in forty lines: which word followed which, in six sonnets.

It has read little and understands nothing, but it works as its large relatives do: it is given the
words so far, draws the next one from what it has learned, and goes on from there.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

LINE_END = "\n"

#: A word with the punctuation behind it, or the end of a line. Empty lines count as one end.
TOKEN = re.compile(r"\n+|\S+")


class Babbler:
    def __init__(self, text):
        """Learn from a text."""
        tokens = [LINE_END if token.isspace() else token for token in TOKEN.findall(text)]
        self._followers = defaultdict(list)
        for token, follower in pairwise(tokens):
            self._followers[key(token)].append(follower)

    @classmethod
    def of_file(cls, file: Path):
        return cls(file.read_text(encoding="utf-8"))

    def babble(self, prompt, length, seed=None):
        """Give words that may follow, one by one.

        Args:
            prompt: What to go on from; its last word counts.
            length: How many tokens, words and ends of lines.
            seed: The same seed gives the same words.
        """
        draw = random.Random(seed).choice
        last = (prompt.split() or [LINE_END])[-1]
        for _ in range(length):
            # What it has never read is followed by whatever may begin a line.
            last = draw(self._followers.get(key(last)) or self._followers[LINE_END])
            yield last


def key(token):
    """Take a word without its punctuation and capitals; the end of a line as it is."""
    return token.strip(".,:;!?").lower()
