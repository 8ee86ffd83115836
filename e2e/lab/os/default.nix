# The lab's system closures: `nix build -f e2e/lab/os --arg systemsFile /path/systems.json systems.n1` (build-systems.ts writes the file).
# Bundles are in dist/<version>/, the closures' own program is dist/stc.mjs.
#   systems.<host>    the toplevel
#   index             a JSON file: host → toplevel, so that one evaluation and one build give them all
#   chimera.<version> the programs under test
{ systemsFile ? ./systems.json, dist ? ../../../dist }:
let
  config = builtins.fromJSON (builtins.readFile systemsFile);
  lib = import ./lib.nix { system = "x86_64-linux"; };
  # A path that is already in the store: 120 MB need not be hashed at each evaluation.
  node = builtins.storePath config.node;
  chimeraOf = spec: breaksAgent: import ./package.nix lib {
    inherit node breaksAgent;
    inherit (spec) version;
    dist = dist + "/${spec.version}";
  };
  stc = builtins.path { path = dist + "/stc.mjs"; name = "switch-to-configuration.mjs"; };

  system = spec:
    let
      chimera = chimeraOf spec faults.breaksAgent;
      tmux =
        if faults.tmux != null then faults.tmux
        else if spec ? tmux then "${builtins.storePath spec.tmux}/bin/tmux"
        else "/usr/bin/tmux";
      faults = import ./faults.nix lib ({ fault = spec.fault or "none"; } // (lib.optional (spec ? fillPath) { inherit (spec) fillPath; }));
      has = role: builtins.elem role spec.roles;
      parts = [ (import ./base.nix lib spec) ]
        ++ (if has "node" then [ (import ./node.nix lib { inherit spec chimera tmux; }) ] else [ ])
        ++ (if has "hub" then [ (import ./hub.nix lib { inherit spec chimera; }) ] else [ ])
        ++ (if spec.wrappers or false then [ (import ./wrappers.nix lib) ] else [ ])
        ++ [ { etc = spec.etc or { }; units = faults.units // (spec.units or { }); } ];
    in
    import ./toplevel.nix lib {
      inherit node chimera stc tmux faults;
      spec = spec // {
        specialisations = builtins.mapAttrs
          (_: changes: system (builtins.removeAttrs (spec // changes) [ "specialisations" ]))
          (spec.specialisations or { });
      };
      etcEntries = lib.mergeAll (map (part: part.etc) parts);
      units = lib.mergeAll (map (part: part.units) parts);
    };

  systems = builtins.mapAttrs (host: spec: system ({ inherit host; } // spec)) config.hosts;
in
{
  inherit systems;
  index = lib.writeText "systems.json" (builtins.toJSON (builtins.mapAttrs (_: toplevel: "${toplevel}") systems));
  chimera = builtins.listToAttrs (map
    (spec: { name = spec.version; value = chimeraOf spec false; })
    (builtins.attrValues config.hosts));
}
