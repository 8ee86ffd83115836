/** PURE. What a check of this machine found: all is well, or what is wrong, where, why that matters and how it is mended. */

export interface Finding {
  /** Of which kind of machine: node, controller or operator. */
  role: string;
  /** One word for programs: the same from version to version. */
  check: string;
  level: "ok" | "warn" | "fail";
  what: string;
  where: string;
  /** Null where all is well. */
  why: string | null;
  mend: string | null;
}
