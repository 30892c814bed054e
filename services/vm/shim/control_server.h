#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "common/api/dispatcher.h"
#include "common/link/message_frame.h"
#include "common/link/unix_listener.h"
#include "common/work/work.h"
#include "services/vm/shim/control.h"
#include "services/vm/shim/machine_network.h"
#include "services/vm/shim/qmp.h"

namespace pyro::vm {

/// Answers the vm service on a machine's control socket, one request after the other, on a thread
/// of its own: a VMM that does not answer delays neither the guest's link nor the shim's end. The
/// monitor is the shim's as long as the machine runs, whatever becomes of the services.
class ControlServer {
 public:
  /// `monitor` is our end of the VMM's monitor. The guest's network card has no carrier before
  /// anything else is asked. When the VMM does not comply every request is refused, and `on_failed`
  /// hears of it on the loop.
  ControlServer(asio::io_context& loop, UniqueFd monitor, const std::filesystem::path& path,
                std::function<void(std::string why)> on_failed);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Listens at that path from here on, and no longer at the former one.
  void listen_again(const std::filesystem::path& path) { listener_.listen_again(path); }

  api::Nothing handle(const control::Save& request, const Work& work);
  api::Nothing handle(const control::Load& request, const Work& work);
  api::Nothing handle(const control::Pause& request, const Work& work);
  api::Nothing handle(const control::Resume& request, const Work& work);
  api::Nothing handle(const control::PrepareNetwork& request, const Work& work);
  control::Network handle(const control::SetNetwork& request, const Work& work);
  control::Network handle(const control::DescribeNetwork& request, const Work& work);

 private:
  void serve(const UniqueFd& connection) noexcept;
  link::Frame answer_to(const link::Frame& request);
  void begin(const std::function<void(std::string)>& on_failed);
  /// On the loop: has a gate replaced once it has ended.
  void watch_gate(UniqueFd pidfd);
  void replace_gate();

  asio::io_context& loop_;
  qemu::Qmp monitor_;
  MachineNetwork network_;
  std::optional<asio::posix::stream_descriptor> gate_exit_;
  asio::steady_timer next_gate_;
  std::chrono::milliseconds gate_delay_;
  api::Dispatcher<std::string> dispatcher_;
  std::string failed_;  ///< why the card could not be disconnected; of the worker
  std::stop_source stop_;
  asio::thread_pool worker_{1};
  link::UnixListener listener_;
};

}  // namespace pyro::vm
