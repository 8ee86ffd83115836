/** PURE. What one step of the decision can say. */
import type { ErrorCode } from "@chimera/proto/errors";
import type { Environment } from "./environment.ts";

export type Step =
  | { kind: "found"; environment: Environment; because: string }
  /** Its flake must be asked first: what it has is not in its text. */
  | { kind: "ask-flake"; folder: string }
  | { kind: "refused"; code: ErrorCode; message: string }
  | { kind: "passed"; notes: readonly string[] };
