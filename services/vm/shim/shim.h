#pragma once

#include <asio.hpp>
#include <string>
#include <thread>

#include "common/link/link_server.h"
#include "common/process/child_process.h"
#include "services/vm/shim/shim_spec.h"

namespace pyro::vm {

/// Keeps one machine alive while services restart: owns the VMM process and serves the guest link
/// on a unix socket. It and its VMM end together.
///
/// A host that shuts down or logs its user out sends SIGTERM, SIGHUP or SIGINT: the shim then
/// powers the guest off, which loses nothing. SIGUSR1 ends the VMM at once.
class Shim {
 public:
  /// Starts the VMM and listens. Make it on a thread that lives as long as the process: the kernel
  /// kills the VMM when that thread ends.
  Shim(asio::io_context& loop, const ShimSpec& spec);

  /// Runs until the VMM ends or a signal has ended it; returns after the VMM is gone.
  void run();

 private:
  void end(const std::string& reason);
  void power_off();

  asio::io_context& loop_;
  UniqueFd vmm_end_of_link_;
  link::LinkServer link_;
  ChildProcess vmm_;
  asio::posix::stream_descriptor vmm_exit_;
  asio::signal_set termination_;
  asio::signal_set quick_end_;
  std::string link_socket_;
  std::jthread powering_off_;
};

}  // namespace pyro::vm
