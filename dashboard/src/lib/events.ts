// Journal lines in words.  People appear as the start of a pseudonymous key and a role, and as nothing else (I9).
import { named, t, tryT } from "./i18n.svelte";
import { areas, roomName, type Tone } from "./look";
import type { Line } from "./types";
import { venue } from "./venue.svelte";

export interface LineWords {
  tone: Tone;
  title: string;
  place: string;
  who: string;
  detail: string;
}

export type Group = "passage" | "refusal" | "alarm" | "scene" | "other";

const GROUPS: Record<string, Group> = {
  passage: "passage",
  no_entry: "passage",
  locker: "passage",
  refusal: "refusal",
  alarm: "alarm",
  breach: "alarm",
  alarm_clear: "alarm",
  alarm_ack: "alarm",
  fire: "alarm",
  gap: "alarm",
  press: "scene",
  scene: "scene",
  authorise: "scene",
  checkout: "passage",
  muster: "passage",
  emptied: "passage",
  pulse: "scene",
  lockdown: "scene",
  approval: "scene",
  "exception-pass": "scene",
  "exception-withdrawn": "scene",
  restored: "scene",
  sealed: "scene",
  platform: "scene",
};
const TONES: Record<Group, Tone> = { passage: "ok", refusal: "sealed", alarm: "alarm", scene: "opening", other: "idle" };
const KEY_SHOWN = 7; // enough to follow one person through a day, too little to be worth writing down

/** Which filter a line falls under.  Device chatter is "other" and hidden; so is a grant, which ends as a passage or as "did not enter". */
export function groupOf(line: Line): Group {
  return GROUPS[line.kind] ?? "other";
}

const text = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");

const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : []);

function place(line: Line): string {
  if (line.body.components) return areas(list(line.body.components));
  const ids = ["door", "device", "locker", "camera", "place", "component"].map((name) => text(line.body[name]));
  const id = ids.find(Boolean) || line.room || line.agent;
  return id ? named(venue().nameOf(id)) : "";
}

function who(line: Line): string {
  const role = text(line.body.group);
  const key = line.person ? line.person.slice(0, KEY_SHOWN) : "";
  return [role ? venue().role(role) : "", key].filter(Boolean).join(" ");
}

function ruleWords(code: string): string {
  const rule = venue().facts.rules.find((r) => r.code === code);
  return rule ? `${code} ${named(rule.name)}` : code;
}

function sceneName(id: string): string {
  const scene = venue().scenes[id];
  return scene ? named(scene.name) : id;
}

/** `sweep 3` names the count that it corrects. */
export function actWord(act: string): string {
  const [kind = ""] = act.split(" ");
  return tryT(`domain-act.${kind}`, act);
}

function detail(line: Line): string {
  const body = line.body;
  switch (line.kind) {
    case "refusal":
      return ruleWords(text(body.rule));
    case "passage":
    case "grant":
      return [tryT(`way.${text(body.direction)}`, ""), tryT(`how.${text(body.how)}`, text(body.how))].filter(Boolean).join(" · ");
    case "breach":
      return t("line.breach.detail");
    case "alarm":
    case "alarm_clear":
      return [tryT(`alarm.${text(body.code)}`, text(body.code)), text(body.detail)].filter(Boolean).join(" · ");
    case "fire":
      return t(body.active === true ? "line.fire.on" : "line.fire.off");
    case "gap":
      return [tryT(`cause.${text(body.cause)}`, text(body.cause)), text(body.detail)].filter(Boolean).join(" · ");
    case "alarm_ack": {
      const [code = "", at = ""] = text(body.id).split(":");
      return [tryT(`alarm.${code}`, code), named(venue().nameOf(at)), text(body.by)].filter(Boolean).join(" · ");
    }
    case "press":
      return `${sceneName(text(body.scene))} · ${text(body.by)}`;
    case "scene":
      return `${sceneName(text(body.scene))} · ${tryT(`result.${text(body.result)}`, text(body.result))}`;
    case "lockdown":
      return [t(body.on === true ? "line.lockdown.on" : "line.lockdown.off"), text(body.reason), text(body.by)].filter(Boolean).join(" · ");
    case "approval":
      return [actWord(text(body.act)), list(body.approvers).join(t("app.and"))].join(" · ");
    case "exception-pass":
      return [list(body.rooms).map(roomName).join(t("app.and")), text(body.reason), text(body.by)].join(" · ");
    case "sealed":
      return t("line.sealed.detail", { seal: text(body.seal) });
    case "platform":
      return tryT(`platform.${text(body.event)}`, text(body.event));
    case "locker":
      return tryT(`locker.${text(body.act)}`, text(body.act));
    default:
      return text(body.by) || text(body.because) || text(body.detail) || text(body.event) || text(body.code);
  }
}

/** True for a line that tells the end of something bad. */
function isOver(line: Line): boolean {
  return line.kind === "alarm_clear" || line.kind === "alarm_ack" || (line.kind === "gap" && line.body.to_utc_ns != null);
}

export function wordsOf(line: Line): LineWords {
  const over = isOver(line);
  return {
    tone: over ? "ok" : line.body.how === "forced" ? "alarm" : TONES[groupOf(line)],
    title: line.kind === "gap" && over ? t("line.gap-over") : tryT(`line.${line.kind}`, line.kind),
    place: place(line),
    who: who(line),
    detail: detail(line),
  };
}
