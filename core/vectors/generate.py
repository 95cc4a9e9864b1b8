"""Writes the vectors beside this file: python3 generate.py [FOLDER]. It needs nothing but Python 3.9.5 or later."""

import json
import random
import sys
from itertools import chain
from pathlib import Path

sys.dont_write_bytecode = True  # a checkout stays as it is

import addresses
import cases
import messages
import moments
import orders
import pins
import reference
import tokens


def text(about, rows):
    """A JSON file with one case a line, in ASCII so that no editor or tool can change a byte of it."""
    lines = ",\n".join("    " + json.dumps(case) for case in rows)
    return f'{{\n  "specification": 1,\n  "about": {json.dumps(about)},\n  "cases": [\n{lines}\n  ]\n}}\n'


def decisions():
    seen = set()
    asked = chain(
        cases.decisions(random.Random(1)),
        moments.decisions(),
        pins.decisions(),
        tokens.decisions(),
        orders.decisions(),
        addresses.decisions(),
    )
    for group, name, policy, request in asked:
        assert (group, name) not in seen, f"{group}: {name} is there twice"
        seen.add((group, name))
        expected = reference.decide(policy, request)
        yield {"group": group, "name": name, "policy": policy, "request": request, "expected": expected}


def vary():
    for name, lines in messages.VARY:
        expected = reference.vary(lines, messages.HEADER)
        yield {"name": name, "header": messages.HEADER, "lines": lines, "expected": expected}


def origin():
    for name, regular, partition, incoming in messages.ORIGIN:
        expected = reference.moves(regular, partition, incoming)
        yield {"name": name, "regular": regular, "partition": partition, "incoming": incoming, "moves": expected}


def main():
    reference.check()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, about, rows in [
        ("decisions.json", "policy + request -> partition, bucket, source", decisions()),
        ("vary.json", "the Vary lines of a response -> the Vary lines after the merge", vary()),
        ("origin.json", "regular origin + partition + incoming origin -> does the request move", origin()),
    ]:
        (folder / name).write_bytes(text(about, rows).encode("ascii"))


main()
