#include "host-helpers/hosts/start_trial.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/child_process.h"

extern char** environ;

namespace pyro::hosts {
namespace {

using api::Json;

/// The hosts' own limit for a start.
constexpr std::chrono::seconds kStartLimit{30};
constexpr std::size_t kLongestAnswer = 16U << 20U;
constexpr std::size_t kLastWords = 400;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_trial_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::map<std::string, std::optional<std::string>> environment_for(
    const Entry& entry, const std::optional<std::vector<std::string>>& passed) {
  std::map<std::string, std::optional<std::string>> changes;
  for (char** at = environ; passed && *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const std::string name(variable.substr(0, variable.find('=')));
    if (std::find(passed->begin(), passed->end(), name) == passed->end()) {
      changes[name] = std::nullopt;
    }
  }
  for (const auto& [name, value] : entry.environment) changes[name] = value;
  return changes;
}

/// A server that was started, and what it says.
class TrialServer {
 public:
  TrialServer(const Entry& entry, const std::optional<std::vector<std::string>>& passed,
              const std::filesystem::path& directory, const Work& work)
      : work_(work.within(kStartLimit)), stop_(work.stop) {
    // Not a pipe, which would end this process with the server: see send().
    int in[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) {
      throw system_error("socketpair");
    }
    input_.reset(in[0]);
    const UniqueFd child_input(in[1]);
    Pipe out = make_trial_pipe();
    Pipe error = make_trial_pipe();
    process_.emplace(Command{
        .argv = entry.words(),
        .environment = environment_for(entry, passed),
        .directory = directory,
        .descriptors = {{0, child_input.get()}, {1, out.write.get()}, {2, error.write.get()}}});
    output_ = std::move(out.read);
    error_ = std::move(error.read);
    for (const auto* fd : {&output_, &error_}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  }
  TrialServer(const TrialServer&) = delete;
  TrialServer& operator=(const TrialServer&) = delete;
  ~TrialServer() {
    // With all that it started, as a host does.
    if (process_) ::kill(-process_->pid(), SIGKILL);
  }

  Json ask(int id, const std::string& method, const Json& params) {
    send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
    for (;;) {
      const Json message = next();
      if (!message.is_object() || !message.contains("id") || message.at("id") != id) continue;
      if (message.contains("result")) return message.at("result");
      const Json* text = find_setting(message, {"error", "message"});
      throw failed_precondition(
          "it refused {}: {}", method,
          text != nullptr && text->is_string() ? text->get<std::string>() : message.dump());
    }
  }
  void tell(const std::string& method) { send({{"jsonrpc", "2.0"}, {"method", method}}); }

  std::string last_said() const { return one_line(trim(said_), kLastWords); }

 private:
  void send(const Json& message) {
    // A server that has ended is told by what it does not answer.
    const std::string line = message.dump() + "\n";
    [[maybe_unused]] const ssize_t sent =
        ::send(input_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  }

  Json next() {
    for (;;) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        const auto message = api::parse_json(std::string_view(buffer_).substr(0, end));
        buffer_.erase(0, end + 1);
        if (message) return *message;
        continue;  // hosts pass over a line that is no message
      }
      read_more();
    }
  }

  void read_more() {
    std::vector<pollfd> watched{{output_.get(), POLLIN, 0},
                                {error_ ? error_.get() : -1, POLLIN, 0}};
    if (!wait_for(watched, work_.deadline, stop_)) {
      throw deadline_exceeded("it did not answer within {} s", kStartLimit.count());
    }
    std::array<char, 65536> piece;
    if (watched[1].revents != 0) {
      const ssize_t n = ::read(error_.get(), piece.data(), piece.size());
      if (n == 0) error_.reset();
      if (n > 0) said_.append(piece.data(), static_cast<std::size_t>(n));
      if (said_.size() > 2 * piece.size()) said_.erase(0, said_.size() - piece.size());
    }
    if (watched[0].revents == 0) return;
    const ssize_t n = ::read(output_.get(), piece.data(), piece.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) throw unavailable("it ended without an answer");
    buffer_.append(piece.data(), static_cast<std::size_t>(n));
    if (buffer_.size() > kLongestAnswer) throw failed_precondition("its answer does not end");
  }

  Work work_;
  StopFd stop_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd error_;
  std::optional<ChildProcess> process_;
  std::string buffer_;
  std::string said_;
};

}  // namespace

StartTrial try_start(const Entry& entry, const std::optional<std::vector<std::string>>& passed,
                     const std::filesystem::path& directory, const Work& work) {
  StartTrial trial;
  std::optional<TrialServer> server;
  try {
    if (entry.command.empty()) throw failed_precondition("the entry names no command");
    server.emplace(entry, passed, directory, work);
    server->ask(0, "initialize",
                {{"protocolVersion", "2025-06-18"},
                 {"capabilities", Json::object()},
                 {"clientInfo", {{"name", "pyro-host-doctor"}, {"version", PYRO_VERSION}}}});
    server->tell("notifications/initialized");
    const Json listed = server->ask(1, "tools/list", Json::object());
    const Json* tools = find_setting(listed, {"tools"});
    if (tools == nullptr || !tools->is_array()) throw failed_precondition("it lists no tools");
    trial.tool_count = static_cast<std::uint32_t>(tools->size());
    trial.ok = true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    trial.error = error.message();
    if (server && !server->last_said().empty()) *trial.error += ": " + server->last_said();
  }
  return trial;
}

}  // namespace pyro::hosts
