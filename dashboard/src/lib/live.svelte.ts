// The venue now, kept by the gateway's WebSocket: the whole state first, then what has changed.
import { call } from "./client";
import { recall, session } from "./session.svelte";
import { msOf } from "./time";
import type {
  Alarm,
  BoardState,
  ComponentState,
  DeviceState,
  DoorState,
  Line,
  Lockdown,
  Lot,
  Overlay,
  Patch,
  PlatformState,
  State,
} from "./types";

const SILENCE_MS = 5_000; // the gateway says something every 2 s; after this the picture is called stale
const RETRY_MS = [300, 1_000, 2_000, 4_000];
const LINES_KEPT = 500;

export type Link = "connecting" | "live" | "lost";

export class Live {
  link = $state<Link>("connecting");
  heardMs = $state(0); // by the gateway's clock
  offsetMs = $state(0); // gateway's clock minus this machine's
  brokerOk = $state(false);
  platform = $state.raw<PlatformState | null>(null);
  lockdown = $state.raw<Lockdown | null>(null); // the one that stands
  overlays = $state.raw<Overlay[]>([]); // what stands over the day: an emergency, boards that are away
  boards = $state<Record<string, BoardState>>({});
  devices = $state<Record<string, DeviceState>>({});
  doors = $state<Record<string, DoorState>>({});
  components = $state<Record<string, ComponentState>>({});
  lots = $state<Record<string, Lot>>({});
  alarms = $state<Record<string, Alarm>>({});
  twinsChanged = $state(0); // how often the gateway has said that twins are otherwise: pages that show them ask again
  rolloutsChanged = $state(0);
  lines = $state.raw<Line[]>([]); // of the journal, newest first

  #socket: WebSocket | null = null;
  #seq = -1;
  #failures = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#open();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#socket?.close();
    this.#socket = null;
    this.link = "connecting";
  }

  #open(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live`);
    this.#socket = socket;
    this.#seq = -1;
    this.#listen();
    socket.onmessage = (message) => {
      if (this.#socket === socket) this.#take(JSON.parse(String(message.data)) as State | Patch);
    };
    socket.onclose = () => {
      if (this.#socket === socket) void this.#again();
    };
  }

  /** Begin to count silence: a cable that was pulled says nothing at all. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#drop(), SILENCE_MS);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    void this.#again();
  }

  async #again(): Promise<void> {
    clearTimeout(this.#silence);
    this.link = "lost";
    await recall().catch(() => undefined); // a session may have ended: then the sign-in page comes up
    if (!this.#running || !session.who) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]);
    this.#failures += 1;
  }

  #take(message: State | Patch): void {
    this.#listen();
    if (message.kind === "state") this.#whole(message);
    else if (message.seq === this.#seq + 1) this.#patch(message);
    else return this.#drop(); // something was dropped: a new connection begins with the state
    this.#seq = message.seq;
    this.#failures = 0;
    this.heardMs = msOf(message.utc_ns);
    this.offsetMs = this.heardMs - Date.now();
    this.brokerOk = message.broker_ok;
    if (message.platform) this.platform = message.platform;
    if (message.overlays) this.overlays = message.overlays;
    if (message.lockdown) this.lockdown = message.lockdown.on ? message.lockdown : null;
  }

  #whole(state: State): void {
    this.boards = state.boards;
    this.devices = state.devices;
    this.doors = state.doors;
    this.components = state.components;
    this.lots = state.lots;
    this.alarms = state.alarms;
    this.link = "live";
    void this.#recent();
  }

  #patch(patch: Patch): void {
    Object.assign(this.boards, patch.boards);
    Object.assign(this.devices, patch.devices);
    Object.assign(this.doors, patch.doors);
    Object.assign(this.components, patch.components);
    fold(this.lots, patch.lots);
    fold(this.alarms, patch.alarms);
    if (patch.twins?.length) this.twinsChanged += 1;
    if (patch.rollouts?.length) this.rolloutsChanged += 1;
    if (patch.events?.length) this.#add(patch.events);
  }

  async #recent(): Promise<void> {
    if (!session.may("look-lists")) return;
    const older = await call("get", "/api/v1/events", { query: { limit: 300 } }).catch(() => []);
    this.#add(older);
  }

  #add(lines: Line[]): void {
    this.lines = merged(this.lines, lines).slice(0, LINES_KEPT);
  }
}

function fold<T>(into: Record<string, T>, changes: Record<string, T | null> | undefined): void {
  for (const [id, value] of Object.entries(changes ?? {})) {
    if (value === null) delete into[id];
    else into[id] = value;
  }
}

export const lineKey = (line: Line): string => `${line.agent}/${line.seq}/${line.utc_ns}`;

/** Both lists as one, newest first, each line once. */
export function merged(one: Line[], other: Line[]): Line[] {
  const all = new Map([...one, ...other].map((line) => [lineKey(line), line]));
  return [...all.values()].sort((a, b) => b.utc_ns - a.utc_ns || b.seq - a.seq);
}

export const live = new Live();
