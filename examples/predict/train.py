"""Train the model: ``python train.py`` reads ``iris.csv`` and writes ``model.json``.

Plain gradient descent on the cross-entropy of all training flowers. It takes a second, and nothing
in it is random: whoever runs it gets the same weights.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from statistics import fmean, pstdev

from iris import Model, dot, linear, softmax

FOLDER = Path(__file__).parent
DATA = FOLDER / "iris.csv"
MODEL = FOLDER / "model.json"

STEPS = 600
STEP_SIZE = 0.5
#: Each fifth flower is kept back, to see how the model does on flowers it does not know.
KEPT_BACK = 5


def main():
    features, flowers = read_flowers(DATA)
    training = [flower for number, flower in enumerate(flowers) if number % KEPT_BACK]
    unseen = flowers[::KEPT_BACK]
    model = train(features, training)
    model["accuracy"] = round(accuracy(model, unseen), 4)
    model["trained_on"] = f"{len(training)} of the {len(flowers)} flowers in {DATA.name}"
    MODEL.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    print(f"{MODEL.name}: {model['accuracy']:.1%} of {len(unseen)} unseen flowers are right")


def read_flowers(file):
    """Give the names of the features, and each flower as (its lengths, its species)."""
    with file.open(newline="", encoding="utf-8") as lines:
        header, *rows = csv.reader(lines)
    return header[:-1], [([float(length) for length in row[:-1]], row[-1]) for row in rows]


def train(features, flowers):
    """Learn weights and biases; give them as they go into the JSON file."""
    species = sorted({name for _, name in flowers})
    columns = list(zip(*(lengths for lengths, _ in flowers), strict=True))
    means = [fmean(column) for column in columns]
    spreads = [pstdev(column) for column in columns]
    # All features on one scale, so that one step size suits them all.
    inputs = [divide(subtract(lengths, means), spreads) for lengths, _ in flowers]
    targets = [[float(name == one) for one in species] for _, name in flowers]
    weights, biases = descend(inputs, targets)
    # The scaling is folded into the weights, so that whoever predicts has none to do.
    weights = [divide(row, spreads) for row in weights]
    biases = subtract(biases, [dot(row, means) for row in weights])
    return {
        "features": features,
        "species": species,
        "weights": [[round(weight, 6) for weight in row] for row in weights],
        "biases": [round(bias, 6) for bias in biases],
    }


def descend(inputs, targets):
    """Go down the slope of the error, from weights of zero, for a fixed number of steps."""
    kinds, width = len(targets[0]), len(inputs[0])
    weights = [[0.0] * width for _ in range(kinds)]
    biases = [0.0] * kinds
    rate = STEP_SIZE / len(inputs)
    for _ in range(STEPS):
        # With softmax and cross-entropy, the slope is "what it said" minus "what was true".
        said = [softmax(linear(weights, biases, row)) for row in inputs]
        errors = [subtract(chances, truth) for chances, truth in zip(said, targets, strict=True)]
        for kind, error in enumerate(zip(*errors, strict=True)):
            biases[kind] -= rate * sum(error)
            for feature, column in enumerate(zip(*inputs, strict=True)):
                weights[kind][feature] -= rate * dot(error, column)
    return weights, biases


def subtract(left, right):
    return [a - b for a, b in zip(left, right, strict=True)]


def divide(left, right):
    return [a / b for a, b in zip(left, right, strict=True)]


def accuracy(stored, flowers):
    """Give the share of flowers whose likeliest species is the right one."""
    model = Model(**stored, accuracy=0)
    right = 0
    for lengths, name in flowers:
        chances = model.predict(dict(zip(model.features, lengths, strict=True)))
        right += max(chances, key=chances.get) == name
    return right / len(flowers)


if __name__ == "__main__":
    main()
