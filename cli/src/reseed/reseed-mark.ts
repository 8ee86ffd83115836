/**
 * SHELL. That this operator knows that the store is behind, since `chimera reseed` said so: only then a publication is made on
 * top of the copy instead of on what the controller shows. It counts for one head, the copy's.
 */
import { markFile } from "../fleet/mark-file.ts";

const mark = markFile({ name: "reseeded.json", mend: "then run chimera reseed again" });

export const writeMark = mark.write;
export const readMark = mark.read;
export const removeMark = mark.remove;
