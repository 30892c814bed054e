#include "common/service/service_host.h"
#include "services/net/packages/package_cache.h"
#include "services/net/ports/published_ports.h"

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "net", [](pyro::ServiceHost& host) {
    pyro::net::PublishedPorts ports(host.paths());
    host.serve<pyro::api::PortsApi>(ports);
    pyro::net::PackageCache packages(host.paths(), host.config());
    host.serve<pyro::api::PackageCacheApi>(packages);
    host.run();
  });
}
