#pragma once

#include <optional>
#include <string>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/api/network.h"

namespace pyro::vm {

/// A row of the registry's table `machines`: the state that must outlive this process.
struct MachineRecord {
  api::Machine machine;
  api::BootFiles boot;
  std::string home = "/root";
  bool belongs_to_run = false;
  bool exec_begun = false;
  api::BootPolicy boot_policy = api::BootPolicy::kAuto;
  std::optional<std::string> workspace_id;
  std::optional<std::string> replaces;
  bool has_volume = false;
  bool set_aside = false;
  api::NetworkRules network;
  bool network_pending = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("machine", &MachineRecord::machine, "The machine as callers see it.");
    f("boot", &MachineRecord::boot,
      "The files that it boots from; empty in host compatibility mode.");
    f("home", &MachineRecord::home, "HOME of its commands, and where they start.");
    f("belongs_to_run", &MachineRecord::belongs_to_run, "Made by vm.run: no caller knows its id.");
    f("exec_begun", &MachineRecord::exec_begun, "Its single exec has begun.");
    f("boot_policy", &MachineRecord::boot_policy, "Whether it may start from a template.");
    f("workspace_id", &MachineRecord::workspace_id,
      "The workspace that it serves, and with which it goes.");
    f("replaces", &MachineRecord::replaces, "Another machine of that workspace, which goes soon.");
    f("has_volume", &MachineRecord::has_volume, "Its workspace disk holds a volume.");
    f("set_aside", &MachineRecord::set_aside,
      "Of an expired workspace: it does not count as active until it is started.");
    f("network", &MachineRecord::network, "What its guest may reach.");
    f("network_pending", &MachineRecord::network_pending,
      "Its shim or its guest may have another network than that: they are to be given it.");
  }

  /// After a restart of this service it has no caller, so it is garbage.
  bool one_shot_in_use() const { return belongs_to_run || exec_begun; }

  bool expires() const { return !workspace_id; }
  bool expired_at(double now) const { return expires() && machine.expires_at <= now; }
};

}  // namespace pyro::vm
