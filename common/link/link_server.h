#pragma once

#include <asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/link/mux.h"
#include "common/link/unix_listener.h"

namespace pyro::link {

/// The host side of a guest's link: dials for all other processes. Each connection to the unix
/// socket says `CONNECT <port>\n`, gets `OK <n>\n` (Firecracker's handshake) and then is a stream
/// to that port of the guest; a bad line or a refused port closes it. Early connections wait for
/// the agent's first answer.
class LinkServer {
 public:
  /// `link` is the byte stream to the agent. `path` is in a directory that only we can enter;
  /// replaces a stale socket there. Ignores SIGPIPE in this process from here on. Calls `on_broken`
  /// once, with the reason why the link is unusable, and closes every connection.
  LinkServer(asio::io_context& io, UniqueFd link, const std::filesystem::path& path,
             std::function<void(std::string reason)> on_broken,
             std::function<void()> on_ready = {});
  ~LinkServer();
  LinkServer(const LinkServer&) = delete;
  LinkServer& operator=(const LinkServer&) = delete;

  /// Listens at that path from here on, and no longer at the former one. Its directory is made if
  /// need be. Streams that there are go on.
  void listen_again(const std::filesystem::path& path) { listener_.listen_again(path); }

  /// The agent has answered.
  bool ready() const { return mux_.ready(); }

 private:
  class Dial;

  void accept(UniqueFd connection);
  void connect(const std::shared_ptr<Dial>& dial);
  void on_ready();
  void on_broken(const std::string& reason);

  asio::io_context& io_;
  std::function<void(std::string)> on_broken_;
  std::function<void()> on_ready_;
  UnixListener listener_;
  std::set<std::shared_ptr<Dial>> dials_;  ///< not bridged yet
  Mux mux_;
};

}  // namespace pyro::link
