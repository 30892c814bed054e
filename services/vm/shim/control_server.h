#pragma once

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/thread_pool.hpp>
#include <filesystem>
#include <stop_token>
#include <string>

#include "common/api/dispatcher.h"
#include "common/link/message_frame.h"
#include "common/link/unix_listener.h"
#include "common/work/work.h"
#include "services/vm/drivers/qemu/qmp.h"
#include "services/vm/shim/control.h"

namespace pyro::vm {

/// Answers the vm service on a machine's control socket, one request after the other, on a thread
/// of its own: a VMM that does not answer delays neither the guest's link nor the shim's end. The
/// monitor is the shim's as long as the machine runs, whatever becomes of the services.
class ControlServer {
 public:
  /// `monitor` is our end of the VMM's monitor.
  ControlServer(asio::io_context& loop, UniqueFd monitor, const std::filesystem::path& path);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Listens at that path from here on, and no longer at the former one.
  void listen_again(const std::filesystem::path& path) { listener_.listen_again(path); }

  api::Nothing handle(const control::Save& request, const Work& work);
  api::Nothing handle(const control::Load& request, const Work& work);
  api::Nothing handle(const control::Pause& request, const Work& work);
  api::Nothing handle(const control::Resume& request, const Work& work);

 private:
  void serve(const UniqueFd& connection) noexcept;
  link::Frame answer_to(const link::Frame& request);

  qemu::Qmp monitor_;
  api::Dispatcher<std::string> dispatcher_;
  std::stop_source stop_;
  asio::thread_pool worker_{1};
  link::UnixListener listener_;
};

}  // namespace pyro::vm
