// PURE. The two versions of Chimera that a lab fleet knows: the repository's, and a next one that differs in its name.
export interface FleetVersions {
  first: string;
  next: string;
}

export function fleetVersions(version: string): FleetVersions {
  return { first: version, next: `${version}-next` };
}
