/** PURE. Whose an address is, as far as one can say: an IPv4 address, or the /64 that one IPv6 customer has. */
import { isIPv6 } from "node:net";

const groupsOfNetwork = 4;

export function addressGroup(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  if (!isIPv6(plain)) return plain;
  const [left = "", right = ""] = plain.toLowerCase().split("::");
  const front = left === "" ? [] : left.split(":");
  const back = right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  const groups = plain.includes("::") ? [...front, ...zeros, ...back] : front;
  return groups.slice(0, groupsOfNetwork).map(shortGroup).join(":");
}

function shortGroup(group: string): string {
  return group.replace(/^0+(?=.)/, "");
}
