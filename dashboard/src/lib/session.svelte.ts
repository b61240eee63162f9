// Who is signed in.
import { Failure, call, onSignedOut } from "./client";
import type { ActionCode, Session } from "./types";

let who = $state.raw<Session | null>(null);
let known = $state(false); // false until the gateway has been asked once

onSignedOut.call = () => (who = null);

export const session = {
  get who(): Session | null {
    return who;
  },
  get known(): boolean {
    return known;
  },
  get isStaff(): boolean {
    return who?.role === "staff";
  },
  get isSupervisor(): boolean {
    return who?.role === "supervisor";
  },
  /** May this account's role do that?  For what is shown; the gateway decides for itself. */
  may(action: ActionCode): boolean {
    return who?.actions.includes(action) ?? false;
  },
  /** True while the gateway takes nothing from this account but a password, or a second factor. */
  get isFirst(): boolean {
    return who !== null && (who.must_change || who.second_wanted);
  },
  /** True for those who may act when a day is not ordinary: lock down, approve, take a pass back. */
  get isInCharge(): boolean {
    return who?.role === "staff" || who?.role === "supervisor";
  },
  /** True for those who watch over the tender: they may follow a person's way. */
  get isWatcher(): boolean {
    return who?.role === "supervisor" || who?.role === "witness";
  },
};

/** Ask whose cookie this is.  A gateway that cannot be reached changes nothing. */
export async function recall(): Promise<void> {
  try {
    who = await call("get", "/api/v1/session", {});
  } catch (error) {
    if (error instanceof Failure && error.status === 401) who = null;
    else throw error;
  } finally {
    known = true;
  }
}

export async function signIn(account: string, password: string, code: string): Promise<Session> {
  who = await call("post", "/api/v1/session", { body: { account, password, code } });
  known = true;
  return who;
}

export async function signOut(): Promise<void> {
  await call("delete", "/api/v1/session", {});
  who = null;
}
