/** `nix path-info --json` of every Nix: the shapes are those of Nix 2.3, of 2.26.3 as it printed them, and of the source of 2.36. */
import { expect, test } from "vitest";
import { PathFacts, pathInfoShapes, PathVouchers } from "./path-info-shapes.ts";

const path = "/nix/store/s66mzxpvicwk07gjbjfw9izjfa797vsw-hello-2.12.1";
const base = path.slice("/nix/store/".length);
const sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const nix32 = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
const digits = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const signature = `cache.example.org-1:${"A".repeat(86)}==`;
const [keyName, sig] = ["cache.example.org-1", `${"A".repeat(86)}==`];
const beside = { deriver: null, registrationTime: 1_700_000_000, ultimate: false, storeDir: "/nix/store" };

/** What is left out is what nobody reads. */
const printed: Record<string, { json: object; narHash: string; ca: string | null }> = {
  "2.3, a list": {
    json: [
      {
        path,
        narHash: nix32,
        narSize: 112,
        references: [path],
        ca: "fixed:r:sha256:x",
        signatures: [signature],
      },
    ],
    narHash: nix32,
    ca: "fixed:r:sha256:x",
  },
  "2.26, a map": {
    json: {
      [path]: {
        ...beside,
        narHash: sri,
        narSize: 112,
        references: [path],
        ca: null,
        signatures: [signature],
      },
    },
    narHash: sri,
    ca: null,
  },
  "format 1 of 2.33, a map with its version in each": {
    json: {
      [path]: {
        ...beside,
        version: 1,
        narHash: sri,
        narSize: 112,
        references: [path],
        ca: "text:sha256:x",
        signatures: [signature],
      },
    },
    narHash: sri,
    ca: "text:sha256:x",
  },
  "format 2, nested, by base names": {
    json: {
      version: 2,
      storeDir: "/nix/store",
      info: {
        [base]: {
          ...beside,
          version: 2,
          narHash: sri,
          narSize: 112,
          references: [base],
          ca: { method: "nar", hash: sri },
          signatures: [signature],
        },
      },
    },
    narHash: sri,
    ca: `fixed:r:sha256:${digits}`,
  },
  "format 3, signatures in two parts": {
    json: {
      version: 3,
      storeDir: "/nix/store",
      info: {
        [base]: {
          ...beside,
          version: 3,
          narHash: sri,
          narSize: 112,
          references: [base],
          ca: { method: "flat", hash: sri },
          signatures: [{ keyName, sig }],
        },
      },
    },
    narHash: sri,
    ca: `fixed:sha256:${digits}`,
  },
};

test.each(Object.entries(printed))("%s, is read", (_, { json, narHash, ca }) => {
  const facts = pathInfoShapes(json, PathFacts);
  expect(facts?.[0]?.[0]).toBe(path);
  expect(facts?.[0]?.[1]).toMatchObject({ narHash, narSize: 112 });
  expect(pathInfoShapes(json, PathVouchers)).toEqual([[path, { signatures: [signature], ca }]]);
});

test.each([
  ["of the list", [{ path, valid: false }]],
  ["of the map", { [path]: null }],
  ["of the nested map", { version: 2, storeDir: "/nix/store", info: { [base]: null } }],
])("a path that is not valid has no facts: %s", (_, json) => {
  expect(pathInfoShapes(json, PathFacts)).toEqual([[path, null]]);
});

test("a way of adding that is not known is left out, and what is no such JSON is none", () => {
  const info = { [base]: { signatures: [], ca: { method: "blake", hash: sri } } };
  expect(pathInfoShapes({ version: 4, info }, PathVouchers)).toEqual([[path, { signatures: [], ca: null }]]);
  for (const json of [null, "text", 5, { version: 4, info: [] }, { [path]: "text" }])
    expect(pathInfoShapes(json, PathFacts)).toBeUndefined();
});
