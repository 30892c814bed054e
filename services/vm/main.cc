#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/service/service_host.h"
#include "services/vm/service.h"

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "vm", [](pyro::ServiceHost& host) {
    pyro::vm::Service service(host);
    host.serve<pyro::api::MachineApi>(service);
    host.serve<pyro::api::TemplateApi>(service);
    host.serve<pyro::api::Api<pyro::api::Quiesce>>(service);
    host.run();
  });
}
