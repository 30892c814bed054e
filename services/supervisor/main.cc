#include <cstdlib>

#include "common/api/stack.h"
#include "common/config/paths.h"
#include "common/registry/recovery.h"
#include "common/service/service_host.h"
#include "common/stack/installation.h"
#include "services/supervisor/service.h"
#include "services/supervisor/stack_file.h"
#include "services/supervisor/stack_lock.h"
#include "services/supervisor/stack_runner.h"

namespace {

/// Set by `stack restart`; not for the services.
bool take_replace() {
  const bool set = std::getenv("PYRO_REPLACE_SERVICES") != nullptr;
  ::unsetenv("PYRO_REPLACE_SERVICES");
  return set;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace pyro;
  return run_service(argc, argv, "supervisor", [](ServiceHost& host) {
    const FileLock lock = supervisor::lock_state_dir(host.paths());
    recover_registry(host.paths().registry());
    const auto stack = supervisor::read_stack_file(find_stack_file());
    export_paths(host.paths());  // for the services
    supervisor::StackRunner runner(stack, host.paths(), host.config(), host.settings(),
                                   host.context(), take_replace());
    supervisor::Service service(runner);
    runner.start(host.signal_fd());
    host.serve<api::StackApi>(service);
    host.run(runner.done_fd());
  });
}
