// The pages that an address names with one word: who may open each, and where the header shows it.  To add a page: one entry here,
// its words `page.<name>` in both catalogues, and the file that `load` names.
import type { Component } from "svelte";
import { session } from "./session.svelte";

interface Page {
  load: () => Promise<{ default: Component }>;
  open: () => boolean; // who is shown the way there; the gateway decides for itself
  menu?: "manage"; // in the menu of that name; else in the row
}

const everyone = (): boolean => true;
const insiders = (): boolean => session.isStaff || session.isWatcher; // integrators look after devices: no projects, no people
const inHouse = (): boolean => insiders() || session.who?.role === "integrator";

export const PAGES = {
  today: { load: () => import("../pages/Today.svelte"), open: everyone },
  calendar: { load: () => import("../pages/Calendar.svelte"), open: inHouse, menu: "manage" },
  events: { load: () => import("../pages/Events.svelte"), open: () => session.may("look-lists") },
  presence: { load: () => import("../pages/Presence.svelte"), open: insiders },
  scenes: { load: () => import("../pages/Scenes.svelte"), open: () => session.isInCharge, menu: "manage" },
  guard: { load: () => import("../pages/Guard.svelte"), open: () => session.isInCharge },
  devices: { load: () => import("../pages/Devices.svelte"), open: inHouse, menu: "manage" },
  certificates: { load: () => import("../pages/Certificates.svelte"), open: () => session.who?.role === "integrator", menu: "manage" },
  platform: {
    load: () => import("../pages/Platform.svelte"),
    open: () => session.isStaff || session.who?.role === "integrator",
    menu: "manage",
  },
  reports: { load: () => import("../pages/Reports.svelte"), open: inHouse, menu: "manage" },
  people: {
    load: () => import("../pages/People.svelte"),
    open: () => session.may("look-accounts") || session.isWatcher,
    menu: "manage",
  },
  account: { load: () => import("../pages/Account.svelte"), open: everyone, menu: "manage" },
  projects: { load: () => import("../pages/Projects.svelte"), open: insiders },
} satisfies Record<string, Page>;

export type PageName = keyof typeof PAGES;
export const pages: Record<PageName, Page> = PAGES;

export function isPage(name: string): name is PageName {
  return Object.hasOwn(PAGES, name);
}
