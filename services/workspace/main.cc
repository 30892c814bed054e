#include "common/service/service_host.h"
#include "services/workspace/service.h"

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "workspace", [](pyro::ServiceHost& host) {
    pyro::workspace::Service service(host);
    host.serve<pyro::api::WorkspaceApi>(service);
  });
}
