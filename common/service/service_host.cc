#include "common/service/service_host.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "common/base/error.h"
#include "common/log/log.h"

namespace pyro {
namespace {

/// The descriptor on which our starter waits. Taken out of the environment before there is a second
/// thread, and so that no child of ours inherits the name.
UniqueFd take_ready_fd() {
  const char* text = std::getenv("PYRO_READY_FD");
  if (text == nullptr) return UniqueFd();
  int fd = -1;
  const std::string_view digits = text;
  std::from_chars(digits.data(), digits.data() + digits.size(), fd);
  ::unsetenv("PYRO_READY_FD");
  if (fd <= 2 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return UniqueFd();
  return UniqueFd(fd);
}

}  // namespace

ServiceHost::ServiceHost(std::string name, Paths paths, Config config,
                         std::vector<std::string> settings)
    : name_(std::move(name)),
      paths_(std::move(paths)),
      config_(std::move(config)),
      settings_(std::move(settings)),
      ready_(take_ready_fd()),
      signals_(block_termination_signals()),
      server_(context_, {.service = name_, .socket = paths_.bus_socket(name_)}) {}

void ServiceHost::run(int stop_fd) {
  log::info("{} {} answers on {}", name_, PYRO_VERSION, paths_.bus_socket(name_).string());
  // Our starter may be gone by now; that is no reason to stop.
  if (ready_) {
    [[maybe_unused]] const ssize_t n = ::write(ready_.get(), "1", 1);
    ready_.reset();
  }
  server_.run(stop_fd);
  log::info("{} ends", name_);
}

int run_service(int argc, char** argv, std::string_view name,
                const std::function<void(ServiceHost&)>& body) {
  PathFlags flags;
  std::vector<std::string> settings;
  CLI::App app(fmt::format("The {} service of pyro; started by pyro-supervisor.", name));
  app.set_version_flag("--version", PYRO_VERSION);
  app.add_option("--state-dir", flags.state_dir, "State directory");
  app.add_option("--cache-dir", flags.cache_dir, "Cache directory");
  app.add_option("--runtime-dir", flags.runtime_dir, "Directory of the sockets");
  app.add_option("--set", settings, "A setting, as limits.max_active=8");
  CLI11_PARSE(app, argc, argv);
  try {
    const Paths paths = find_paths(flags);
    paths.make_directories();
    const Config config = load_config(paths.config_file, settings);
    log::start(paths.logs_dir(), name, config.log.level);
    ServiceHost host(std::string(name), paths, config, settings);
    body(host);
    return 0;
  } catch (const std::exception& error) {
    log::error("{} cannot continue: {}", name, error.what());
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}

}  // namespace pyro
