"""Texts such as "1h 30m" as seconds."""

UNITS = {"m": 60, "s": 1}


def parse_duration(text):
    total = 0
    for part in text.split(" "):
        number, unit = int(part[:-1]), part[-1]
        total += number * UNITS.get(unit, 0)
    return total
