import type { Letter } from "@quill/schemas";
import type { Who } from "../../sync/device.ts";

/** What the screens offer; the server decides (`sync-protocol`, who may push). */
export function mayWrite(who: Who): boolean {
  return who.roles.includes("Clinician") || who.roles.includes("Secretary");
}

export function maySign(who: Who): boolean {
  return who.roles.includes("Clinician");
}

export function mayEdit(who: Who, letter: Pick<Letter, "state">): boolean {
  return mayWrite(who) && (letter.state === "draft" || letter.state === "ready");
}

export function mayAmend(who: Who, letter: Pick<Letter, "state">): boolean {
  return maySign(who) && (letter.state === "signed" || letter.state === "amended");
}
