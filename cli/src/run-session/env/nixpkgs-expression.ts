/** PURE. What nixpkgs is asked about Python, as one Nix file with three attributes. Every name comes in as data, none as code. */

export const nixpkgsExpression = `{ nixpkgs, system, python ? "python3", packages ? "[ ]" }:
let
  flake = builtins.getFlake nixpkgs;
  pkgs = flake.legacyPackages.\${system} or flake.packages.\${system};
  wanted = builtins.fromJSON packages;
  # A package that was removed is an attribute that throws.
  versionOf = set: name:
    let tried = builtins.tryEval (if set ? \${name} then set.\${name}.version or null else null); in
    if tried.success then tried.value else null;
  interpreter = pkgs.\${python};
  extrasOf = package: extra: package.optional-dependencies.\${extra} or [ ];
in
{
  # "python3" is the one that nixpkgs itself prefers.
  pythons = builtins.filter (one: one.version != null) (map
    (attribute: { inherit attribute; version = versionOf pkgs attribute; })
    [ "python3" "python315" "python314" "python313" "python312" "python311" "python310" ]);
  offers = map (name: { inherit name; version = versionOf interpreter.pkgs name; }) wanted;
  environment = interpreter.withPackages (set: builtins.concatMap
    ({ name, extras }: [ set.\${name} ] ++ builtins.concatMap (extrasOf set.\${name}) extras)
    wanted);
}
`;
