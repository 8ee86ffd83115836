# What is wrong with a faulty system. Each fault lives in the system's own scripts and units, and only going back mends it.
lib: { fault, fillPath ? "/var/lib/chimera" }:
let
  oneshot = description: start: stop: {
    wantedBy = [ "multi-user.target" ];
    text = ''
      [Unit]
      Description=${description}
      After=chimera-sentinel.service network.target

      [Service]
      Type=oneshot
      RemainAfterExit=yes
      Environment=PATH=${lib.unitPath}
      ExecStart=${start}
    '' + (if stop == null then "" else "ExecStop=${stop}\n");
  };
  script = name: text: lib.writeScript name "#!/bin/sh\n${text}";
  nothing = { preSwitch = ""; activation = ""; initInterface = null; init = ""; units = { }; kernelParams = [ ]; kernelBoots = true; };
  faults = {
    none = { };
    exit1.preSwitch = ''
      echo "lab fault: the pre-switch check refuses" >&2
      exit 1
    '';
    exit2.activation = ''
      echo "lab fault: an activation snippet fails" >&2
      false
    '';
    exit4.units."lab-fault.service" = oneshot "Lab fault: fails to start" "/bin/false" null;
    # Up when the switch ends, failed a moment later: what probation is for.
    fail-unit.units."lab-fault.service" = {
      wantedBy = [ "multi-user.target" ];
      text = ''
        [Unit]
        Description=Lab fault: dies after it started

        [Service]
        ExecStart=/bin/sh -c 'sleep 3; exit 3'
      '';
    };
    exit100.initInterface = "systemd 999";
    # Does not even end when it is asked to.
    hang.activation = ''
      echo "lab fault: activation hangs" >&2
      trap "" TERM HUP INT
      while :; do sleep 1; done
    '';
    cut-network.units."lab-fault.service" = oneshot "Lab fault: cuts the network"
      (script "lab-cut-network" ''
        set -eu
        nft add table inet lab_fault
        nft 'add chain inet lab_fault in { type filter hook input priority -300; policy drop; }'
        nft 'add chain inet lab_fault out { type filter hook output priority -300; policy drop; }'
        nft add rule inet lab_fault in iif lo accept
        nft add rule inet lab_fault out oif lo accept
        # The door by which the lab itself enters a VM is no part of the machine's network.
        nft add rule inet lab_fault in iifname lab0 accept
        nft add rule inet lab_fault out oifname lab0 accept
      '')
      (script "lab-mend-network" "nft delete table inet lab_fault");
    kill-agent.activation = ''
      if read -r pid 2>/dev/null < /run/chimera/agent.pid; then
        echo "lab fault: killing the agent ($pid)" >&2
        kill -KILL "$pid" || true
      fi
    '';
    fill-disk.units."lab-fault.service" = oneshot "Lab fault: fills the disk"
      (script "lab-fill-disk" ''
        set -eu
        size=$(stat -f -c '%b * %S' ${fillPath})
        # A big file system is the host's own disk seen through the overlay: that one is not ours to fill.
        if [ "$(($size))" -gt 2147483648 ]; then
          echo "lab fault: ${fillPath} is larger than 2 GiB: give the node a small data disk" >&2
          exit 1
        fi
        cat /dev/zero > ${fillPath}/lab-fill 2>/dev/null || true
      '')
      (script "lab-empty-disk" "rm -f ${fillPath}/lab-fill");
    # What a container has in the place of a kernel that panics: a reset, without a word to anybody.
    no-boot.init = ''
      echo "lab fault: this system does not boot" >&2
      sleep 1
      exec systemctl reboot --force --force
    '';
    # The kernel starts, the machine reboots 5 s after its panic.
    boot-panic.kernelParams = [ "panic=5" "lab.panic" ];
    # The loader cannot start it; the machine stands still until somebody switches it off.
    boot-garbage.kernelBoots = false;
  };
in
nothing // (faults.${fault} or (throw "unknown fault ${fault}: one of ${toString (builtins.attrNames faults)}"))
