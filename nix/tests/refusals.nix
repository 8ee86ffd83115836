# What the modules refuse: a failed assertion, or an evaluation that stops. nix/test/module-refusals.int.test.ts reads them.
# Usage: nix-instantiate --eval --strict --json --argstr nixpkgsLib <dir> -A <case> nix/tests/refusals.nix
{ nixpkgsLib }:
let
  inherit (import ./evaluated.nix { inherit nixpkgsLib; })
    lib
    evaluate
    key
    nkeyOf
    keys
    agentBase
    agentWith
    agentResult
    withKeys
    controllerBase
    controllerWith
    controllerResult
    problemsOf
    ;
in
{
  secretInStore = problemsOf (agentWith {
    nats.seedFile = "${builtins.storeDir}/00000000000000000000000000000000-seed";
  });
  secretAsCopiedPath = problemsOf (agentWith { nodeKeyFile = "${./stubs.nix}"; });
  secretAsPathLiteral = agentResult (agentWith { nodeKeyFile = ./stubs.nix; });
  secretRelative = problemsOf (agentWith { controller.tokenFile = "token"; });
  secretWithDots = problemsOf (agentWith { controller.tokenFile = "/var/lib/../../nix/store/x"; });
  controllerSeedInStore = problemsOf (controllerWith {
    natsSeedFile = lib.mkForce "${builtins.storeDir}/00000000000000000000000000000000-seed";
  });

  standInUndeclared = problemsOf (controllerWith {
    standIn = {
      enable = true;
      natsSeedFile = "/var/lib/secrets/stand-in.seed";
      tokenFile = "/var/lib/secrets/stand-in.token";
    };
  });
  standInSeedInStore = problemsOf (controllerWith {
    nodes.stand-in = {
      nkey = nkeyOf "B";
      nodeKey = key "stand-in";
      lead = true;
    };
    standIn = {
      enable = true;
      natsSeedFile = "${builtins.storeDir}/00000000000000000000000000000000-seed";
      tokenFile = "/var/lib/secrets/stand-in.token";
    };
  });

  freshKeyInStore = problemsOf (controllerWith {
    freshKeyFile = "${builtins.storeDir}/00000000000000000000000000000000-fresh";
  });
  freshKeyCopied = problemsOf (controllerWith { settings.freshKeyFile = "${./stubs.nix}"; });
  freshKeyAsPathLiteral = controllerResult (controllerWith { freshKeyFile = ./stubs.nix; });

  badNodeName = agentResult (agentWith { node = "Web_1"; });
  badHostName = agentResult (evaluate {
    modules = [
      agentBase
      { networking.hostName = ""; }
    ];
  });
  badFleetId = agentResult (agentWith { fleetId = lib.mkForce "abc"; });
  badKey = agentResult (agentWith { nix.trustedPublicKeys = [ "ops:short" ]; });
  keysOfAnotherFleet = problemsOf (agentWith {
    fleetId = lib.mkForce (lib.concatStrings (lib.genList (_: "ab") 32));
  });
  laterKeysOfAnotherFleet = problemsOf (evaluate {
    modules = [
      agentBase
      {
        services.chimera.agent.settings = {
          fleetId = lib.mkForce (lib.concatStrings (lib.genList (_: "ab") 32));
          trustedKeys = lib.mkForce keys.second;
        };
      }
    ];
  });
  headAsKeys = problemsOf (withKeys (keys.first // { payloadType = "application/vnd.chimera.head.v1+json"; }));
  unfinishedKeys = problemsOf (withKeys (keys.first // { signatures = [ (builtins.head keys.first.signatures) ]; }));
  keysTwice = agentResult (agentWith { trustedKeys = keys.first; });
  keysAsPath = agentResult (withKeys ./keys.1.json);
  keysAsText = agentResult (withKeys (builtins.readFile ./keys.1.json));
  keysWithSecret = agentResult (withKeys (keys.first // { secret = "x"; }));
  keysUnsigned = agentResult (withKeys (keys.first // { signatures = [ ]; }));
  keysOverSigned = agentResult (
    withKeys (keys.first // { signatures = lib.genList (_: builtins.head keys.first.signatures) 33; })
  );
  keysBadSignature = agentResult (
    withKeys (
      keys.first
      // {
        signatures = [
          {
            keyid = "example-root-1";
            sig = "AAAA";
          }
        ];
      }
    )
  );
  withoutKeys = agentResult (evaluate {
    modules = [
      (lib.recursiveUpdate agentBase { services.chimera.agent.settings.trustedKeys = lib.mkIf false { }; })
    ];
  });
  controllerKeysOfAnotherFleet = problemsOf (controllerWith {
    settings.fleetId = lib.mkForce (lib.concatStrings (lib.genList (_: "ab") 32));
  });
  freshTooOften = agentResult (agentWith { freshSeconds = 59; });
  freshTooSeldom = agentResult (agentWith { freshSeconds = 604801; });
  otherStateDir = agentResult (agentWith { stateDir = "/srv/chimera"; });
  misspeltClass = agentResult (agentWith { drift.classes.unit = "report"; });
  misspeltMode = agentResult (agentWith { drift.mode = "revrt"; });
  ruleWithTooManyStars = agentResult (agentWith {
    drift.rules = [
      {
        glob = "/etc/*a*b*c*d*";
        mode = "report";
        reason = "test";
      }
    ];
  });
  ruleWithoutMode = agentResult (agentWith {
    drift.rules = [
      {
        glob = "/etc/a";
        reason = "test";
      }
    ];
  });
  ignoreWithParentheses = agentResult (agentWith {
    drift.ignore = [
      {
        glob = "/etc/+(a|b)";
        reason = "test";
      }
    ];
  });
  ignoreWithoutReason = agentResult (agentWith { drift.ignore = [ { glob = "/etc/x"; } ]; });
  missingFleetId = agentResult (evaluate {
    modules = [
      (lib.recursiveUpdate agentBase { services.chimera.agent.settings.fleetId = lib.mkIf false ""; })
    ];
  });
  missingEverything = agentResult (evaluate {
    modules = [
      { services.chimera.agent.enable = true; }
    ];
  });
  missingSeed = problemsOf (evaluate {
    modules = [
      { services.chimera.controller.enable = true; }
    ];
  });
  requireSigsOff = problemsOf (evaluate {
    modules = [
      agentBase
      { nix.settings.require-sigs = false; }
    ];
  });
  nixOff = problemsOf (evaluate {
    modules = [
      agentBase
      { nix.enable = false; }
    ];
  });

  foreignNodeKey = problemsOf (controllerWith {
    nodes.n2 = {
      nkey = nkeyOf "B";
      nodeKey = key "n1";
    };
  });
  badDeclaredNode = problemsOf (controllerWith {
    nodes."N 2" = {
      nkey = nkeyOf "B";
      nodeKey = key "n2";
    };
  });
  badNkey = controllerResult (controllerWith { nats.controllerNkey = lib.mkForce "SUAAA"; });
  sharedNkey = problemsOf (controllerWith {
    nodes.n2 = {
      nkey = nkeyOf "A";
      nodeKey = key "n2";
    };
  });
  natsWithoutNodes = problemsOf (controllerWith { nodes = lib.mkForce { }; });
  oldNats = problemsOf (evaluate {
    modules = [ controllerBase ];
    natsVersion = "2.12.4";
  });
}
