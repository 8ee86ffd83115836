/**
 * SHELL. The newest head that this operator brought to nodes over ssh, and that no controller has: the next one follows what the
 * store has, so that `chimera reseed` can put it there.
 */
import { markFile } from "./mark-file.ts";

const mark = markFile({ name: "unstored.json", mend: "then run chimera reseed" });

export const writeUnstored = mark.write;
export const readUnstored = mark.read;
export const removeUnstored = mark.remove;
