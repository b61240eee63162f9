// A typed fetch over the gateway's API: paths, parameters, bodies and answers are those of the generated `api.d.ts`.
import type { paths } from "./api";
import { t } from "./i18n.svelte";
import type { Name } from "./types";

type Verb = "get" | "post" | "delete";
type PathOf<V extends Verb> = { [P in keyof paths]: paths[P][V] extends { responses: unknown } ? P : never }[keyof paths];
type In<O> = (O extends { parameters: { path: infer T } } ? { path: T } : unknown) &
  (O extends { parameters: { query: infer Q } }
    ? { query: Q }
    : O extends { parameters: { query?: infer Q } }
      ? { query?: Q }
      : unknown) &
  (O extends { requestBody: { content: { "application/json": infer B } } } ? { body: B } : unknown);
type Out<O> = O extends { responses: infer R }
  ? R[Extract<keyof R, 200 | 201 | 202 | 204>] extends { content: { "application/json": infer T } }
    ? T
    : void
  : never;

/** A refusal by the gateway in its own words, or the fact that it cannot be reached (status 0). */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly words: Name,
  ) {
    super(`${code}: ${words.en}`);
  }
}

/** Called when a session has ended, so that the sign-in page comes up. */
export const onSignedOut: { call: () => void } = { call: () => undefined };

/** Called when an act asks for the second factor anew; true when it was shown, and the act can be tried again. */
export const onSecondFactor: { call: () => Promise<boolean> } = { call: () => Promise.resolve(false) };

const PATIENCE_MS = 10_000; // with a question; an order is waited for, because it may have been carried out

/** `call("get", "/api/v1/lots/{lot}", { path: { lot } })`.  Throws Failure. */
export async function call<V extends Verb, P extends PathOf<V>>(
  verb: V,
  path: P,
  input: In<paths[P][V]>,
): Promise<Out<paths[P][V]>> {
  const given = input as { path?: Record<string, string>; query?: Record<string, string | number>; body?: unknown };
  const filled = String(path).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given.path?.[name] ?? ""));
  const query = new URLSearchParams(Object.entries(given.query ?? {}).map(([name, value]) => [name, String(value)])).toString();
  const init: RequestInit = { method: verb.toUpperCase() };
  if (verb === "get") init.signal = AbortSignal.timeout(PATIENCE_MS);
  if (given.body !== undefined) {
    init.body = JSON.stringify(given.body);
    init.headers = { "Content-Type": "application/json" };
  }
  const answer = await fetch(query ? `${filled}?${query}` : filled, init).catch(() => {
    throw new Failure(0, "unreachable", { zh: t("error.unreachable", {}, "zh-CN"), en: t("error.unreachable", {}, "en") });
  });
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as Out<paths[P][V]>;
  if (answer.status === 401 && path !== "/api/v1/session") onSignedOut.call();
  const told = (await answer.json().catch(() => null)) as { error?: { code: string; zh: string; en: string } } | null;
  const words = told?.error ?? { code: "http", zh: `HTTP ${answer.status}`, en: `HTTP ${answer.status}` };
  if (answer.status === 403 && words.code === "second-factor" && (await onSecondFactor.call())) return call(verb, path, input);
  throw new Failure(answer.status, words.code, words);
}
