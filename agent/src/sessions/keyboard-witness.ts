/** PURE. Whoever writes down what becomes of a session while somebody may type there: who, how much, and never what. */
import type { SessionFacts, SessionName } from "@chimera/proto/sessions/session";

export interface KeyboardWitness {
  /**
   * Resolves when what the terminal shows from now on is written down, until the session ends; or when it is known that it cannot be, which keeps
   * nobody from typing.
   */
  begin: (session: SessionName) => Promise<void>;
  given: (session: SessionName, to: NonNullable<SessionFacts["keyboard"]>) => void;
  typed: (session: SessionName, bytes: number) => void;
  /** Whoever held it last does no more. */
  over: (session: SessionName, reason: string) => void;
}
