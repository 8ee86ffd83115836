/** PURE. How findings are made: each check has a place of its own, and what is wrong always comes with why and how to mend it. */
import type { Finding } from "../../print/doctor/finding.ts";

/** Without the kind of machine, which whoever asked knows. */
export type Found = Omit<Finding, "role">;

export interface At {
  check: string;
  where: string;
}

export function fine({ check, where }: At, what: string): Found {
  return { check, where, level: "ok", what, why: null, mend: null };
}

interface Wrong {
  what: string;
  why: string;
  mend: string;
}

export function warn({ check, where }: At, wrong: Wrong): Found {
  return { check, where, level: "warn", ...wrong };
}

export function fail({ check, where }: At, wrong: Wrong): Found {
  return { check, where, level: "fail", ...wrong };
}
