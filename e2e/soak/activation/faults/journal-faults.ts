// PURE. Faults of the journal: what a crash, a broken disk or another agent may leave.
import { type Fault } from "./fault.ts";

export const journalFaults = {
  "the journal is cut short at rest": {
    order: "other",
    deed: "cut the journal short",
    when: "before",
    ends: ["old", "new"],
  },
  "the journal is cut short in probation": {
    order: "other",
    deed: "cut the journal short",
    when: "probation",
    ends: ["old", "new"],
  },
  "the journal is garbage in probation": {
    order: "other",
    deed: "make the journal garbage",
    when: "probation",
    ends: ["old", "new"],
  },
  "the journal is garbage while it commits": {
    order: "other",
    deed: "make the journal garbage",
    when: "committing",
    ends: ["old", "new"],
  },
  "the journal is of version 1 at rest": {
    order: "other",
    deed: "make the journal one of version 1",
    when: "before",
    ends: ["new"],
  },
  "the journal is of a later version at rest": {
    order: "other",
    deed: "make the journal one of a later version",
    when: "before",
    ends: ["new"],
  },
  "the journal is of version 1 in probation": {
    order: "other",
    deed: "make the journal one of version 1",
    when: "probation",
    ends: ["old", "new"],
  },
  "the journal is of a later version in probation": {
    order: "other",
    deed: "make the journal one of a later version",
    when: "probation",
    ends: ["old", "new"],
  },
} satisfies Record<string, Fault>;
