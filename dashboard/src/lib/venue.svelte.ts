// What does not change while the gateway runs: rooms, doors, devices, scenes and words.  Loaded once after signing in.
import { call } from "./client";
import { named, t } from "./i18n.svelte";
import type { Device, Door, Name, Room, Scene, VenueFacts } from "./types";

const byId = <T extends { id: string }>(things: T[]): Record<string, T> =>
  Object.fromEntries(things.map((thing) => [thing.id, thing]));

function domainsOf(rooms: Room[]): Record<string, Name> {
  const found: Record<string, Name> = {};
  for (const { component, name } of rooms) {
    if (component === null) continue;
    const first = found[component];
    const [zh, en] = [t("app.and", {}, "zh-CN"), t("app.and", {}, "en")];
    found[component] = first ? { zh: first.zh + zh + name.zh, en: first.en + en + name.en } : name;
  }
  return found;
}

export interface ZoneRooms {
  zone: string;
  name: Name;
  open: boolean;
  rooms: Room[];
}

export class Venue {
  readonly rooms: Record<string, Room>;
  readonly doors: Record<string, Door>;
  readonly devices: Record<string, Device>;
  readonly scenes: Record<string, Scene>;
  readonly domains: Record<string, Name>; // separation domains, named by their rooms

  constructor(readonly facts: VenueFacts) {
    this.rooms = byId(facts.rooms);
    this.doors = byId(facts.doors);
    this.devices = byId(facts.devices);
    this.scenes = byId(facts.scenes);
    this.domains = domainsOf(facts.rooms);
  }

  /** Zones with their rooms: those that people enter without a badge first, then in the order of the venue file. */
  get zones(): ZoneRooms[] {
    const found = new Map<string, ZoneRooms>();
    for (const room of this.facts.rooms) {
      const zone = found.get(room.zone) ?? { zone: room.zone, name: room.zone_name, open: room.component === null, rooms: [] };
      zone.rooms.push(room);
      found.set(room.zone, zone);
    }
    return [...found.values()].sort((a, b) => Number(b.open) - Number(a.open));
  }

  /** The name of a device, door, room, domain or board, with both languages; its id when the venue does not know it. */
  nameOf(id: string): Name {
    const board = this.facts.boards.find((b) => b.id === id);
    const found = this.devices[id] ?? this.doors[id] ?? this.rooms[id] ?? board;
    return found?.name ?? this.domains[id] ?? { zh: id, en: id };
  }

  boardOf(member: string): string | null {
    return this.devices[member]?.board ?? this.doors[member]?.board ?? null;
  }

  /** The devices that people look for under a room: what hangs in it, and the readers of its doors, on whichever side they are. */
  devicesOf(room: string): Device[] {
    return this.facts.devices.filter((device) => (device.door ? this.doors[device.door]?.inside : device.room) === room);
  }

  role(code: string): string {
    const name = this.facts.roles[code];
    return name ? named(name) : code;
  }

  phase(code: string): string {
    const name = this.facts.phases[code];
    return name ? named(name) : code;
  }
}

let loaded = $state.raw<Venue | null>(null);

/** The venue.  Pages that call this are shown only once it is there. */
export function venue(): Venue {
  if (!loaded) throw new Error("the venue is loaded by App before any page is shown");
  return loaded;
}

export async function loadVenue(): Promise<void> {
  loaded = new Venue(await call("get", "/api/v1/venue", {}));
}

export function hasVenue(): boolean {
  return loaded !== null;
}
