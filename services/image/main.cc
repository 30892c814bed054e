#include "common/api/environment.h"
#include "common/service/service_host.h"
#include "services/image/environments_handler.h"

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "image", [](pyro::ServiceHost& host) {
    pyro::image::EnvironmentsHandler service(host);
    host.serve<pyro::api::EnvironmentApi>(service);
    host.run();
  });
}
