#pragma once

#include "common/api/stack.h"
#include "common/bus/call.h"
#include "services/supervisor/stack_runner.h"

namespace pyro::supervisor {

/// The operations of the supervisor.
class Service {
 public:
  explicit Service(StackRunner& runner) : runner_(runner) {}

  api::Stack handle(const api::StackStatus& request, bus::Call& call);
  api::Nothing handle(const api::StackDown& request, bus::Call& call);

 private:
  StackRunner& runner_;
};

}  // namespace pyro::supervisor
