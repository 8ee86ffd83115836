/** SHELL. For the tests of one file: one operator, whose fleet server is as new before each, and how bad input is told. */
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { createOperator, type TestOperator } from "./operator.ts";

export function useOperator() {
  let made: TestOperator | null = null;
  const operator = (): TestOperator => {
    if (made === null) throw new Error("the operator is there while a test runs");
    return made;
  };
  beforeAll(async () => {
    made = await createOperator();
  });
  beforeEach(() => {
    const { server } = operator();
    server.nodes.clear();
    server.requests.length = 0;
    server.intercept = () => false;
  });
  afterAll(() => operator().close());
  return {
    operator,
    outcome: async (args: readonly string[]) => {
      const { code, err } = await operator().call(args);
      return { code, err, sent: operator().server.writes() };
    },
    refusal: (code: number, says: RegExp) => ({ code, err: expect.stringMatching(says), sent: [] }),
  };
}
