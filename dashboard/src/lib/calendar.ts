// The calendar's arithmetic: where a span lies on a day, and what is free between.  Milliseconds, and hours of the venue's wall.
import type { Booking, Calendar, Outage } from "./types";
import { msOf } from "./time";

export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const FIRST_HOUR = 7;
const LAST_HOUR = 21;
const SHORTEST_FREE_MS = 15 * 60_000; // nobody clicks on less
const NS_PER_MS = 1_000_000;

export interface Span {
  from: number;
  to: number;
}

export type Piece = Span & ({ kind: "booking"; booking: Booking } | { kind: "outage"; outage: Outage } | { kind: "free" });

export const spanOf = (thing: { from_utc_ns: number; to_utc_ns: number }): Span => ({
  from: msOf(thing.from_utc_ns),
  to: msOf(thing.to_utc_ns),
});

export const nsOf = (ms: number): number => Math.round(ms) * NS_PER_MS;

/** Midnight of the n-th shown day. */
export const midnight = (calendar: Calendar, day: number): number => msOf(calendar.from_utc_ns) + day * DAY_MS;

/** 2027-01-16, so many days after another. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The Monday of a day's week. */
export function mondayOf(day: string): string {
  return dayAfter(day, -((new Date(day).getUTCDay() + 6) % 7));
}

/** Midnight of any day, counted from the days that are shown: the venue has one clock all year. */
export function midnightOf(calendar: Calendar, day: string): number {
  return msOf(calendar.from_utc_ns) + Date.parse(day) - Date.parse(calendar.day);
}

/** The day on the venue's wall. */
export function dayOf(calendar: Calendar, ms: number): string {
  return dayAfter(calendar.day, Math.floor((ms - msOf(calendar.from_utc_ns)) / DAY_MS));
}

/** 09:30 on the venue's wall, whatever clock the reader keeps. */
export function wall(calendar: Calendar, ms: number): string {
  const minutes = Math.floor(((((ms - msOf(calendar.from_utc_ns)) % DAY_MS) + DAY_MS) % DAY_MS) / 60_000);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

export function wallSpan(calendar: Calendar, span: Span): string {
  const days = dayOf(calendar, span.from) === dayOf(calendar, span.to - 1) ? "" : `${dayOf(calendar, span.to).slice(5)} `;
  return `${wall(calendar, span.from)}–${days}${wall(calendar, span.to)}`;
}

/** Midnight plus `09:30`. */
export function atWall(midnightMs: number, time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return midnightMs + hours * HOUR_MS + minutes * 60_000;
}

/** The hours that a day shows: those of work, and whatever begins and ends on it before or after. */
export function hoursOf(calendar: Calendar): Span {
  const begin = midnight(calendar, 0);
  const spans = calendar.bookings.map(spanOf).filter((span) => span.from >= begin && span.to <= begin + DAY_MS);
  const first = Math.min(FIRST_HOUR, ...spans.map((span) => Math.floor((span.from - begin) / HOUR_MS)));
  const last = Math.max(LAST_HOUR, ...spans.map((span) => Math.ceil((span.to - begin) / HOUR_MS)));
  return { from: begin + Math.max(0, first) * HOUR_MS, to: begin + Math.min(24, last) * HOUR_MS };
}

/** Everything of one room within a window, in order, with what is free between; what overlaps keeps its place.  `end`: until when a
 * booking lasts, which for one that overruns is now. */
export function piecesOf(calendar: Calendar, room: string, window: Span, end: (booking: Booking) => number): Piece[] {
  const taken: Piece[] = [
    ...calendar.bookings
      .filter((b) => b.room === room)
      .map((booking): Piece => ({ kind: "booking", booking, from: msOf(booking.from_utc_ns), to: end(booking) })),
    ...calendar.outages.filter((o) => o.room === room).map((outage): Piece => ({ kind: "outage", outage, ...spanOf(outage) })),
  ];
  const shown = taken
    .filter((piece) => piece.from < window.to && piece.to > window.from)
    .map((piece) => ({ ...piece, from: Math.max(piece.from, window.from), to: Math.min(piece.to, window.to) }))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  const pieces: Piece[] = [];
  let free = window.from;
  for (const piece of shown) {
    if (piece.from - free >= SHORTEST_FREE_MS) pieces.push({ kind: "free", from: free, to: piece.from });
    pieces.push(piece);
    free = Math.max(free, piece.to);
  }
  if (window.to - free >= SHORTEST_FREE_MS) pieces.push({ kind: "free", from: free, to: window.to });
  return pieces;
}

/** How many pieces that overlap are stacked before each: their rows within the room's. */
export function rowsOf(pieces: Piece[]): number[] {
  const ends: number[] = [];
  return pieces.map((piece) => {
    const free = ends.findIndex((end) => end <= piece.from);
    const row = free === -1 ? ends.length : free;
    ends[row] = piece.to;
    return row;
  });
}

/** Where a span lies in a window, in percent. */
export function placed(span: Span, window: Span): { left: number; width: number } {
  const length = window.to - window.from;
  return { left: ((span.from - window.from) / length) * 100, width: ((span.to - span.from) / length) * 100 };
}
