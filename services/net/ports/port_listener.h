#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "services/net/ports/port_record.h"

namespace pyro::net {

class Splice;

/// The open connections of a workspace, over all its ports.
struct ConnectionCount {
  /// Streams of a guest's link, which commands need as well: a part of its 256.
  static constexpr std::size_t kMost = 128;
  std::size_t open = 0;
};

/// One published port: listens on 127.0.0.1, and joins each connection to a stream of the guest's
/// link. On the loop's thread alone. Its destructor closes all of it.
class PortListener {
 public:
  /// `record.host_port` 0: any free one, which it then holds.
  /// already_exists (port_taken): another program listens there.
  PortListener(asio::io_context& loop, PortRecord record, std::filesystem::path link_socket,
               std::shared_ptr<ConnectionCount> count);
  ~PortListener();
  PortListener(const PortListener&) = delete;
  PortListener& operator=(const PortListener&) = delete;

  const PortRecord& record() const { return record_; }
  void start() { accept(); }

 private:
  void accept();

  asio::io_context& loop_;
  PortRecord record_;
  std::filesystem::path link_socket_;
  std::shared_ptr<ConnectionCount> count_;
  asio::ip::tcp::acceptor acceptor_;
  std::set<std::weak_ptr<Splice>, std::owner_less<>> splices_;
};

}  // namespace pyro::net
