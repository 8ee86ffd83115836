/** The vectors as programs see them that are not ours: Python's hashlib and json, OpenSSL's ed25519. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Envelope, preAuthEncoding } from "../src/signed/envelope.ts";
import { KeySet } from "../src/signed/key-set.ts";
import { publicKeyBytes, publicKeyName, type PublicKeyText } from "../src/signed/keys.ts";

const folder = join(import.meta.dirname, "golden/v1");
const has = async (program: string, ...args: string[]) =>
  !(await execa(program, args, { reject: false })).failed;
const [hasPython, hasOpenssl] = [await has("python3", "--version"), await has("openssl", "version")];

/** RFC 6962 and canonical JSON written anew: for these leaves sorted names and no spaces are RFC 8785's form. */
const merkle = `
import base64, hashlib, json, sys
def h(b): return hashlib.sha256(b).digest()
def root(d):
    if len(d) == 1: return d[0]
    k = 1
    while k * 2 < len(d): k *= 2
    return h(b"\\x01" + root(d[:k]) + root(d[k:]))
def climb(node, index, size, path):
    fn, sn = index, size - 1
    for p in path:
        assert sn != 0
        if fn % 2 == 1 or fn == sn:
            node = h(b"\\x01" + p + node)
            while fn % 2 == 0 and fn != 0: fn >>= 1; sn >>= 1
        else:
            node = h(b"\\x01" + node + p)
        fn >>= 1; sn >>= 1
    assert sn == 0
    return node
v = json.load(open(sys.argv[1]))
hashes = [bytes.fromhex(x) for x in v["leafHashes"]]
assert root(hashes).hex() == v["root"] and len(hashes) == v["size"]
for p in v["proofs"]:
    raw = base64.b64decode(p["leaf"], validate=True)
    assert raw == p["canonical"].encode()
    leaf = json.loads(raw)
    assert json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == raw
    i = p["index"]
    d = lambda t: hashlib.sha256(t.encode()).digest()
    assert leaf == {"v": 1, "fleetId": d("fleet").hex(), "node": "n%04d" % i,
        "nodeKey": "n:" + base64.b64encode(d("key %d" % i)).decode(),
        "toplevel": "/nix/store/" + d("toplevel %d" % i).hex()[:32].replace("e", "z") + "-nixos-system-26.05",
        "closure": d("closure %d" % i).hex(), "closureSize": 4000000000 + i,
        "substituters": ["https://hub.example/cache"]}
    assert h(b"\\x00" + raw) == hashes[i]
    assert climb(hashes[i], i, v["size"], [bytes.fromhex(x) for x in p["path"]]).hex() == v["root"]
print(len(v["proofs"]))
`;

test.skipIf(!hasPython).each([1, 2, 3, 7, 8, 1000])(
  "Python finds the root, the leaves and the proofs of the world of %i nodes (skipped without python3)",
  async (size) => {
    const { stdout } = await execa("python3", ["-c", merkle, join(folder, `merkle-${size}.json`)]);
    expect(Number(stdout)).toBe(Math.min(size, 17));
  },
);

/** SubjectPublicKeyInfo of an ed25519 key, RFC 8410. */
const spkiHeader = Buffer.from("302a300506032b6570032100", "hex");
let work = "";
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "chimera-golden-"));
});
afterAll(() => {
  rmSync(work, { recursive: true });
});

async function opensslVerifies(key: PublicKeyText, signed: Buffer, signature: Buffer): Promise<boolean> {
  const inkey = join(work, "key.der");
  const data = join(work, "data");
  const sigfile = join(work, "signature");
  writeFileSync(inkey, Buffer.concat([spkiHeader, publicKeyBytes(key)]));
  writeFileSync(data, signed);
  writeFileSync(sigfile, signature);
  const args = [
    "-verify",
    "-pubin",
    "-keyform",
    "DER",
    "-inkey",
    inkey,
    "-rawin",
    "-in",
    data,
    "-sigfile",
    sigfile,
  ];
  return !(await execa("openssl", ["pkeyutl", ...args], { reject: false })).failed;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
const [one, two] = ["fleet-keys-1", "fleet-keys-2"].map((name) => KeySet.parse(read(name)));
const everyKey = [one, two].flatMap((set) =>
  Object.values(set?.roles ?? {}).flatMap((role) => role?.keys ?? []),
);

test
  .skipIf(!hasOpenssl)
  .each([
    "fleet-keys-1-envelope",
    "fleet-keys-2-envelope",
    "fleet-head-1-envelope",
    "fleet-head-2-envelope",
    "panic-envelope",
    "order-hold-envelope",
    "order-release-envelope",
    "order-quarantine-envelope",
    "fresh-envelope",
    "fresh-audit-envelope",
  ])(
  "OpenSSL verifies every signature of %s, and none over another byte (skipped without openssl)",
  async (name) => {
    const { payloadType, payload, signatures } = Envelope.parse(read(name));
    const signed = preAuthEncoding(payloadType, Buffer.from(payload, "base64"));
    const other = Buffer.concat([signed, Buffer.from(" ")]);
    for (const { keyid, sig } of signatures) {
      const key = everyKey.find((text) => publicKeyName(text) === keyid);
      if (key === undefined) throw new Error(`no key ${keyid}`);
      const signature = Buffer.from(sig, "base64");
      expect(await opensslVerifies(key, signed, signature)).toBe(true);
      expect(await opensslVerifies(key, other, signature)).toBe(false);
    }
  },
);
