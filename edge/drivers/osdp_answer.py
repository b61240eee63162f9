"""How a reader tells the person at the door: lamp and buzzer commands in libosdp's form.  Durations are in units of 100 ms."""

from collections.abc import Mapping
from dataclasses import dataclass

# Values of libosdp, which is imported only where it is used; a test compares them.
LED, BUZZER = 2, 3
RED, GREEN, AMBER = 1, 2, 3

Command = Mapping[str, int | bool]


@dataclass(frozen=True, slots=True)
class Answer:
    lamp: Command
    tone: Command


def _lamp(colour: int, on: int, off: int, total: int) -> dict[str, int | bool]:
    return {
        "command": LED,
        "reader": 0,
        "led_number": 0,
        "temporary": True,  # afterwards the reader shows its own resting colour again
        "control_code": 2,
        "on_color": colour,
        "off_color": 0,
        "on_count": on,
        "off_count": off,
        "timer_count": total,
    }


def _tone(on: int, off: int, repeats: int) -> dict[str, int | bool]:
    return {"command": BUZZER, "reader": 0, "control_code": 2, "on_count": on, "off_count": off, "rep_count": repeats}


GRANTED = Answer(_lamp(GREEN, on=10, off=0, total=30), _tone(on=3, off=1, repeats=1))
REFUSED = Answer(_lamp(RED, on=2, off=2, total=20), _tone(on=1, off=1, repeats=3))
PRESENT_AGAIN = Answer(_lamp(AMBER, on=2, off=2, total=20), _tone(on=1, off=1, repeats=2))
