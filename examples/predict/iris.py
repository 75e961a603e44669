"""A small real model: softmax regression that tells three species of iris apart.

It takes a flower's four lengths and answers how probable each species is. ``train.py`` makes the
weights, ``model.json`` holds them; nothing but the standard library is needed to use them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Model:
    """What was learned: for each species a weight per centimetre of each feature, and a bias."""

    features: tuple[str, ...]
    species: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    biases: tuple[float, ...]
    #: The share of flowers it got right that it had not seen in training, 0 to 1.
    accuracy: float

    @classmethod
    def load(cls, file: Path) -> Model:
        """Read a model from the JSON that ``train.py`` writes."""
        stored = json.loads(file.read_text(encoding="utf-8"))
        return cls(
            features=tuple(stored["features"]),
            species=tuple(stored["species"]),
            weights=tuple(tuple(row) for row in stored["weights"]),
            biases=tuple(stored["biases"]),
            accuracy=stored["accuracy"],
        )

    def predict(self, flower: Mapping[str, float]) -> dict[str, float]:
        """Give the probability of each species.

        Args:
            flower: Each of ``features`` in centimetres.

        Raises:
            KeyError: A feature is missing.
        """
        lengths = [flower[feature] for feature in self.features]
        scores = linear(self.weights, self.biases, lengths)
        return dict(zip(self.species, softmax(scores), strict=True))


def linear(
    weights: Sequence[Sequence[float]], biases: Sequence[float], inputs: Sequence[float]
) -> list[float]:
    """Give one score per row of weights: the weighted sum of the inputs, and the bias."""
    return [bias + dot(row, inputs) for row, bias in zip(weights, biases, strict=True)]


def dot(left: Sequence[float], right: Sequence[float]) -> float:
    """Multiply two rows of numbers pair by pair and give the sum."""
    return sum(a * b for a, b in zip(left, right, strict=True))


def softmax(scores: Sequence[float]) -> list[float]:
    """Turn scores into probabilities: all positive, together 1, the highest score the likeliest."""
    highest = max(scores)  # taken off first: exp() of a large number would overflow
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]
