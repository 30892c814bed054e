#include "gateway/cli/session.h"

#include <unistd.h>

#include "common/base/files.h"
#include "common/stack/stack_client.h"
#include "gateway/cli/stdout_closed.h"

namespace pyro::cli {

Session::Session() : progress_(STDERR_FILENO, ::isatty(STDERR_FILENO) == 1) {}

const Paths& Session::paths() {
  if (!paths_) paths_ = find_paths(path_flags);
  return *paths_;
}

Config Session::config() { return load_config(paths().config_file, settings); }

const std::shared_ptr<StackClient>& Session::shared_stack() {
  if (!stack_) {
    config();  // a wrong setting is told here rather than by a stack that does not start
    stack_ = std::make_shared<StackClient>(paths(), settings);
  }
  return stack_;
}

Client& Session::client() {
  if (!client_) client_.emplace(shared_stack());
  return *client_;
}

void add_json_flag(CLI::App& command, Session& session) {
  command.add_flag("--json", session.json, "Print one JSON document");
}

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EPIPE) throw StdoutClosed();
    if (n < 0) throw system_error("write to standard output");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace pyro::cli
