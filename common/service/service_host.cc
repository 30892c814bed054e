#include "common/service/service_host.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "common/base/error.h"
#include "common/log/log.h"

namespace pyro {
namespace {

/// Tells who started us that the socket is bound, and closes the descriptor.
void announce_ready() {
  const char* text = std::getenv("PYRO_READY_FD");
  if (text == nullptr) return;
  int fd = -1;
  const std::string_view digits = text;
  std::from_chars(digits.data(), digits.data() + digits.size(), fd);
  ::unsetenv("PYRO_READY_FD");
  if (fd <= 2) return;
  [[maybe_unused]] const ssize_t n = ::write(fd, "1", 1);
  ::close(fd);
}

}  // namespace

UniqueFd block_termination_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, number);
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) throw system_error("pthread_sigmask");
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) throw system_error("signalfd");
  return fd;
}

ServiceHost::ServiceHost(std::string name, Paths paths, Config config)
    : name_(std::move(name)),
      paths_(std::move(paths)),
      config_(std::move(config)),
      signals_(block_termination_signals()),
      server_(context_, {.service = name_, .socket = paths_.bus_socket(name_)}) {}

void ServiceHost::run() {
  log::info("{} {} answers on {}", name_, PYRO_VERSION, paths_.bus_socket(name_).string());
  announce_ready();
  server_.run(signals_.get());
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
    ServiceHost host(std::string(name), paths, config);
    body(host);
    return 0;
  } catch (const std::exception& error) {
    log::error("{} cannot go on: {}", name, error.what());
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}

}  // namespace pyro
