// Two-person approval, signed in the browser.  A key is read from a file, used once, and forgotten; it never leaves the page.
import type { Approver } from "./types";

export type KeyFault = "key.no-crypto" | "key.format" | "key.unknown";

export interface SignedBy {
  approver: Approver;
  signatures: string[]; // hex, one for each text, in their order
}

// RFC 8410: what stands before the 32 bytes of an Ed25519 seed in PKCS #8.
const PKCS8_PREFIX = "302e020100300506032b657004220420";

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sign `texts` with the seed in a key file, and say whose key it is; or what is wrong with the file. */
export async function signWith(file: File, texts: string[], approvers: Approver[]): Promise<SignedBy | KeyFault> {
  if (!globalThis.crypto?.subtle) return "key.no-crypto"; // browsers offer it over https and on this machine itself only
  const seed = (await file.text()).trim();
  if (!/^[0-9a-fA-F]{64}$/.test(seed)) return "key.format";
  let key: CryptoKey;
  try {
    // Extractable, because the public half is needed to know whose key this is and WebCrypto gives it only by export.
    key = await crypto.subtle.importKey("pkcs8", bytesOf(PKCS8_PREFIX + seed), "Ed25519", true, ["sign"]);
  } catch {
    return "key.no-crypto"; // a browser from before Ed25519
  }
  const jwk = await crypto.subtle.exportKey("jwk", key);
  const publicHex = hexOf(fromBase64Url(jwk.x ?? ""));
  const approver = approvers.find((a) => a.public_key.toLowerCase() === publicHex);
  if (!approver) return "key.unknown";
  const signatures: string[] = [];
  for (const text of texts) {
    signatures.push(hexOf(new Uint8Array(await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(text)))));
  }
  return { approver, signatures };
}

function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}
