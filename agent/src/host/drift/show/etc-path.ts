import type { ExpectedEtc } from "../etc-expected.ts";

/** What a look at one path of /etc goes by. */
export interface EtcPath {
  etcDir: string;
  expected: ExpectedEtc;
  /** Absolute, as events name it. */
  path: string;
  /** Below /etc; empty for /etc itself. */
  below: string;
}
