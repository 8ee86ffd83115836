// PURE. What the tamper probe is told, and what it answers.
import { z } from "zod";

export const tamperKinds = [
  "changed",
  "deleted",
  "replaced-by-file",
  "replaced-by-directory",
  "wrong-target",
  "wrong-mode-or-owner",
] as const;

/** Those, and what else can be done to an entry or to a folder of entries without a flag or a mount, which wait for a look. */
export const allTamperKinds = [
  ...tamperKinds,
  "emptied",
  "copied-file-deleted",
  "copied-file-replaced",
  "replaced-by-pipe",
  "renamed-away",
  "folder-removed",
  "folder-replaced-by-link",
  "folder-replaced-by-file",
  "folder-renamed-away",
  "attribute-on-file",
  "default-acl-on-folder",
] as const;
export type TamperKind = (typeof allTamperKinds)[number];

export const TamperOrder = z.object({
  /** Managed links, managed copied files, and folders of a few managed entries, by absolute path. */
  links: z.array(z.string()).min(1),
  files: z.array(z.string()).min(1),
  folders: z.array(z.string()),
  /** They take turns. */
  kinds: z.array(z.enum(allTamperKinds)).min(1),
  trials: z.int().positive(),
  /** Pause between two trials, so that one is at rest before the next begins. */
  pauseMs: z.int().nonnegative(),
  timeoutMs: z.int().positive(),
});
export type TamperOrder = z.infer<typeof TamperOrder>;

export const TamperTrial = z.object({
  trial: z.int(),
  kind: z.enum(allTamperKinds),
  path: z.string(),
  /** From the end of the change to the first look that found the entry as before; null: not within the time. */
  ms: z.number().nullable(),
});
export type TamperTrial = z.infer<typeof TamperTrial>;
