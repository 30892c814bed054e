#include "common/api/files.h"
#include "common/service/service_host.h"
#include "services/files/service.h"

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "files", [](pyro::ServiceHost& host) {
    pyro::files::Service service(host);
    host.serve<pyro::api::VolumesApi>(service);
    host.serve<pyro::api::MachineFilesApi>(service);
    host.run();
  });
}
