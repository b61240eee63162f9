// How states look: one tone (colour), one glyph and one word each, so that nobody has to see colours (dashboard brief 5).
import { named, t, tryT } from "./i18n.svelte";
import { live } from "./live.svelte";
import { hm, msOf } from "./time";
import type { Device, DeviceState, DoorState, Lot, Room } from "./types";
import { venue } from "./venue.svelte";

export type Tone = "idle" | "prepare" | "opening" | "evaluation" | "break" | "sealed" | "alarm" | "ok" | "unknown";

export interface Look {
  tone: Tone;
  word: string;
}

const PHASE_TONES: Record<string, Tone> = {
  P2: "prepare",
  P3: "prepare",
  P4: "opening",
  P5: "break",
  P6: "prepare",
  P7: "evaluation",
  P7i: "evaluation",
  P7n: "sealed",
  R: "opening",
  P8: "break",
  F: "break",
  S: "break",
};
const MODE_TONES: Record<string, Tone> = {
  preparation: "prepare",
  check_in: "prepare",
  opening: "opening",
  intake: "prepare",
  evaluation: "evaluation",
  inquiry: "evaluation",
  release: "break",
};
const OVER = new Set(["P0", "P9", "Ab"]);

export function phaseLook(phase: string): Look {
  return { tone: PHASE_TONES[phase] ?? "idle", word: venue().phase(phase) };
}

export function isOver(lot: Lot): boolean {
  return OVER.has(lot.phase);
}

/** The lot that uses a room now, or the next one that has booked it. */
export function lotIn(room: string): Lot | null {
  const lots = Object.values(live.lots);
  const using = lots.find((lot) => lot.in_use.includes(room));
  const booked = lots
    .filter((lot) => lot.opening_room === room && lot.phase === "P1")
    .sort((a, b) => a.opening_utc_ns - b.opening_utc_ns);
  return using ?? booked[0] ?? null;
}

/** What a room is being used for. */
export function roomLook(room: Room): Look {
  const alarm = Object.values(live.alarms).find((a) => a.room === room.id && a.level === "alarm");
  if (alarm) return { tone: "alarm", word: t("tone.alarm") };
  const mode = room.component === null ? "open" : (live.components[room.component]?.mode ?? "");
  if (mode === "lockdown") return { tone: "alarm", word: t("mode.lockdown") };
  const lot = lotIn(room.id);
  if (lot?.phase === "P1") return { tone: "idle", word: t("room.booked", { time: hm(msOf(lot.opening_utc_ns)) }) };
  if (lot) return phaseLook(lot.phase);
  return { tone: MODE_TONES[mode] ?? "idle", word: tryT(`mode.${mode}`, mode) };
}

export function deviceLook(device: Device, state: DeviceState | undefined): Look {
  if (!state || !boardOnline(device.board)) return { tone: "unknown", word: t("device.board-away") };
  if (!state.online) return { tone: "alarm", word: t("device.offline") };
  if (state.code >= 400) return { tone: "alarm", word: t("device.fault") };
  if (state.state.active === true) return { tone: "alarm", word: t("device.active") };
  if (state.code === 202) return { tone: "prepare", word: t("device.busy") };
  if (device.kind === "locker" && state.state.closed === false) return { tone: "prepare", word: t("device.locker-open") };
  if (device.kind === "locker" && state.state.taken === true) return { tone: "opening", word: t("device.locker-taken") };
  return { tone: "ok", word: t("device.ok") };
}

export function boardOnline(board: string): boolean {
  return live.boards[board]?.online ?? false;
}

export function doorLook(state: DoorState | undefined): Look {
  const position = state?.position ?? "unknown";
  const word = tryT(`door.${position}`, position);
  if (!state || position === "unknown") return { tone: "unknown", word };
  if (position === "forced" || position === "held") return { tone: "alarm", word };
  if (state.fire) return { tone: "alarm", word: t("door.fire") };
  if (state.released) return { tone: "ok", word: `${word} · ${t("door.released")}` };
  return position === "open" ? { tone: "opening", word } : { tone: "idle", word: `${word} · ${t("door.locked")}` };
}

/** Where a lot is opened and evaluated: `101 → 201, 202`. */
export function lotRooms(lot: Lot): string {
  const evaluated = lot.evaluation_rooms.map(roomName).join(", ");
  return [roomName(lot.opening_room), evaluated].filter(Boolean).join(" → ");
}

/** Separation domains in the reader's language; one word for all of them. */
export function areas(ids: string[]): string {
  if (ids.length === Object.keys(venue().domains).length) return t("lockdown.everywhere");
  return ids.map((id) => named(venue().nameOf(id))).join(t("app.and"));
}

/** The name of a room in the reader's language. */
export function roomName(id: string | null | undefined): string {
  if (!id) return "";
  const room = venue().rooms[id];
  return room ? named(room.name) : id;
}
