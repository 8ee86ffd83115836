/**
 * SHELL. What the running system changed that only a restart brings: a switch went well without it. Nothing waits for these, so
 * they are no reason to restart by themselves; whoever plans the next restart sees what it would bring.
 */
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import type { SystemPointers } from "../../reconcile/decision.ts";
import { compareKernel } from "./compare-kernel.ts";

/** In words, none of them twice; empty where both are the same, or one is not known. */
export function restartAdvice(booted: string, current: string): string[] {
  const kernel = compareKernel(booted, current);
  return [...(kernel === null ? [] : [kernel]), ...broughtAlong(booted, current)];
}

/** What a restart brings that has another reason. */
export function broughtAlong(booted: string, wanted: string): string[] {
  const parts = ["initrd", "firmware", "systemd"] as const;
  return parts.flatMap((part) => differs(part, `${booted}/${part}`, `${wanted}/${part}`) ?? []);
}

/** Asked at each look; read again only when a pointer moved. */
export function createRestartAdvice(): (system: SystemPointers) => readonly string[] {
  let last = { booted: "", current: "", advice: restartAdvice("", "") };
  return ({ booted, current }) => {
    if (booted === null || current === null || booted === current) return [];
    if (booted !== last.booted || current !== last.current) {
      last = { booted, current, advice: restartAdvice(booted, current) };
    }
    return last.advice;
  };
}

function differs(part: string, booted: string, current: string): string | null {
  const [from, to] = [realPath(booted), realPath(current)];
  if (from === null || to === null || from === to) return null;
  const [old, now] = [nameOf(from), nameOf(to)];
  return old === now ? `another ${part}` : `another ${part}: ${old} -> ${now}`;
}

/** `systemd-258.1` of /nix/store/<hash>-systemd-258.1, `initrd` of /nix/store/<hash>-initrd-linux-6.12.1/initrd. */
function nameOf(path: string): string {
  return basename(path).replace(/^[0-9a-z]{32}-/, "");
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}
