// A scene run in words: how each row stands, and what a person does about a red one.
import { named, t, tryT } from "./i18n.svelte";
import type { Tone } from "./look";
import { boardOnline } from "./look";
import type { Member, Run } from "./types";
import { venue } from "./venue.svelte";

export interface RowLook {
  tone: Tone;
  word: string;
  remedy: string; // empty when there is nothing to do
}

const RESULT_TONES: Record<string, Tone> = {
  ok: "ok",
  degraded: "prepare",
  partial: "alarm",
  failed: "alarm",
  compensated: "break",
  superseded: "idle",
};

export function resultTone(run: Run): Tone {
  return run.result === null ? "opening" : (RESULT_TONES[run.result] ?? "unknown");
}

export function resultWord(run: Run): string {
  if (run.result !== null) return tryT(`result.${run.result}`, run.result);
  const done = run.members.filter((row) => row.code === 200).length;
  return t("result.running", { done, all: run.members.length });
}

/** What the whole run means for the person who pressed. */
export function resultMeaning(run: Run): string {
  if (run.result === null) return run.waiting ? named(run.waiting) : t("result.running.meaning");
  return tryT(`result.${run.result}.meaning`, "");
}

export function rowLook(row: Member, run: Run): RowLook {
  const ended = run.result !== null;
  if (row.code === 200) return { tone: "ok", word: t("row.done"), remedy: "" };
  if (row.attempts === 0) return { tone: "idle", word: t(ended ? "row.not-tried" : "row.queued"), remedy: "" };
  if (!ended && row.code === 0 && row.text === "") return { tone: "opening", word: t("row.sent"), remedy: "" };
  if (!ended && row.code === 202) return { tone: "prepare", word: t("row.working"), remedy: "" };
  const board = venue().boardOf(row.id);
  if (!ended && row.code === 0 && board !== null && !boardOnline(board)) {
    return { tone: row.required ? "alarm" : "prepare", word: t("row.away"), remedy: remedy(row) };
  }
  const word = row.code === 0 ? t("row.silent") : t(row.code === 202 ? "row.late" : "row.failed");
  return { tone: row.required ? "alarm" : "prepare", word, remedy: remedy(row) };
}

function remedy(row: Member): string {
  const board = venue().boardOf(row.id);
  if (board !== null && !boardOnline(board)) return t("remedy.board", { board: named(venue().nameOf(board)) });
  if (row.code === 0) return t("remedy.silent");
  return tryT(`remedy.${row.code}`, tryT(`remedy.${row.kind}`, t("remedy.any")));
}

/** Rows as people look for them: what went wrong first, then by stage. */
export function ordered(run: Run): Member[] {
  const weight = (row: Member): number => (rowLook(row, run).tone === "alarm" ? 0 : 1);
  return [...run.members].sort((a, b) => weight(a) - weight(b) || a.stage - b.stage || a.id.localeCompare(b.id));
}
