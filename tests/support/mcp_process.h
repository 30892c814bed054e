#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/process/child_process.h"
#include "common/stack/installation.h"

namespace pyro::testing {

using Json = nlohmann::ordered_json;

/// A real `pyro mcp serve` and a client of it that speaks the protocol by hand.
class McpProcess {
 public:
  explicit McpProcess(std::vector<std::string> flags = {},
                      const std::filesystem::path& directory = "/") {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw system_error("pipe2");
    const UniqueFd child_input(in[0]);
    const UniqueFd child_output(out[1]);
    input_.reset(in[1]);
    output_.reset(out[0]);
    Command command{.argv = {find_helper("pyro").string(), "mcp", "serve"},
                    .directory = directory,
                    .descriptors = {{0, child_input.get()}, {1, child_output.get()}, {2, 2}}};
    command.argv.insert(command.argv.end(), flags.begin(), flags.end());
    process_.emplace(command);
  }

  pid_t pid() const { return process_->pid(); }
  void signal(int number) const { process_->signal(number); }

  void send_line(const std::string& line) { write_all(input_.get(), line + "\n"); }
  /// Its id.
  int request(const std::string& method, const Json& params = Json::object()) {
    const int id = next_id_++;
    send_line(Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump());
    return id;
  }
  void notify(const std::string& method, const Json& params) {
    send_line(Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump());
  }
  /// Begins `tools/call`; its progress is asked for, by the id as token.
  int begin(const std::string& tool, const Json& arguments) {
    return request(
        "tools/call",
        {{"name", tool}, {"arguments", arguments}, {"_meta", {{"progressToken", next_id_}}}});
  }

  /// The whole answer to that request, within two minutes.
  Json answer(int id) {
    while (!answers_.contains(id)) {
      if (!read_line()) throw internal_error("no answer to request {}", id);
    }
    Json found = answers_.at(id);
    answers_.erase(id);
    return found;
  }
  Json initialize(const std::string& revision = "2025-11-25") {
    const auto reply =
        answer(request("initialize", {{"protocolVersion", revision},
                                      {"capabilities", Json::object()},
                                      {"clientInfo", {{"name", "test"}, {"version", "1"}}}}));
    notify("notifications/initialized", Json::object());
    return reply.at("result");
  }
  /// The result of a tool that must not fail, as its object.
  Json call(const std::string& tool, const Json& arguments = Json::object()) {
    const Json reply = answer(begin(tool, arguments));
    const Json& result = reply.at("result");
    if (result.value("isError", false)) throw internal_error("{}: {}", tool, text_of(result));
    return result.at("structuredContent");
  }
  /// The text of one that must.
  std::string failure(const std::string& tool, const Json& arguments = Json::object()) {
    return failure(begin(tool, arguments));
  }
  /// The same of a call that was begun.
  std::string failure(int call) {
    const Json reply = answer(call);
    const Json& result = reply.at("result");
    if (!result.value("isError", false)) {
      throw internal_error("call {} did not fail: {}", call, result.dump());
    }
    return text_of(result);
  }
  static std::string text_of(const Json& result) {
    return result.at("content").at(0).at("text").get<std::string>();
  }

  /// Reads until a notification of that method came; all that came are kept.
  const Json& notification(const std::string& method) {
    for (;;) {
      for (const auto& seen : notifications_) {
        if (seen.at("method") == method) return seen;
      }
      if (!read_line()) throw internal_error("no notification {}", method);
    }
  }
  const std::vector<Json>& notifications() const { return notifications_; }
  bool answered(int id) const { return answers_.contains(id); }

  void close_input() { input_.reset(); }
  std::optional<ExitStatus> wait() {
    return process_->wait(Clock::now() + std::chrono::seconds(30), StopFd({}));
  }

 private:
  bool read_line() {
    std::size_t end;
    while ((end = buffer_.find('\n')) == std::string::npos) {
      if (!wait_for(output_.get(), POLLIN, Clock::now() + std::chrono::minutes(2), StopFd({}))) {
        return false;
      }
      char piece[65536];
      const ssize_t n = ::read(output_.get(), piece, sizeof piece);
      if (n <= 0) return false;
      buffer_.append(piece, static_cast<std::size_t>(n));
    }
    const Json message = Json::parse(buffer_.substr(0, end));
    buffer_.erase(0, end + 1);
    if (message.contains("method")) {
      notifications_.push_back(message);
    } else {
      answers_[message.at("id").is_number() ? message.at("id").get<int>() : -1] = message;
    }
    return true;
  }

  UniqueFd input_;
  UniqueFd output_;
  std::optional<ChildProcess> process_;
  std::string buffer_;
  int next_id_ = 0;
  std::map<int, Json> answers_;
  std::vector<Json> notifications_;
};

}  // namespace pyro::testing
