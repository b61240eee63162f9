"""One day of the calendar on paper: by hour for whoever is on duty, by room for the doors.  No person is on it (I9)."""

from collections.abc import Iterable
from html import escape

from gateway.core.booking.book import OUTAGE_NAMES, PURPOSE_NAMES, Book, Booking, Purpose, Span, overlap
from gateway.core.booking.conflicts import Conflict
from gateway.core.booking.words import clock, holder
from gateway.shell.presence_desk import local_day

_STYLE = """
body { font: 11pt/1.45 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 14mm; color: #14212b; }
h1 { font-size: 17pt; margin: 0; } h2 { font-size: 12pt; margin: 7mm 0 2mm; }
p { margin: 1mm 0; color: #4a5a66; }
table { width: 100%; border-collapse: collapse; } tr { break-inside: avoid; }
th, td { padding: 1.4mm 2mm; border-bottom: 0.3mm solid #b9c5ce; text-align: left; vertical-align: top; }
th { font-size: 9pt; color: #4a5a66; }
.asked { color: #a03a00; font-weight: 700; }
td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums; }
@media print { body { margin: 0; } } @page { margin: 14mm; }
"""


def day_plan(book: Book, conflicts: Iterable[Conflict], span: Span, now_utc_ns: int) -> str:
    """A page that a browser prints."""
    day = local_day(span[0])
    bookings = [b for b in book.active() if overlap(b.span, span)]
    standing = [c for c in conflicts if overlap(c.span, span)]
    outages = [o for o in book.outages if overlap(o.span, span)]
    parts = [
        f"<h1>{escape(book.venue.name.zh)} {day} 当日安排</h1>",
        f"<p>{escape(book.venue.name.en)} · plan of the day · 打印于 printed {local_day(now_utc_ns)} {clock(now_utc_ns)}</p>",
        "<p>供工作人员使用,不张贴 For staff, not to be posted</p>",
    ]
    if standing:
        rows = [(clock(c.span[0]), _both(c.why.zh, c.why.en), _both(c.remedy.zh, c.remedy.en)) for c in standing]
        parts += ["<h2>待处理冲突 Conflicts to settle</h2>", _table(("时间", "冲突 conflict", "办法 way out"), rows)]
    if outages:
        rows = [
            (_times(o.span, span), _room(book, o.room), escape(f"{OUTAGE_NAMES[o.kind].zh} {OUTAGE_NAMES[o.kind].en}: {o.reason}"))
            for o in outages
        ]
        parts += ["<h2>停用房间 Rooms out of order</h2>", _table(("时间", "房间 room", "原因 reason"), rows)]
    heads = ("时间", "房间 room", "事项 what", "开标 opens", "备注 note")
    parts += ["<h2>按时间 By hour</h2>", _table(heads, [_row(book, b, span) for b in bookings])]
    by_room = sorted(bookings, key=lambda b: (list(book.venue.rooms).index(b.room), b.from_utc_ns))
    rows = [(_room(book, b.room), _times(b.span, span), _what(book, b)) for b in by_room]
    parts += ["<h2>按房间 By room</h2>", _table(("房间 room", "时间", "事项 what"), rows)]
    body = "\n".join(parts)
    return f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{day}</title><style>{_STYLE}</style><body>{body}</body></html>'


def _row(book: Book, b: Booking, span: Span) -> tuple[str, ...]:
    lot = book.lots.get(b.lot) if b.lot is not None and b.purpose is Purpose.OPENING else None
    return _times(b.span, span), _room(book, b.room), _what(book, b), clock(lot.opening_utc_ns) if lot else "", escape(b.note)


def _what(book: Book, b: Booking) -> str:
    words = holder(book, b)
    purpose = PURPOSE_NAMES[b.purpose]
    state = "" if b.confirmed else ' <span class="asked">未确认 not confirmed</span>'
    return f"{escape(words.zh)} <small>{escape(purpose.en)}{escape(f' {b.lot}' if b.lot else '')}</small>{state}"


def _room(book: Book, room: str) -> str:
    of = next(r for r in book.venue.rooms.values() if r.id == room)
    return _both(of.name.zh, of.name.en)


def _both(zh: str, en: str) -> str:
    return f"{escape(zh)}<br><small>{escape(en)}</small>"


def _times(span: Span, of: Span) -> str:
    return f"{clock(span[0], near_utc_ns=of[0])}–{clock(span[1], near_utc_ns=of[0])}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells are escaped already; the first column is a time or a room."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body or '<tr><td>无 none</td></tr>'}</table>"
