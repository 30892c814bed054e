#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/mcp/protocol/batch.h"
#include "gateway/mcp/protocol/in_flight.h"
#include "gateway/mcp/protocol/line_splitter.h"
#include "gateway/mcp/protocol/message.h"
#include "gateway/mcp/protocol/offer.h"
#include "gateway/mcp/protocol/revision.h"

namespace pyro::mcp {

/// A conversation with one client. Used by one thread; calls answer from theirs.
class Session {
 public:
  Session(Offer& offer, std::shared_ptr<Output> output)
      : offer_(offer), output_(std::move(output)) {}

  void take(Line line);

 private:
  /// Takes the one answer of a request; nothing when there shall be none.
  using Answer = std::function<void(std::optional<Json>)>;
  /// Of one request.
  struct Context {
    Revision revision;
    Json client_capabilities;
  };

  void take_batch(std::vector<Message> messages);
  void take(Message& message, const Answer& answer);
  void take(Request& request, const Answer& answer);
  void take(const Notification& notification);

  Context context_of(const Request& request) const;
  Json answer_legacy(const Request& request, Revision revision);
  Json answer_modern(const Request& request, Revision revision) const;
  Json initialize(const Json& params);
  void start_call(Request& request, Context context, const Answer& answer);
  Answer to_output() const;

  Offer& offer_;
  const std::shared_ptr<Output> output_;
  const std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  std::optional<Revision> negotiated_;  ///< by `initialize`
  Json client_capabilities_ = Json::object();
};

}  // namespace pyro::mcp
