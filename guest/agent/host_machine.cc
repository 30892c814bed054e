#include "guest/agent/host_machine.h"

#include <unistd.h>

#include "common/base/error.h"
#include "common/base/reasons/machine.h"

namespace pyro::agent {

void HostMachine::install_secrets(const api::agent::InstallSecrets&) {
  throw failed_precondition(reason::kNoGuest, "secrets are for guests alone");
}

void HostMachine::power_off() {
  launcher_.end_all();
  ::_exit(0);
}

}  // namespace pyro::agent
