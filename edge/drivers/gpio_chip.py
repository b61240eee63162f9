"""Finds the header's GPIO chip and imports `RPi.GPIO` (rpi-lgpio) so that it uses that chip."""

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

# The pin controllers behind the 40-pin header: Pi Zero to 3, Pi 4, Pi 5.
HEADER_LABELS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")


def load_rpi_gpio() -> Any:
    """The `RPi.GPIO` module, bound to the chip that drives the header.

    The chip is chosen by label: on a Pi 5 it moved from number 4 to 0 with kernel 6.6.45 and rpi-lgpio still guesses
    4. lgpio makes a named pipe in its working folder while it is being imported, which fails under systemd's
    ProtectSystem.
    """
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    if "RPI_LGPIO_CHIP" not in os.environ:
        lgpio = import_module("lgpio")
        for number in sorted(int(path.name.removeprefix("gpiochip")) for path in Path("/dev").glob("gpiochip*")):
            if _label(lgpio, number) in HEADER_LABELS:
                os.environ["RPI_LGPIO_CHIP"] = str(number)
                break
    return import_module("RPi.GPIO")


def _label(lgpio: Any, number: int) -> str:
    try:
        chip = lgpio.gpiochip_open(number)
    except lgpio.error:  # not ours to open, so not the header's
        return ""
    try:
        _status, _lines, _name, label = lgpio.gpio_get_chip_info(chip)
        return str(label)
    finally:
        lgpio.gpiochip_close(chip)
