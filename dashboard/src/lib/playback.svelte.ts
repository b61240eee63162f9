// One clock for all cameras of a project.  It runs while every picture that should be there is there, and waits a little for late ones.
import { msOf } from "./time";
import type { Gap, Project, Segment, Track } from "./types";

export const SPEEDS = [0.5, 1, 2, 4, 8];
const HOLD_MS = 4_000; // for a camera that does not come, all others wait so long, once
const ROTATION_MS = 2_000; // a shorter hole between two segments is how rotation works (venue_model.manifest SLACK_NS)
const AHEAD_MS = 8_000; // the next segment is fetched so long (of film time) before it is needed

export interface Shot {
  segment: Segment;
  fromMs: number;
  toMs: number;
}

/** What one track has to show at a moment: a segment, or the reason why there is none. */
export type Showing = { shot: Shot } | { gap: Gap } | { nothing: true };

export const trackKey = (track: Track): string => `${track.lot}/${track.track}`;

export class Playback {
  atMs = $state(0);
  playing = $state(false);
  speed = $state(1);
  waiting = $state(false);
  heard = $state<string | null>(null); // the track whose sound is on: all at once would be a babble
  readonly shots: Record<string, Shot[]>;
  #late = new Set<string>();
  #heldMs = 0;
  #frame = 0;
  #lastMs = 0;

  constructor(
    readonly project: Project,
    readonly endMs: number,
  ) {
    this.shots = Object.fromEntries(project.tracks.map((track) => [trackKey(track), shotsOf(track)]));
    const first = Math.min(...Object.values(this.shots).flatMap((shots) => shots.map((shot) => shot.fromMs)));
    this.atMs = Number.isFinite(first) ? first + 100 : msOf(project.from_utc_ns ?? project.lots[0]?.opening_utc_ns ?? 0);
  }

  showing(track: Track): Showing {
    const shot = this.shots[trackKey(track)]?.find((s) => s.fromMs <= this.atMs && this.atMs < s.toMs);
    if (shot) return { shot };
    const gap = track.gaps.find((g) => msOf(g.from_utc_ns) <= this.atMs && this.atMs < msOf(g.to_utc_ns));
    return gap ? { gap } : { nothing: true };
  }

  /** The segment that comes next soon, to be fetched while the present one plays. */
  next(track: Track): Shot | null {
    const next = this.shots[trackKey(track)]?.find((s) => s.fromMs > this.atMs);
    return next && next.fromMs - this.atMs < AHEAD_MS * Math.max(1, this.speed) ? next : null;
  }

  /** Where the next recording of any track begins, or null after the last. */
  nextRecordingMs(): number | null {
    const later = Object.values(this.shots).flatMap((shots) => shots.map((shot) => shot.fromMs).filter((ms) => ms > this.atMs));
    return later.length > 0 ? Math.min(...later) : null;
  }

  /** A camera tells whether its picture of this moment is there. */
  tell(track: Track, ready: boolean): void {
    if (ready) this.#late.delete(trackKey(track));
    else this.#late.add(trackKey(track));
  }

  play(): void {
    if (this.playing) return;
    if (this.atMs >= this.endMs) return;
    this.playing = true;
    this.#lastMs = performance.now();
    this.#frame = requestAnimationFrame(this.#step);
  }

  pause(): void {
    this.playing = false;
    this.waiting = false;
    cancelAnimationFrame(this.#frame);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(ms: number): void {
    const from = msOf(this.project.from_utc_ns ?? 0);
    this.atMs = Math.min(Math.max(ms, from), this.endMs);
    this.#heldMs = 0;
  }

  #step = (nowMs: number): void => {
    if (!this.playing) return;
    const passedMs = Math.min(nowMs - this.#lastMs, 250); // a hidden tab is not woken for seconds: do not jump
    this.#lastMs = nowMs;
    this.waiting = this.#late.size > 0 && this.#heldMs < HOLD_MS;
    if (this.waiting) this.#heldMs += passedMs;
    else {
      if (this.#late.size === 0) this.#heldMs = 0;
      this.atMs = Math.min(this.atMs + passedMs * this.speed, this.endMs);
    }
    if (this.atMs >= this.endMs) this.pause();
    else this.#frame = requestAnimationFrame(this.#step);
  };
}

function shotsOf(track: Track): Shot[] {
  const shots = track.segments
    .map((segment) => ({ segment, fromMs: msOf(segment.from_utc_ns), toMs: msOf(segment.to_utc_ns) }))
    .sort((a, b) => a.fromMs - b.fromMs);
  // A segment ends with the arrival of its last picture, which then stands until the next one comes.
  return shots.map((shot, index) => {
    const next = shots[index + 1];
    return next && next.fromMs - shot.toMs < ROTATION_MS ? { ...shot, toMs: next.fromMs } : shot;
  });
}
