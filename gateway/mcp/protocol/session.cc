#include "gateway/mcp/protocol/session.h"

#include <fmt/core.h>

#include <utility>

#include "common/base/text.h"
#include "gateway/mcp/protocol/render.h"

namespace pyro::mcp {
namespace {

constexpr std::string_view kProtocolVersion = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view kClientCapabilities = "io.modelcontextprotocol/clientCapabilities";
/// Messages of one batch: their answers are kept until the last of them is there.
constexpr std::size_t kMaxBatch = 1000;
/// What the server offers changes only with its program.
constexpr int kTtlMs = 3'600'000;

/// What a client said, in a message for it.
std::string shown(std::string_view hostile) {
  constexpr std::size_t kColumns = 100;
  constexpr std::size_t kBytes = 4 * (kColumns + 1);
  return one_line(hostile.substr(0, kBytes), kColumns);
}

RpcError invalid_request(std::string_view why) {
  return {rpc::kInvalidRequest, fmt::format("Invalid Request: {}", why)};
}

RpcError invalid_params(std::string_view why) {
  return {rpc::kInvalidParams, fmt::format("Invalid params: {}", why)};
}

RpcError method_not_found(const std::string& method) {
  return {rpc::kMethodNotFound, fmt::format("Method not found: {}", shown(method))};
}

/// The member of that name, or null. One that is written as null is none.
const Json* member(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// An empty object when there is none.
const Json& meta_of(const Request& request) {
  static const Json none = Json::object();
  const Json* const meta = member(request.params, "_meta");
  if (meta == nullptr) return none;
  if (!meta->is_object()) throw invalid_params("_meta must be an object");
  return *meta;
}

/// What no batch has: it began with `initialize`, and ended with the revision after.
bool is_for_itself(const Request& request) {
  const Json* const meta = member(request.params, "_meta");
  return request.method == "initialize" || request.method == "server/discover" ||
         (meta != nullptr && meta->is_object() && member(*meta, kProtocolVersion) != nullptr);
}

}  // namespace

void Session::take(Line line) {
  if (line.too_long) {
    const RpcError error = invalid_request(
        fmt::format("a line of more than {} MiB was skipped", kMaxLineBytes >> 20U));
    output_->write(error_message(nullptr, error));
    return;
  }
  Incoming incoming = parse_message(std::move(line.text));
  if (incoming.batch) {
    take_batch(std::move(incoming.messages));
  } else {
    take(incoming.messages.front(), to_output());
  }
}

void Session::take_batch(std::vector<Message> messages) {
  if (!negotiated_ || !has_batches(*negotiated_)) {
    const RpcError error = invalid_request(
        fmt::format("only sessions of revision {} have batches", to_string(Revision::k2025_03_26)));
    output_->write(error_message(nullptr, error));
    return;
  }
  if (messages.size() > kMaxBatch) {
    const RpcError error =
        invalid_request(fmt::format("more than {} messages in a batch", kMaxBatch));
    output_->write(error_message(nullptr, error));
    return;
  }
  std::size_t answers = 0;
  for (const Message& message : messages) {
    if (std::holds_alternative<Request>(message) || std::holds_alternative<Invalid>(message)) {
      ++answers;
    }
  }
  const auto batch = std::make_shared<Batch>(output_, answers);
  const Answer answer = [batch](std::optional<Json> one) { batch->add(std::move(one)); };
  for (Message& message : messages) {
    const auto* const request = std::get_if<Request>(&message);
    if (request != nullptr && is_for_itself(*request)) {
      message = Invalid{request->id,
                        invalid_request("neither initialize nor a request of a later revision can "
                                        "be part of a batch")};
    }
    take(message, answer);
  }
}

void Session::take(Message& message, const Answer& answer) {
  if (auto* const request = std::get_if<Request>(&message)) {
    take(*request, answer);
  } else if (const auto* const notification = std::get_if<Notification>(&message)) {
    take(*notification);
  } else if (const auto* const invalid = std::get_if<Invalid>(&message)) {
    answer(error_message(invalid->id, invalid->error));
  }
}

void Session::take(Request& request, const Answer& answer) {
  try {
    if (in_flight_->find(request.id)) {
      throw invalid_request(fmt::format("id {} is in flight already", shown(to_line(request.id))));
    }
    Context context = context_of(request);
    const Revision revision = context.revision;
    if (request.method == "tools/call") {
      start_call(request, std::move(context), answer);
      return;
    }
    Json result =
        is_modern(revision) ? answer_modern(request, revision) : answer_legacy(request, revision);
    answer(result_message(request.id, render_complete(std::move(result), offer_.info, revision)));
  } catch (const RpcError& error) {
    answer(error_message(request.id, error));
  } catch (const std::exception& error) {
    // Memory or threads are out: this request fails, and not the server.
    answer(error_message(request.id, {rpc::kInternalError, error.what()}));
  }
}

void Session::take(const Notification& notification) {
  if (notification.method != "notifications/cancelled") return;
  const Json* const id = member(notification.params, "requestId");
  if (id == nullptr || !is_id(*id)) return;
  if (const auto call = in_flight_->find(*id)) call->cancel();
}

Session::Context Session::context_of(const Request& request) const {
  const Json& meta = meta_of(request);
  const Json* const version = member(meta, kProtocolVersion);
  if (version == nullptr && request.method != "server/discover") {
    return {negotiated_.value_or(kUnnegotiated), client_capabilities_};
  }
  if (version == nullptr || !version->is_string()) {
    throw invalid_params(fmt::format("_meta[\"{}\"] must be a string", kProtocolVersion));
  }
  const auto revision = modern_revision(version->get_ref<const std::string&>());
  if (!revision) {
    throw RpcError(rpc::kUnsupportedProtocolVersion, "Unsupported protocol version",
                   {{"supported", modern_revisions()}, {"requested", *version}});
  }
  const Json* const capabilities = member(meta, kClientCapabilities);
  if (capabilities == nullptr || !capabilities->is_object()) {
    throw invalid_params(fmt::format("_meta[\"{}\"] must be an object", kClientCapabilities));
  }
  return {*revision, *capabilities};
}

Json Session::answer_legacy(const Request& request, Revision revision) {
  if (request.method == "initialize") return initialize(request.params);
  if (request.method == "ping") return Json::object();
  if (request.method == "tools/list") return {{"tools", render_tools(offer_.tools, revision)}};
  throw method_not_found(request.method);
}

Json Session::answer_modern(const Request& request, Revision revision) const {
  Json result;
  if (request.method == "server/discover") {
    result = {{"supportedVersions", modern_revisions()},
              {"capabilities", {{"tools", Json::object()}}}};
    if (!offer_.info.instructions.empty()) result["instructions"] = offer_.info.instructions;
  } else if (request.method == "tools/list") {
    result = {{"tools", render_tools(offer_.tools, revision)}};
  } else {
    throw method_not_found(request.method);
  }
  result["ttlMs"] = kTtlMs;
  result["cacheScope"] = "private";
  return result;
}

Json Session::initialize(const Json& params) {
  const Json* const version = member(params, "protocolVersion");
  const auto asked = version != nullptr && version->is_string()
                         ? legacy_revision(version->get_ref<const std::string&>())
                         : std::nullopt;
  negotiated_ = asked.value_or(kNewestLegacy);
  const Json* const capabilities = member(params, "capabilities");
  client_capabilities_ =
      capabilities != nullptr && capabilities->is_object() ? *capabilities : Json::object();
  Json result{{"protocolVersion", to_string(*negotiated_)},
              {"capabilities", {{"tools", Json::object()}}},
              {"serverInfo", render_server(offer_.info, *negotiated_)}};
  if (!offer_.info.instructions.empty()) result["instructions"] = offer_.info.instructions;
  return result;
}

void Session::start_call(Request& request, Context context, const Answer& answer) {
  const Json* const name = member(request.params, "name");
  if (name == nullptr || !name->is_string()) throw invalid_params("name must be a string");
  const Tool* const tool = offer_.find(name->get_ref<const std::string&>());
  if (tool == nullptr) {
    throw invalid_params(
        fmt::format("Unknown tool: {}", shown(name->get_ref<const std::string&>())));
  }
  const std::size_t bytes =
      bytes_of(request.id) + bytes_of(request.params) + bytes_of(context.client_capabilities);
  const auto arguments = request.params.find("arguments");
  const bool given = arguments != request.params.end() && !arguments->is_null();
  if (given && !arguments->is_object()) throw invalid_params("arguments must be an object");

  std::shared_ptr<ProgressLine> progress;
  const Json* const token = member(meta_of(request), "progressToken");
  if (token != nullptr && is_id(*token)) {
    progress = std::make_shared<ProgressLine>(output_, *token, context.revision);
  }
  auto done = [this_offer = &offer_, in_flight = std::weak_ptr(in_flight_), id = request.id,
               revision = context.revision, answer](CallOutcome outcome) {
    // Before the answer is out: with it the client may use the id again.
    if (const auto calls = in_flight.lock()) calls->remove(id);
    if (auto* const result = std::get_if<ToolResult>(&outcome)) {
      answer(result_message(id, render_complete(render_result(std::move(*result), revision),
                                                this_offer->info, revision)));
    } else if (const auto* const error = std::get_if<RpcError>(&outcome)) {
      answer(error_message(id, *error));
    } else {
      answer(std::nullopt);
    }
  };
  const auto call = std::make_shared<Call>(
      Call::Parts{*tool, given ? std::move(*arguments) : Json::object(),
                  std::move(context.client_capabilities), bytes, progress, std::move(done)},
      offer_);
  in_flight_->add(request.id, call);
  call->start();
}

Session::Answer Session::to_output() const {
  return [output = output_](std::optional<Json> answer) {
    if (answer) output->write(*answer);
  };
}

}  // namespace pyro::mcp
