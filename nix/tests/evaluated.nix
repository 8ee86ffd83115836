# Our modules in nixpkgs' own module system, with what a machine needs of them: the cases of modules.nix and refusals.nix vary it.
{ nixpkgsLib }:
let
  lib = import (/. + "${nixpkgsLib}/lib");

  evaluate =
    {
      modules,
      natsVersion ? "2.15.1",
      withBootCounting ? true,
    }:
    let
      inherit
        (lib.evalModules {
          modules = [
            ../modules/agent.nix
            ../modules/controller.nix
            (import ./stubs.nix { inherit lib natsVersion withBootCounting; })
          ]
          ++ modules;
        })
        config
        ;
      failed = builtins.filter (entry: !entry.assertion) config.assertions;
    in
    {
      problems = map (entry: entry.message) failed;
      inherit config;
    };

  key = name: "${name}:6wn2Q8yyaZL1PHU7uCKUV1CyyHT6JxBuRP1Lc3V6L0s=";
  nkeyOf = letter: "U" + lib.concatStrings (lib.genList (_: letter) 55);
  keys = import ./example-keys.nix;
  inherit (keys) fleetId;

  agentBase = {
    services.chimera.agent = {
      enable = true;
      settings = {
        inherit fleetId;
        nats.servers = [ "nats://hub:4222" ];
        controller.url = "http://hub:7070";
        trustedKeys = keys.first;
        nix.trustedPublicKeys = [ (key "lab-cache") ];
      };
    };
  };

  controllerBase = {
    services.chimera.controller = {
      enable = true;
      natsSeedFile = "/var/lib/secrets/controller.seed";
      openFirewall = true;
      nats = {
        enable = true;
        controllerNkey = nkeyOf "C";
      };
      nodes.n1 = {
        nkey = nkeyOf "A";
        nodeKey = key "n1";
      };
      settings = {
        inherit fleetId;
        listen.host = "0.0.0.0";
        trustedKeys = keys.first;
      };
    };
  };

  agentWith = settings: (evaluate { modules = [ agentBase { services.chimera.agent.settings = settings; } ]; });
  agentModuleWith = extra: evaluate { modules = [ agentBase { services.chimera.agent = extra; } ]; };
  withKeys = trustedKeys: agentWith { trustedKeys = lib.mkForce trustedKeys; };
  # Everything that a wrong value can break has to be forced, or a lazy error would pass for success.
  agentResult = evaluation: {
    inherit (evaluation) problems;
    settings = evaluation.config.environment.etc."chimera/agent.json".source.value;
  };
  controllerWith =
    extra: evaluate { modules = [ controllerBase { services.chimera.controller = extra; } ]; };
  controllerResult = evaluation: {
    inherit (evaluation) problems;
    settings = evaluation.config.environment.etc."chimera/controller.json".source.value;
  };
  problemsOf = evaluation: evaluation.problems;
in
{
  inherit
    lib
    evaluate
    key
    nkeyOf
    keys
    agentBase
    agentWith
    agentModuleWith
    agentResult
    withKeys
    controllerBase
    controllerWith
    controllerResult
    problemsOf
    ;
}
