#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/bus/client.h"
#include "common/bus/server.h"
#include "common/config/config.h"
#include "common/config/paths.h"
#include "common/process/signals.h"

namespace pyro {

/// The surroundings of every service process: configuration, directories, log, the bus.
class ServiceHost {
 public:
  ServiceHost(std::string name, Paths paths, Config config, std::vector<std::string> settings = {});

  const std::string& name() const { return name_; }
  const Paths& paths() const { return paths_; }
  const Config& config() const { return config_; }
  /// The settings given as flags, to pass on to processes of the suite.
  const std::vector<std::string>& settings() const { return settings_; }
  /// Readable after SIGTERM, SIGINT or SIGHUP.
  int signal_fd() const { return signals_.get(); }

  /// A client of another service.
  bus::Client client(std::string_view service) {
    return {context_, std::string(service), paths_.bus_socket(service)};
  }

  bus::Context& context() { return context_; }

  /// Binds the service's socket; from here on callers wait for `serve`.
  bus::Server& server() { return server_; }

  /// Makes `handler.handle(…)` answer the operations of one Api. Call it once per Api.
  template <class Operations, class Handler>
  void serve(Handler& handler) {
    server_.serve(handler, Operations{});
  }

  /// Answers calls until SIGTERM.
  void run() { run(signals_.get()); }
  /// The same until `stop_fd` is readable, for a service with its own way to end.
  void run(int stop_fd);

 private:
  std::string name_;
  Paths paths_;
  Config config_;
  std::vector<std::string> settings_;
  UniqueFd ready_;
  UniqueFd signals_;
  bus::Context context_;
  bus::Server server_;
};

/// The main of a service: reads flags (--state-dir, --cache-dir, --runtime-dir, --set, --version),
/// opens the log, runs `body`. An Error ends the process with `error: …` and status 1.
/// Readiness: writes one byte to the descriptor named by PYRO_READY_FD, if any, once the service
/// answers.
int run_service(int argc, char** argv, std::string_view name,
                const std::function<void(ServiceHost&)>& body);

}  // namespace pyro
