#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/api/json_codec.h"
#include "common/api/progress.h"
#include "common/config/config.h"
#include "common/config/paths.h"
#include "gateway/cli/progress_line.h"
#include "gateway/cli/signal_watch.h"
#include "pyro/client.h"

namespace pyro::cli {

/// A command line that makes no sense: `error: …`, a hint, exit status 2.
class UsageError : public Error {
 public:
  explicit UsageError(std::string message)
      : Error(ErrorCode::kInvalidArgument, std::move(message)) {}
};

/// What all commands share: global flags, the stack, cancellation, progress.
class Session {
 public:
  Session();

  PathFlags path_flags;
  std::vector<std::string> settings;
  bool json = false;
  /// The words after `--`, nullopt without one.
  std::optional<std::vector<std::string>> words;
  /// The commands that take such words, each with an example of it.
  std::map<const CLI::App*, std::string> takes_words;
  /// What the chosen command does; set while the command line is parsed, run afterwards.
  std::function<int()> action;
  /// The whole command line's definition, for the completion.
  CLI::App* root = nullptr;

  const Paths& paths();
  Config config();
  /// For what is about the stack itself.
  StackClient& stack() { return *shared_stack(); }
  Client& client();
  SignalWatch& signals() { return signals_; }
  ProgressLine& progress() { return progress_; }

  /// Where the steps of a call are shown.
  api::ProgressSink progress_sink() {
    return [this](const api::Progress& step) { progress_.show(step); };
  }

  /// Calls the owner of `request`, with progress; Ctrl-C cancels it. A request outside its limits
  /// is a UsageError.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request) {
    check(request);
    auto reply = client().call(request, {.stop = signals_.token(), .on_progress = progress_sink()});
    progress_.finish();
    return reply;
  }

  template <api::Message T>
  static void check(const T& request) {
    try {
      api::validate(request);
    } catch (const Error& error) {
      throw UsageError(error.message());
    }
  }

 private:
  const std::shared_ptr<StackClient>& shared_stack();

  SignalWatch signals_;
  ProgressLine progress_;
  std::optional<Paths> paths_;
  std::shared_ptr<StackClient> stack_;
  std::optional<Client> client_;
};

/// Adds `--json` to a command that returns data.
void add_json_flag(CLI::App& command, Session& session);

/// Writes all of `text` to standard output. A reader that went away is SIGPIPE's exit status.
void print(std::string_view text);

/// The reply as its JSON document, or as `human` makes it.
template <api::Message T>
void print_reply(const Session& session, const T& reply,
                 const std::function<std::string(const T&)>& human) {
  print(session.json ? api::to_json_text(reply, 2) + "\n" : human(reply));
}

}  // namespace pyro::cli
