#include "services/vm/shim/shim.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/confinement/confinement.h"
#include "common/guest/machine_paths.h"
#include "common/link/link_server.h"
#include "common/process/child_process.h"
#include "services/vm/drivers/link_fd.h"
#include "services/vm/shim/control_server.h"
#include "services/vm/shim/logged_stream.h"
#include "services/vm/shim/power_off.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kEndOfVmm{1};

FileLock lock_machine(const fs::path& directory) {
  FileLock lock = FileLock::attempt(directory / MachinePaths::kShimLock);
  if (!lock.held()) {
    throw failed_precondition("another shim keeps the machine of '{}'", directory.string());
  }
  if (::ftruncate(lock.fd(), 0) != 0) throw system_error("ftruncate");
  write_all(lock.fd(), fmt::format("{}\n", ::getpid()));
  return lock;
}

/// Returns our end; `vmm_end` becomes the other one.
UniqueFd make_socket_pair(UniqueFd& vmm_end) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw system_error("socketpair");
  }
  vmm_end.reset(ends[1]);
  return UniqueFd(ends[0]);
}

/// Returns the end to read; `write_end` becomes the other one.
UniqueFd make_pipe(UniqueFd& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  write_end.reset(ends[1]);
  return UniqueFd(ends[0]);
}

/// What the VMM prints, and its guest's console.
struct Printed {
  std::optional<LoggedStream> output;
  std::optional<LoggedStream> console;

  void drain() {
    if (output) output->drain();
    if (console) console->drain();
  }
};

/// Our end of the VMM's monitor, if it has one; `vmm_end` becomes the other.
UniqueFd make_monitor(const ShimSpec& spec, UniqueFd& vmm_end) {
  return spec.control_socket.empty() ? UniqueFd() : make_socket_pair(vmm_end);
}

/// The descriptors that we got for the VMM; ours are closed when this returns.
ChildProcess start_vmm(asio::io_context& loop, const ShimSpec& spec, int link, int monitor,
                       Printed& printed) {
  UniqueFd output;
  printed.output.emplace(loop, make_pipe(output), spec.vmm_log);
  UniqueFd console;
  Command command{.argv = spec.argv,
                  .descriptors = {{1, output.get()}, {2, output.get()}, {kLinkFd, link}},
                  .parentage = Parentage::kDieWithParent};
  if (!spec.ends_by_signals) command.blocked_signals = {SIGTERM, SIGHUP, SIGINT};
  if (!spec.console_log.empty()) {
    printed.console.emplace(loop, make_socket_pair(console), spec.console_log);
    command.descriptors.emplace_back(kConsoleFd, console.get());
  }
  if (monitor >= 0) command.descriptors.emplace_back(kMonitorFd, monitor);
  std::vector<UniqueFd> handed_on;
  for (const int number : spec.descriptors) {
    ::fcntl(number, F_SETFD, FD_CLOEXEC);
    handed_on.emplace_back(number);
    command.descriptors.emplace_back(number, number);
  }
  return start_confined(std::move(command), spec.confinement);
}

fs::path control_socket_of(fs::path link_socket) {
  return link_socket.replace_extension(MachinePaths::kControlExtension);
}

class Shim {
 public:
  /// Starts the VMM and listens.
  Shim(asio::io_context& loop, const ShimSpec& spec, const fs::path& directory);

  /// Runs until the VMM ends or a signal has ended it; returns after the VMM is gone.
  void run();

 private:
  void end(const std::string& reason);
  void give_up(const std::string& why);
  void power_off();
  void serve_again();

  asio::io_context& loop_;
  UniqueFd directory_;
  FileLock lock_;
  UniqueFd vmm_end_of_link_;
  link::LinkServer link_;
  Printed printed_;
  UniqueFd vmm_end_of_monitor_;
  UniqueFd monitor_;
  ChildProcess vmm_;
  std::optional<ControlServer> control_;
  asio::posix::stream_descriptor vmm_exit_;
  asio::steady_timer giving_up_;
  asio::signal_set termination_;
  asio::signal_set quick_end_;
  asio::signal_set lost_socket_;
  fs::path link_socket_;
  std::jthread powering_off_;
};

Shim::Shim(asio::io_context& loop, const ShimSpec& spec, const fs::path& directory)
    : loop_(loop),
      directory_(open_file(directory, O_PATH | O_DIRECTORY)),
      lock_(lock_machine(directory)),
      link_(loop, make_socket_pair(vmm_end_of_link_), spec.link_socket,
            [this](const std::string& reason) { end("the guest link broke: " + reason); }),
      monitor_(make_monitor(spec, vmm_end_of_monitor_)),
      vmm_(start_vmm(loop, spec, vmm_end_of_link_.get(), vmm_end_of_monitor_.get(), printed_)),
      vmm_exit_(loop, ::fcntl(vmm_.pidfd(), F_DUPFD_CLOEXEC, 3)),
      giving_up_(loop),
      termination_(loop, SIGTERM, SIGHUP, SIGINT),
      quick_end_(loop, kEndAtOnce),
      lost_socket_(loop, kServeAgain),
      link_socket_(spec.link_socket) {
  vmm_end_of_link_.reset();
  vmm_end_of_monitor_.reset();
  if (monitor_) {
    control_.emplace(loop, std::move(monitor_), spec.control_socket,
                     [this](const std::string& why) { give_up(why); });
  }
  vmm_exit_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this](const std::error_code& failed) {
                         if (!failed) end("the VMM ended");
                       });
  termination_.async_wait([this](const std::error_code& failed, int) {
    if (!failed) power_off();
  });
  quick_end_.async_wait([this](const std::error_code& failed, int) {
    if (!failed) end("asked to end at once");
  });
  serve_again();
}

/// A standby machine's directory and socket are renamed for its caller.
void Shim::serve_again() {
  lost_socket_.async_wait([this](const std::error_code& failed, int) {
    if (failed) return;
    try {
      const fs::path here = fs::read_symlink(fmt::format("/proc/self/fd/{}", directory_.get()));
      link_socket_.replace_filename(here.filename().string() + ".link");
      link_.listen_again(link_socket_);
      if (control_) control_->listen_again(control_socket_of(link_socket_));
      fmt::print(stderr, "shim: serves '{}' again\n", link_socket_.string());
    } catch (const std::exception& error) {
      fmt::print(stderr, "shim: cannot serve '{}' again: {}\n", link_socket_.string(),
                 error.what());
    }
    serve_again();
  });
}

/// A VMM that ends closes its monitor first: its end is the reason then.
void Shim::give_up(const std::string& why) {
  giving_up_.expires_after(kEndOfVmm);
  giving_up_.async_wait([this, why](const std::error_code& failed) {
    if (!failed) end("the guest's network card could not be disconnected: " + why);
  });
}

/// In a thread beside the loop, which carries the call to the guest. The VMM's end ends the loop.
void Shim::power_off() {
  fmt::print(stderr, "shim: asked to end: the guest powers off\n");
  powering_off_ = std::jthread([this](const std::stop_token& stop) {
    try {
      power_off_guest(link_socket_, vmm_.pidfd(), stop);
    } catch (const Error& error) {
      asio::post(loop_,
                 [this, text = error.message()] { end("the guest did not power off: " + text); });
    }
  });
}

void Shim::end(const std::string& reason) {
  fmt::print(stderr, "shim: {}\n", reason);
  loop_.stop();
}

void Shim::run() {
  loop_.run();
  vmm_.kill();
  printed_.drain();
  powering_off_ = {};
}

}  // namespace

void run_shim(const ShimSpec& spec, const fs::path& directory, const std::function<void()>& ready) {
  asio::io_context loop(1);
  Shim shim(loop, spec, directory);
  ready();
  shim.run();
}

}  // namespace pyro::vm
