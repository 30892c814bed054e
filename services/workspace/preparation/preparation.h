#pragma once

#include <string>

#include "common/api/prepare.h"
#include "common/bus/call.h"
#include "common/bus/client.h"
#include "services/workspace/commands/commands.h"
#include "services/workspace/lifecycle/lifecycle.h"

namespace pyro::workspace {

/// Has the vm service build what machines of the environment start from, proves it on a throwaway
/// workspace (create, exec, reset, delete), and has it recorded. With nothing changed since it was
/// recorded it answers at once.
class Preparation {
 public:
  Preparation(Lifecycle& lifecycle, Commands& commands, bus::Client& vm)
      : lifecycle_(lifecycle), commands_(commands), vm_(vm) {}

  api::PreparedEnvironment handle(const api::PrepareEnvironment& request, bus::Call& call);

 private:
  void prove(const api::PrepareEnvironment& wanted, const bus::Call& call);

  Lifecycle& lifecycle_;
  Commands& commands_;
  bus::Client& vm_;
};

}  // namespace pyro::workspace
