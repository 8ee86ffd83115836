/** PURE. What can be proposed, as it was signed. */
import type { Head } from "@chimera/proto/signed/head";
import type { KeySet } from "@chimera/proto/signed/key-set";
import type { Order } from "@chimera/proto/signed/order";
import type { Panic } from "@chimera/proto/signed/panic";

export type Proposed =
  | { kind: "keys"; document: KeySet }
  | { kind: "head"; document: Head }
  | { kind: "panic"; document: Panic }
  | { kind: "order"; document: Order };
