// The second factor, asked for when the gateway wants to see it anew: one prompt for all pages, and the act goes on by itself.
import { onSecondFactor } from "./client";
import { session } from "./session.svelte";

const FRESH_MS = 240_000; // the gateway believes one for five minutes

let answer = $state.raw<((shown: boolean) => void) | null>(null);
let shownMs = 0;

export const prompt = {
  get open(): boolean {
    return answer !== null;
  },
  /** The prompt was answered: `shown` when the gateway took the code. */
  end(shown: boolean): void {
    if (shown) shownMs = Date.now();
    answer?.(shown);
    answer = null;
  },
};

function ask(): Promise<boolean> {
  answer?.(false);
  return new Promise((resolve) => (answer = resolve));
}

onSecondFactor.call = ask;

/** Before something that is no call, such as a download.  False when it was not shown. */
export async function fresh(): Promise<boolean> {
  return !session.who?.second_factor || Date.now() - shownMs < FRESH_MS || ask();
}
