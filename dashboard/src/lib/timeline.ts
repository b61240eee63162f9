// Geometry of a project's timeline: what lies where on a line from one moment to another.  Pure; milliseconds throughout.
import type { Lot, Project, Run, Scene } from "./types";
import { msOf } from "./time";

export interface Span {
  fromMs: number;
  toMs: number;
}

export interface PhaseBand extends Span {
  phase: string;
}

const STEPS_S = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400];
const TICK_PX = 90; // room for one label

/** About how wide a word is in the labels of a band: an ideograph takes 12 px, a letter 6.5. */
export function textWidth(word: string): number {
  return [...word].reduce((px, letter) => px + (letter > "\u2e80" ? 12 : 6.5), 10);
}

/** The part of a line `width` px wide that shows `view`, at which `ms` lies. */
export function xOf(ms: number, view: Span, width: number): number {
  return ((ms - view.fromMs) / (view.toMs - view.fromMs)) * width;
}

export function msAt(x: number, view: Span, width: number): number {
  return view.fromMs + (Math.min(Math.max(x, 0), width) / width) * (view.toMs - view.fromMs);
}

/** Round moments to label, by the reader's clock, as many as fit. */
export function ticks(view: Span, width: number): { stepMs: number; at: number[] } {
  const wanted = ((view.toMs - view.fromMs) / 1000) * (TICK_PX / Math.max(width, TICK_PX));
  const stepMs = (STEPS_S.find((s) => s >= wanted) ?? 28800) * 1000;
  const shift = new Date(view.fromMs).getTimezoneOffset() * 60_000;
  const at: number[] = [];
  for (let ms = Math.ceil((view.fromMs - shift) / stepMs) * stepMs + shift; ms <= view.toMs; ms += stepMs) at.push(ms);
  return { stepMs, at };
}

/** The whole of a project, with a little air; a project without any moment gets the minute of its first opening. */
export function wholeOf(project: Project): Span {
  const moments = [project.from_utc_ns, project.to_utc_ns, ...project.runs.map((run) => run.began_utc_ns)].filter(
    (ns) => ns !== null,
  );
  const opening = project.lots[0]?.opening_utc_ns ?? 0;
  const fromMs = msOf(Math.min(...(moments.length ? moments : [opening])));
  const toMs = msOf(Math.max(...(moments.length ? moments : [opening])));
  const air = Math.max(2_000, (toMs - fromMs) * 0.01);
  return { fromMs: fromMs - air, toMs: toMs + air };
}

/** `view` made `factor` times as long around `ms`, kept within `whole`. */
export function zoomed(view: Span, factor: number, ms: number, whole: Span): Span {
  const length = Math.min(Math.max((view.toMs - view.fromMs) * factor, 10_000), whole.toMs - whole.fromMs);
  return within({ fromMs: ms - length / 2, toMs: ms + length / 2 }, whole);
}

/** `view` moved so that it lies within `whole`. */
export function within(view: Span, whole: Span): Span {
  const length = view.toMs - view.fromMs;
  const fromMs = Math.max(whole.fromMs, Math.min(view.fromMs, whole.toMs - length));
  return { fromMs, toMs: fromMs + length };
}

/** The phases that a lot went through, one band each, up to `toMs`. */
export function phaseBands(lot: Lot, runs: Run[], scenes: Record<string, Scene>, toMs: number): PhaseBand[] {
  const moves = runs.filter((run) => run.lot === lot.id && run.result !== "failed");
  return moves.map((run, index) => ({
    phase: scenes[run.scene]?.leads_to ?? "",
    fromMs: msOf(run.began_utc_ns),
    toMs: index + 1 < moves.length ? msOf(moves[index + 1]!.began_utc_ns) : toMs,
  }));
}
