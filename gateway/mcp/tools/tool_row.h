#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/message_type.h"
#include "gateway/mcp/protocol/json.h"
#include "gateway/mcp/tools/next_step.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/toolbox.h"
#include "pyro/client.h"

/// A tool is an operation: its schemas, its checks and its answer come from the same field list
/// as the command line's. A row holds the rest of it.
namespace pyro::mcp {

struct Tool;

/// What a call does to the world; hosts ask before some of it.
enum class Effect { kReads, kChanges, kDestroys };

/// What a call is made with.
struct Caller {
  const Toolbox& box;
  Client& client;
  const CallOptions& options;
};

/// Where a tool is more than its operation.
template <api::Operation Op>
struct Hooks {
  /// Before anything is touched: host paths, opt-ins.
  void (*check)(const Toolbox&, Op&) = nullptr;
  /// In place of the operation's own call.
  typename Op::Reply (*call)(const Caller&, const Op&) = nullptr;
  /// To how many characters long texts are cut.
  std::size_t most_text = kMostCharacters;
  /// What to tell the model with the answer; `cut`: something was shortened.
  void (*finish)(const Toolbox&, const Op&, Json& reply, bool cut) = nullptr;
};

/// An operation and the hooks of its tool, for code that does not know its types. The addresses
/// are those of its own messages.
class ToolOperation {
 public:
  using Message = std::shared_ptr<void>;

  ToolOperation() = default;
  ToolOperation(const ToolOperation&) = delete;
  ToolOperation& operator=(const ToolOperation&) = delete;
  virtual ~ToolOperation() = default;

  virtual api::Idempotent idempotent() const = 0;
  virtual const api::MessageType& request_type() const = 0;
  virtual const api::MessageType& reply_type() const = 0;
  virtual Message new_request() const = 0;
  virtual void check(const Toolbox& box, void* request) const = 0;
  virtual Message call(const Caller& caller, const void* request) const = 0;
  virtual std::size_t most_text() const = 0;
  virtual void finish(const Toolbox& box, const void* request, Json& reply, bool cut) const = 0;
};

template <api::Operation Op>
class TypedOperation final : public ToolOperation {
 public:
  explicit TypedOperation(Hooks<Op> hooks) : hooks_(hooks) {}

  api::Idempotent idempotent() const override { return Op::kMethod.idempotent; }
  const api::MessageType& request_type() const override { return api::message_type<Op>(); }
  const api::MessageType& reply_type() const override {
    return api::message_type<typename Op::Reply>();
  }
  Message new_request() const override { return std::make_shared<Op>(); }
  void check(const Toolbox& box, void* request) const override {
    if (hooks_.check) hooks_.check(box, *static_cast<Op*>(request));
  }
  Message call(const Caller& caller, const void* request) const override {
    const Op& op = typed(request);
    return std::make_shared<typename Op::Reply>(
        hooks_.call ? hooks_.call(caller, op) : caller.client.call(op, caller.options));
  }
  std::size_t most_text() const override { return hooks_.most_text; }
  void finish(const Toolbox& box, const void* request, Json& reply, bool cut) const override {
    if (hooks_.finish) hooks_.finish(box, typed(request), reply, cut);
  }

 private:
  static const Op& typed(const void* request) { return *static_cast<const Op*>(request); }

  const Hooks<Op> hooks_;
};

template <api::Operation Op>
std::shared_ptr<const ToolOperation> operation(Hooks<Op> hooks = {}) {
  return std::make_shared<const TypedOperation<Op>>(hooks);
}

/// All that makes a tool of an operation. Hosts cut: a description has at most 600 characters.
struct ToolRow {
  std::shared_ptr<const ToolOperation> operation;
  std::string_view name;
  Effect effect = Effect::kReads;
  std::string_view title;
  /// What the tool does, when to use it, what comes back and what to do next.
  std::string_view text;
  /// What to do after a failure that calls for something else in this tool than in others.
  std::vector<Step> steps{};
  /// Fields that only a server with full schemas offers: elsewhere they are not in the schema, and
  /// refused by name.
  std::vector<std::string_view> full_schemas_only{};
  /// What a caller may leave out, by field: the schema's default.
  Json (*defaults)(const Setting&) = nullptr;
  /// Fields of the result that a model does not get, since others say the same.
  std::vector<std::string_view> leave_out{};
  /// The end of the description, where it depends on the server.
  std::string (*text_end)(const ToolSet&, const Setting&) = nullptr;
};

/// The words of the row's own or, where it differs, of the set.
std::string description_of(const ToolRow& row, const ToolSet& set, const Setting& setting);

/// The row as the box's server offers it.
Tool tool_of(const ToolRow& row, const std::shared_ptr<const Toolbox>& box);

}  // namespace pyro::mcp
