#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/bus/client.h"
#include "common/bus/server.h"
#include "common/config/config.h"
#include "common/config/paths.h"

namespace pyro {

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and those it starts, and makes them readable
/// on a descriptor.
UniqueFd block_termination_signals();

/// The surroundings of every service process: configuration, directories, log, the bus.
class ServiceHost {
 public:
  ServiceHost(std::string name, Paths paths, Config config);

  const std::string& name() const { return name_; }
  const Paths& paths() const { return paths_; }
  const Config& config() const { return config_; }

  /// A client of another service.
  bus::Client client(std::string_view service) {
    return {context_, std::string(service), paths_.bus_socket(service)};
  }

  /// Binds the service's socket; from here on callers wait for `serve`.
  bus::Server& server() { return server_; }

  /// Answers `Operations` with `service.handle(...)` until SIGTERM.
  template <class Operations, class Service>
  void serve(Service& service) {
    server_.serve(service, Operations{});
    run();
  }

 private:
  void run();

  std::string name_;
  Paths paths_;
  Config config_;
  UniqueFd signals_;
  bus::Context context_;
  bus::Server server_;
};

/// The main of a service: reads flags (--state-dir, --cache-dir, --runtime-dir, --set, --version),
/// opens the log, runs `body`. An Error ends the process with `error: …` and status 1.
/// Readiness: when the descriptor named by PYRO_READY_FD exists, one byte is written to it once
/// the service answers.
int run_service(int argc, char** argv, std::string_view name,
                const std::function<void(ServiceHost&)>& body);

}  // namespace pyro
