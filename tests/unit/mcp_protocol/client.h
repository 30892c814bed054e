#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "gateway/mcp/protocol/rpc_error.h"
#include "gateway/mcp/protocol/server.h"

namespace pyro::mcp {

/// What nothing here ever takes.
inline constexpr std::chrono::seconds kPatience{30};

inline std::pair<UniqueFd, UniqueFd> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// A server in this process, and a client at the other ends of its pipes.
class Client {
 public:
  explicit Client(std::vector<Tool> tools)
      : server_(
            std::make_unique<Server>(ServerInfo{"test", "Test", "1", "Do."}, std::move(tools))) {
    auto [input, to_server] = make_pipe();
    auto [from_server, output] = make_pipe();
    auto [stop, stopper] = make_pipe();
    to_server_ = std::move(to_server);
    from_server_ = std::move(from_server);
    stopper_ = std::move(stopper);
    served_ = std::async(std::launch::async, [this, in = std::move(input), out = std::move(output),
                                              end = std::move(stop)]() mutable {
      server_->serve(in.get(), out.get(), end.get());
      // As a program's end does.
      out.reset();
    });
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close_input(); }

  void send_line(const std::string& line) { write_all(to_server_.get(), line + "\n"); }
  void send(const Json& message) { send_line(message.dump()); }
  void notify(const std::string& method, const Json& params) {
    send({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
  }
  void ask(const Json& id, const std::string& method, const Json& params = Json::object()) {
    send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
  }
  void call(const Json& id, const std::string& tool, const Json& arguments = Json::object(),
            const Json& meta = Json::object()) {
    ask(id, "tools/call", {{"name", tool}, {"arguments", arguments}, {"_meta", meta}});
  }
  void cancel(const Json& id) { notify("notifications/cancelled", {{"requestId", id}}); }

  bool wait_readable() {
    pollfd watched{from_server_.get(), POLLIN, 0};
    return ::poll(&watched, 1, static_cast<int>(kPatience / std::chrono::milliseconds(1))) == 1;
  }
  /// The next message, whatever it is.
  Json receive() {
    std::size_t end = 0;
    while ((end = received_.find('\n')) == std::string::npos) {
      if (!wait_readable()) throw std::runtime_error("the server says nothing");
      std::array<char, 65536> buffer{};
      const ssize_t count = ::read(from_server_.get(), buffer.data(), buffer.size());
      if (count <= 0) throw std::runtime_error("the server has ended");
      received_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    Json message = Json::parse(received_.substr(0, end));
    received_.erase(0, end + 1);
    return message;
  }
  Json request(const Json& id, const std::string& method, const Json& params = Json::object()) {
    ask(id, method, params);
    return receive();
  }
  Json initialize(const std::string& revision) {
    return request("init", "initialize",
                   {{"protocolVersion", revision}, {"capabilities", {{"roots", Json::object()}}}});
  }
  /// All that came before a ping was answered: what was answered with nothing is not among it.
  std::vector<Json> until_ping() {
    std::vector<Json> all;
    ask("the ping", "ping");
    while (true) {
      all.push_back(receive());
      if (all.back().value("id", Json()) == "the ping") break;
    }
    all.pop_back();
    return all;
  }

  void close_input() { to_server_.reset(); }
  void close_output() { from_server_.reset(); }
  void stop() { write_all(stopper_.get(), "x"); }
  /// Whether serve() has returned.
  bool ended() { return served_.wait_for(kPatience) == std::future_status::ready; }
  int input() const { return to_server_.get(); }
  /// Waits for the calls that run.
  void destroy_server() { server_.reset(); }

 private:
  UniqueFd to_server_, from_server_, stopper_;
  std::string received_;
  std::unique_ptr<Server> server_;
  std::future<void> served_;
};

/// `_meta` of a modern request.
inline Json modern(Json more = Json::object()) {
  more["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
  more["io.modelcontextprotocol/clientCapabilities"] = {{"sampling", Json::object()}};
  return more;
}

inline Tool tool(const std::string& name, std::function<ToolResult(const ToolCall&)> call) {
  return {.name = name,
          .title = name,
          .description = name,
          .input_schema = {{"type", "object"}},
          .call = std::move(call)};
}

inline ToolResult said(const std::string& text) {
  return {.content = Json::array({Json{{"type", "text"}, {"text", text}}})};
}

/// Says its arguments.
inline Tool echo() {
  return tool("echo", [](const ToolCall& call) { return said(call.arguments.dump()); });
}

/// A tool whose calls last until it is opened or, unless it is `deaf`, cancelled.
class Door {
 public:
  Tool tool(const std::string& name = "door", bool deaf = false) {
    return mcp::tool(name, [this, deaf](const ToolCall& call) {
      std::unique_lock lock(mutex_);
      ++begun_;
      changed_.notify_all();
      const auto open = [this] { return open_; };
      if (deaf) {
        changed_.wait(lock, open);
      } else if (!changed_.wait(lock, call.stop, open)) {
        ++stopped_;
        changed_.notify_all();
        throw cancelled("stopped");
      }
      return said("through");
    });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait_begun(int calls) { return wait(begun_, calls); }
  bool wait_stopped(int calls) { return wait(stopped_, calls); }
  int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  bool wait(const int& count, int calls) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return count >= calls; });
  }
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int begun_ = 0;
  int stopped_ = 0;
  bool open_ = false;
};

inline int code_of(const Json& answer) {
  return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
}

}  // namespace pyro::mcp
