// Words.  zh-CN.json is the source: a key that en.json lacks is a type error here.
import type { Name } from "./types";
import zh from "./zh-CN.json";

export type Lang = "zh-CN" | "en";
export type Key = keyof typeof zh;

const STORED = "bidhall.lang";

let lang = $state<Lang>(localStorage.getItem(STORED) === "en" ? "en" : "zh-CN");

let english = $state.raw<Record<Key, string>>(zh); // Chinese until it has come

/** Fetched beside the pages: a hall computer shows them sooner without it. */
export async function loadEnglish(): Promise<void> {
  english = (await import("./en.json")).default;
}

export const language = {
  get current(): Lang {
    return lang;
  },
  set current(next: Lang) {
    lang = next;
    localStorage.setItem(STORED, next);
  },
};

/** The words of a key, with `{name}` filled in. */
export function t(key: Key, values: Record<string, string | number> = {}, as: Lang = lang): string {
  return (as === "en" ? english : zh)[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** True when there are words for a key that was put together at run time. */
export function isKey(key: string): key is Key {
  return Object.hasOwn(zh, key);
}

/** The words of a key that was put together at run time; `fallback` when there are none. */
export function tryT(key: string, fallback: string): string {
  return isKey(key) ? t(key) : fallback;
}

/** A name in the reader's language. */
export function named(name: Name): string {
  return lang === "en" ? name.en : name.zh;
}

/** The same name in the other language, for people who work side by side. */
export function beside(name: Name): string {
  return lang === "en" ? name.zh : name.en;
}
