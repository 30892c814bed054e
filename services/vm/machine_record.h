#pragma once

#include <string>

#include "common/api/environment.h"
#include "common/api/machine.h"

namespace pyro::vm {

/// A row of the registry's table `machines`: all that must outlive this process.
struct MachineRecord {
  api::Machine machine;
  api::BootFiles boot;
  std::string home = "/root";
  bool belongs_to_run = false;
  bool exec_begun = false;
  api::BootPolicy boot_policy = api::BootPolicy::kAuto;

  template <class Fields>
  static void describe(Fields& f) {
    f("machine", &MachineRecord::machine, "What callers see.");
    f("boot", &MachineRecord::boot, "What it boots from; empty in host compatibility mode.");
    f("home", &MachineRecord::home, "HOME of its commands, and where they start.");
    f("belongs_to_run", &MachineRecord::belongs_to_run,
      "Made by vm.run: nobody else knows its id.");
    f("exec_begun", &MachineRecord::exec_begun, "Its single exec has begun.");
    f("boot_policy", &MachineRecord::boot_policy, "Whether it may start from a template.");
  }

  /// Nobody waits for it once this service was restarted: it is garbage then.
  bool one_shot_in_use() const { return belongs_to_run || exec_begun; }
};

/// A row of the table `reaped_machines`, so that a late caller hears what became of its machine.
struct ReapedMachine {
  double reaped_at = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("reaped_at", &ReapedMachine::reaped_at, "Seconds since the epoch.");
  }
};

}  // namespace pyro::vm
