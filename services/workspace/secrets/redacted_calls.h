#pragma once

#include <concepts>

#include "common/api/workspace.h"
#include "common/api/workspace_disk.h"
#include "common/secrets/redacted_message.h"
#include "common/service/service_host.h"
#include "services/workspace/secrets/secrets.h"

namespace pyro::workspace {

/// Serves the handlers of a service, so that no answer and no refusal shows a secret, whatever it
/// is made of: the last of all filters. Streams redact before it what is cut into several answers.
class RedactedCalls {
 public:
  RedactedCalls(ServiceHost& host, Secrets& secrets) : host_(host), secrets_(secrets) {}

  template <class Operations, class Handler>
  void serve(Handler& handler) {
    add(handler, Operations{});
  }

 private:
  /// What is done with a workspace of which the secrets are lost: none of it shows what is in it.
  template <class Op>
  static constexpr bool kWithoutSecrets =
      std::same_as<Op, api::DeleteWorkspace> || std::same_as<Op, api::StopWorkspace> ||
      std::same_as<Op, api::ExportDisk>;

  template <class Handler, api::Operation... Ops>
  void add(Handler& handler, api::Api<Ops...>) {
    (host_.server().template add<Ops>([this, &handler](const Ops& request, bus::Call& call) {
      return answer(handler, request, call);
    }),
     ...);
  }

  template <class Op>
  std::vector<std::shared_ptr<const Redactor>> redactors(const Op& request) {
    if constexpr (requires { request.workspace_id; }) {
      return secrets_.redactors_of(request.workspace_id);
    }
    return secrets_.all_redactors();
  }

  template <class Handler, class Op>
  typename Op::Reply answer(Handler& handler, const Op& request, bus::Call& call) {
    if constexpr (kWithoutSecrets<Op>) return handler.handle(request, call);
    const auto redactors = this->redactors(request);
    try {
      typename Op::Reply reply = handler.handle(request, call);
      for (const auto& redactor : redactors) redact_message(*redactor, reply);
      return reply;
    } catch (const Error& error) {
      if (redactors.empty()) throw;
      Error shown = error;
      for (const auto& redactor : redactors) shown = redacted_error(*redactor, shown);
      throw shown;
    }
  }

  ServiceHost& host_;
  Secrets& secrets_;
};

}  // namespace pyro::workspace
