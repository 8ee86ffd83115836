/** SHELL. The part of /v1 that carries signed documents other than heads. What comes from here is checked by whoever asked. */
import {
  DocumentFound,
  DocumentStored,
  KeyChain,
  OrderResult,
  Proposal,
  ProposalList,
  StandingOrders,
} from "@chimera/proto/api";
import type { Envelope } from "@chimera/proto/signed/envelope";
import type { z } from "zod";
import { ask } from "./ask.ts";
import type { Send } from "./http.ts";

export interface DocumentApi {
  /** Every key set of the fleet, first to newest. */
  keys(): Promise<Envelope[]>;
  putKeys(envelope: Envelope): Promise<DocumentStored>;
  putPanic(envelope: Envelope): Promise<DocumentStored>;
  /** The panic that was signed in advance for the newest head. */
  panicReady(): Promise<Envelope | null>;
  putPanicReady(envelope: Envelope): Promise<DocumentStored>;
  /** The order with the fleet's whole quarantine list. */
  quarantine(): Promise<Envelope | null>;
  putQuarantine(envelope: Envelope): Promise<DocumentStored>;
  /** For the lead of the newest rollout. */
  putRolloutAsk(envelope: Envelope): Promise<DocumentStored>;
  orders(): Promise<StandingOrders>;
  /** Waits for the answers of its nodes. */
  postOrder(envelope: Envelope): Promise<OrderResult>;
  proposals(): Promise<Proposal[]>;
  /** Adds the envelope's signatures to those that are there. */
  putProposal(id: string, envelope: Envelope): Promise<Proposal>;
}

/** `patient` waits longer: orders go to every node before they are answered. */
export function createDocumentApi(send: Send, patient: Send): DocumentApi {
  const get = <T>(path: string, schema: z.ZodType<T>) => ask(send, { method: "GET", path }, schema);
  const put = <T>(path: string, envelope: Envelope, schema: z.ZodType<T>) =>
    ask(send, { method: "PUT", path, body: JSON.stringify({ envelope }) }, schema);
  return {
    keys: async () => (await get("/v1/keys", KeyChain)).keySets,
    putKeys: (envelope) => put("/v1/keys", envelope, DocumentStored),
    putPanic: (envelope) => put("/v1/panic", envelope, DocumentStored),
    panicReady: async () => (await get("/v1/panic/ready", DocumentFound)).envelope,
    putPanicReady: (envelope) => put("/v1/panic/ready", envelope, DocumentStored),
    quarantine: async () => (await get("/v1/quarantine", DocumentFound)).envelope,
    putQuarantine: (envelope) => put("/v1/quarantine", envelope, DocumentStored),
    putRolloutAsk: (envelope) => put("/v1/rollout/ask", envelope, DocumentStored),
    orders: () => get("/v1/orders", StandingOrders),
    postOrder: (envelope) =>
      ask(patient, { method: "POST", path: "/v1/orders", body: JSON.stringify({ envelope }) }, OrderResult),
    proposals: async () => (await get("/v1/proposals", ProposalList)).proposals,
    putProposal: (id, envelope) => put(`/v1/proposals/${id}`, envelope, Proposal),
  };
}
