# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes up a sample with the columns of the Abalone data set, for machines that cannot download it.

Shells grow towards a final length that differs from animal to animal (von Bertalanffy), weights go with the third power
of the length, and a shell goes on thickening when it no longer gets longer: that is what lets a model tell old animals
apart. The numbers are the same each time; only the standard library is used.
"""

import argparse
import math
import random

ROWS = 4177
SEED = 1994


def animal(rng: random.Random) -> list:
    """One row: sex, three lengths in units of 200 mm, four weights in units of 200 g, rings."""
    rings = min(29, max(1, round(rng.lognormvariate(2.24, 0.33))))
    age = rings + 0.3 + rng.gauss(0, 0.6)

    final_length = rng.gauss(0.67, 0.055)
    growth = 0.165 * math.exp(rng.gauss(0, 0.18))
    length = final_length * (1 - math.exp(-growth * max(age, 0.8)))
    length = min(0.815, max(0.075, length))
    diameter = length * rng.gauss(0.778, 0.018)
    height = length * rng.gauss(0.262, 0.022)

    whole = 5.05 * length**3.02 * math.exp(rng.gauss(0, 0.10))
    shell = whole * (0.235 + 0.0055 * rings) * math.exp(rng.gauss(0, 0.10))
    shucked = whole * (0.495 - 0.0062 * rings) * math.exp(rng.gauss(0, 0.10))
    viscera = whole * 0.219 * math.exp(rng.gauss(0, 0.12))

    if rng.random() < 1 / (1 + math.exp(16 * (length - 0.47))):
        sex = "I"
    else:
        sex = "M" if rng.random() < 0.54 else "F"

    def rounded(value: float) -> str:
        return f"{max(0.0005, round(value * 2000) / 2000):.4f}".rstrip("0")

    lengths = [f"{round(value * 200) / 200:.3f}".rstrip("0").rstrip(".") for value in (length, diameter, height)]
    return [sex, *lengths, *map(rounded, (whole, shucked, viscera, shell)), str(rings)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, help="the CSV file to write")
    parser.add_argument("--rows", type=int, default=ROWS)
    arguments = parser.parse_args()

    rng = random.Random(SEED)
    with open(arguments.output, "w", encoding="ascii", newline="\n") as out:
        for _ in range(arguments.rows):
            out.write(",".join(animal(rng)) + "\n")


if __name__ == "__main__":
    main()
