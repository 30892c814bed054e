#include "common/service/service_host.h"
#include "services/vm/service.h"

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "vm", [](pyro::ServiceHost& host) {
    const pyro::vm::Service service(host);
    host.run();
  });
}
