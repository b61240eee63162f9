// Times: the API's UTC nanoseconds in, words of the reader's own time zone out.
const MS_NS = 1_000_000;

const pad = (value: number, digits = 2): string => String(Math.floor(value)).padStart(digits, "0");

/** Milliseconds, as the browser counts, of nanoseconds. */
export function msOf(utcNs: number): number {
  return utcNs / MS_NS;
}

/** 09:30 */
export function hm(ms: number): string {
  const d = new Date(ms);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

/** 09:30:07 */
export function hms(ms: number): string {
  return `${hm(ms)}:${pad(new Date(ms).getSeconds())}`;
}

/** 2026-11-22 */
export function day(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
}

/** 01:30:07.4Z: what a record says. */
export function utcText(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 21)}Z`;
}

/** UTC+8, UTC+5:30 */
export function zone(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const part = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(Math.abs(minutes) / 60)}${part ? `:${pad(part)}` : ""}`;
}

/** 4:05 or 1:02:03 */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  return s < 3600 ? `${Math.floor(s / 60)}:${pad(s % 60)}` : `${Math.floor(s / 3600)}:${pad((s / 60) % 60)}:${pad(s % 60)}`;
}

/** 12.3 MB */
export function bytes(count: number): string {
  if (count < 1e6) return `${(count / 1e3).toFixed(count < 1e4 ? 1 : 0)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}
