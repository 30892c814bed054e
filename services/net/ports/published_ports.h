#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/api/ports.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "services/net/ports/port_listener.h"

namespace pyro::net {

/// Ports of guests on 127.0.0.1. Each has a record, `ports/<host port>.json` in the state
/// directory: a service that starts listens again at the same ports, and goes on trying where
/// another program listens meanwhile. All listeners and connections are on one loop's thread.
class PublishedPorts {
 public:
  explicit PublishedPorts(const Paths& paths);
  PublishedPorts(const PublishedPorts&) = delete;
  PublishedPorts& operator=(const PublishedPorts&) = delete;
  ~PublishedPorts();

  api::PublishedEntries handle(const api::PublishPorts& request, bus::Call& call);
  api::PublishedEntries handle(const api::WithdrawPorts& request, bus::Call& call);
  api::PublishedEntries handle(const api::ListPublished& request, bus::Call& call);

 private:
  using Listeners = std::map<std::uint32_t, std::unique_ptr<PortListener>>;

  /// Runs `action` on the loop's thread; what it throws is thrown here.
  api::PublishedEntries on_loop(const std::function<api::PublishedEntries()>& action);
  api::PublishedEntries publish(const api::PublishPorts& request);
  api::PublishedEntries withdraw(const api::WithdrawPorts& request);
  std::unique_ptr<PortListener> listener(const PortRecord& record);
  void listen_again();
  std::filesystem::path file_of(std::uint32_t host_port) const;

  const Paths& paths_;
  std::filesystem::path directory_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  asio::steady_timer retry_{loop_};
  std::map<std::string, std::shared_ptr<ConnectionCount>> counts_;  ///< by workspace
  std::vector<PortRecord> waiting_;  ///< whose port another program has
  Listeners listeners_;
  std::jthread thread_;
};

}  // namespace pyro::net
