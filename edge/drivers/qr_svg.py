"""A QR code as a small SVG picture: sharp at every size, nothing to load."""


def qr_svg(text: str) -> str:
    """The code of `text`, error correction M, with the quiet zone of four modules that the standard asks for."""
    dark = _modules(text)
    path = []
    for y, row in enumerate(dark):
        x = 0
        while x < len(row):
            run = next((n for n in range(x, len(row)) if not row[n]), len(row)) - x
            if run:
                path.append(f"M{x + 4} {y + 4}h{run}v1h-{run}z")
            x += run + 1
    side = len(dark) + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{"".join(path)}"/></svg>'
    )


def _modules(text: str) -> list[list[bool]]:
    """True is dark; the code alone, without a border.  segno is pure Python: an agent with a kiosk keeps OpenCV's 30 MB for others."""
    import segno

    return [[bool(module) for module in row] for row in segno.make_qr(text, error="m", boost_error=False).matrix]
