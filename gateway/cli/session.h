#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/json_codec.h"
#include "common/command_line/command.h"
#include "common/command_line/usage_error.h"
#include "common/config/config.h"
#include "common/config/paths.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/signal_watch.h"
#include "pyro/client.h"

namespace pyro::cli {

/// State that all commands share: global flags, the stack, cancellation, progress.
class Session {
 public:
  Session();

  PathFlags path_flags;
  std::vector<std::string> settings;
  bool json = false;

  const Paths& paths();
  Config config();
  /// For operations on the stack itself.
  StackClient& stack() { return *shared_stack(); }
  Client& client();
  SignalWatch& signals() { return signals_; }
  ProgressLine& progress() { return progress_; }

  /// Shows the steps of a call.
  api::ProgressSink progress_sink();

  /// Calls the owner of `request`, with progress; Ctrl-C cancels it. UsageError: a value is outside
  /// its limits.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request) {
    check(request);
    auto reply = client().call(request, call_options());
    progress_.finish();
    return reply;
  }

  template <api::Message T>
  static void check(const T& request) {
    check(api::message_type<T>(), &request);
  }

 private:
  static void check(const api::MessageType& type, const void* request);
  CallOptions call_options();
  const std::shared_ptr<StackClient>& shared_stack();

  SignalWatch signals_;
  ProgressLine progress_;
  std::optional<Paths> paths_;
  std::shared_ptr<StackClient> stack_;
  std::optional<Client> client_;
};

/// Adds `--json` to a command that returns data.
void add_json_flag(CliCommand& command, Session& session);

/// Writes all of `text` to standard output. StdoutClosed: the reader is gone.
void print(std::string_view text);

/// Prints the reply as its JSON document, or as `human` makes it.
template <api::Message T>
void print_reply(const Session& session, const T& reply,
                 const std::function<std::string(const T&)>& human) {
  print(session.json ? api::to_json_text(reply, 2) + "\n" : human(reply));
}

}  // namespace pyro::cli
