// How bookings look: the tone of the lot that is in its room now, else of what the room is booked for.
import { named, t, tryT } from "./i18n.svelte";
import { live } from "./live.svelte";
import { type Look, phaseLook } from "./look";
import { msOf } from "./time";
import type { Booking } from "./types";

const PURPOSE_TONES: Record<string, Look["tone"]> = {
  opening: "opening",
  evaluation: "evaluation",
  inquiry: "evaluation",
  meeting: "break",
  visit: "break",
};

/** True while the booking's lot is in the room. */
export function isRunning(booking: Booking): boolean {
  return booking.lot !== null && (live.lots[booking.lot]?.in_use.includes(booking.room) ?? false);
}

/** When a booking ends: by its plan, or now while its lot is still there. */
export function endOf(booking: Booking, nowMs: number): number {
  const planned = msOf(booking.to_utc_ns);
  return isRunning(booking) ? Math.max(planned, nowMs) : planned;
}

export function bookingLook(booking: Booking): Look {
  const lot = booking.lot === null ? undefined : live.lots[booking.lot];
  if (lot && isRunning(booking)) return phaseLook(lot.phase);
  return { tone: PURPOSE_TONES[booking.purpose] ?? "idle", word: tryT(`booking.${booking.state}`, booking.state) };
}

/** What stands on a block: the project, or what staff booked it for. */
export function bookingTitle(booking: Booking, purposes: Record<string, { zh: string; en: string }>): string {
  const lot = booking.lot === null ? undefined : live.lots[booking.lot];
  if (booking.source === "platform" && lot) return lot.project_name;
  const purpose = purposes[booking.purpose];
  return [booking.note, purpose ? named(purpose) : booking.purpose].filter(Boolean).join(" · ") || t("booking.untitled");
}
