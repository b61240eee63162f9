"""Front door of bidhall."""


def main() -> None:
    raise SystemExit("bidhall: nothing here yet")
