#pragma once

#include <stop_token>
#include <string>

#include "common/api/disks.h"
#include "common/api/machine.h"
#include "common/bus/client.h"
#include "common/work/work.h"

namespace pyro::workspace {

/// The machines that run workspaces, as the vm service keeps them. Thread-safe.
class Machines {
 public:
  explicit Machines(bus::Client& vm) : vm_(vm) {}

  /// The machine now; a stopped one when the vm service has none of that id.
  api::Machine status(const std::string& vm_id, const Work& work);
  /// Whether status() found none.
  static bool is_gone(const api::Machine& machine) { return machine.created_at == 0; }
  api::Machine start(const std::string& vm_id, const Work& work);
  api::Machine stop(const std::string& vm_id, const std::stop_token& stop = {});
  /// The same; it does not count as active until it is started.
  void set_aside(const std::string& vm_id);
  /// One that is gone already is no error.
  void remove(const std::string& vm_id, const std::stop_token& stop = {});
  /// Of one that is not started.
  api::DiskPaths disks(const std::string& vm_id, const Work& work);
  api::WorkspaceMachines all(const std::stop_token& stop = {});

 private:
  bus::Client& vm_;
};

}  // namespace pyro::workspace
