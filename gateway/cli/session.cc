#include "gateway/cli/session.h"

#include <unistd.h>

#include "common/api/validate.h"
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
    config();  // reports a wrong setting here, not by a stack that does not start
    stack_ = std::make_shared<StackClient>(paths(), settings);
  }
  return stack_;
}

Client& Session::client() {
  if (!client_) client_.emplace(shared_stack());
  return *client_;
}

api::ProgressSink Session::progress_sink() {
  return [this](const api::Progress& step) { progress_.show(step); };
}

void Session::check(const api::MessageType& type, const void* request) {
  try {
    api::validate(type, request, api::Strictness::kRequest);
  } catch (const Error& error) {
    throw UsageError(error.message());
  }
}

CallOptions Session::call_options() {
  return {.stop = signals_.token(), .on_progress = progress_sink()};
}

void add_json_flag(CliCommand& command, Session& session) {
  command.add_flag("--json", "Print one JSON document", session.json);
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
