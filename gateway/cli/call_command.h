#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "gateway/cli/notes.h"
#include "gateway/cli/request_options.h"
#include "gateway/cli/session.h"

/// Commands that call one operation and show its reply.
namespace pyro::cli {

/// Shows a reply, and its notes on standard error.
template <api::Message Reply>
void show_reply(const Session& session, const Reply& reply,
                const std::function<std::string(const Reply&)>& human) {
  print_reply<Reply>(session, reply, human);
  tell_notes(reply);
}

/// Makes `command` send the request of its options and show the reply as `human` or --json.
/// `complete` fills in fields without an option.
template <api::Operation Op>
void add_call(
    CliCommand& command, Session& session, const std::shared_ptr<Op>& request,
    std::function<std::string(const typename Op::Reply&)> human,
    std::function<void(Op&)> complete = [](Op&) {}) {
  add_json_flag(command, session);
  command.action = [&session, request, human, complete] {
    complete(*request);
    show_reply<typename Op::Reply>(session, session.call(*request), human);
    return 0;
  };
}

/// The same for a command whose options are just the request's fields.
template <api::Operation Op>
void add_plain_call(CliCommand& command, Session& session,
                    std::function<std::string(const typename Op::Reply&)> human) {
  const auto request = std::make_shared<Op>();
  add_request_options(command, *request);
  add_call<Op>(command, session, request, std::move(human));
}

}  // namespace pyro::cli
