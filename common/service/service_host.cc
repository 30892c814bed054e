#include "common/service/service_host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "common/base/core_dumps.h"
#include "common/base/error.h"
#include "common/base/standard_descriptors.h"
#include "common/command_line/parse.h"
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
      server_(context_, {.service = name_,
                         .socket = paths_.bus_socket(name_),
                         .make_directory = [this] { paths_.make_directories(); }}) {}

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
  open_standard_descriptors();
  leave_no_core_dumps();
  // That of the user's shell would bar exports from their modes, and machines from their files.
  ::umask(022);
  PathFlags flags;
  std::vector<std::string> settings;
  CliCommand command(fmt::format("pyro-{}", name),
                     fmt::format("The {} service of pyro; started by pyro-supervisor.", name));
  command.add_version(PYRO_VERSION);
  command.add({.name = "--state-dir", .help = "State directory", .value_name = "DIR"},
              flags.state_dir);
  command.add({.name = "--cache-dir", .help = "Cache directory", .value_name = "DIR"},
              flags.cache_dir);
  command.add({.name = "--runtime-dir", .help = "Directory of the sockets", .value_name = "DIR"},
              flags.runtime_dir);
  command.add({.name = "--set",
               .help = "A setting, as limits.max_active=8",
               .value_name = "SECTION.KEY=VALUE"},
              settings);
  command.action = [&] {
    const Paths paths = find_paths(flags);
    paths.make_directories();
    const Config config = load_config(paths.config_file, settings);
    log::start(paths.logs_dir(), name, config.log.level);
    ServiceHost host(std::string(name), paths, config, settings);
    body(host);
    return 0;
  };
  try {
    return run_program(command, argc, argv);
  } catch (const std::exception& error) {
    log::error("{} cannot continue: {}", name, error.what());
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}

}  // namespace pyro
