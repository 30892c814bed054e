#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/api/schema.h"
#include "gateway/mcp/tools/next_step.h"
#include "gateway/mcp/tools/results.h"
#include "gateway/mcp/tools/toolbox.h"

/// A tool is an operation: its schemas, its checks and its answer come from the same field list
/// as the command line's.
namespace pyro::mcp {

/// What a call does to the world; hosts ask before some of it.
enum class Effect { kReads, kChanges, kDestroys };

/// Where a tool is more than its operation.
template <api::Operation Op>
struct Steps {
  /// Fields that this server does not offer: not in the schema, refused by name.
  std::vector<std::string_view> without{};
  /// What a caller may leave out, by field: the schema's default.
  Json defaults = Json::object();
  /// Before anything is touched: host paths, opt-ins.
  std::function<void(Op&)> check{};
  /// In place of the operation's own call.
  std::function<typename Op::Reply(const Op&, const CallOptions&)> call{};
  /// Whether the caller asked for one patch alone, which then may have kMostPatchCharacters.
  std::function<bool(const Op&)> whole_patch{};
  /// What to tell the model with the answer; `cut`: something was shortened.
  std::function<void(const Op&, Json& reply, bool cut)> finish{};
};

namespace detail {

Json input_schema(Json schema, const std::vector<std::string_view>& without, const Json& defaults);
/// kInvalidArgument: the schema has no such field; the refusal names those that it has.
void refuse_unknown(const Json& arguments, const Json& input_schema);
Json with_defaults(const Json& arguments, const Json& defaults);
ToolAnnotations annotations(Effect effect, api::Idempotent idempotent, const Json& input_schema);
/// Of the caller's own call: cancelled with it, and its progress passed on.
CallOptions call_options(const ToolCall& call);
/// SetupError: what keeps it from being made.
Client& client_of(const Toolbox& box);

}  // namespace detail

template <api::Operation Op>
Tool operation_tool(const std::shared_ptr<const Toolbox>& box, std::string_view name, Effect effect,
                    Steps<Op> steps = {}) {
  Tool tool;
  tool.name = name;
  tool.title = title_of(name);
  tool.description = description_of(name, box->set, box->setting);
  tool.input_schema = detail::input_schema(api::schema_of<Op>(api::SchemaFor::kRequest),
                                           steps.without, steps.defaults);
  tool.output_schema = with_shortening(api::schema_of<typename Op::Reply>(api::SchemaFor::kReply));
  tool.annotations = detail::annotations(effect, Op::kMethod.idempotent, tool.input_schema);
  tool.call = [box, name = tool.name, steps = std::move(steps),
               schema = tool.input_schema](const ToolCall& call) {
    try {
      detail::refuse_unknown(call.arguments, schema);
      const Json arguments = detail::with_defaults(call.arguments, steps.defaults);
      Op request = api::from_json<Op>(arguments, api::UnknownFields::kRefuse);
      if (steps.check) steps.check(request);
      const CallOptions options = detail::call_options(call);
      Client& client = detail::client_of(*box);
      Json reply =
          api::to_json(steps.call ? steps.call(request, options) : client.call(request, options));
      const bool whole_patch = steps.whole_patch && steps.whole_patch(request);
      const bool cut = shorten(reply, whole_patch ? kMostPatchCharacters : kMostCharacters);
      if (steps.finish) steps.finish(request, reply, cut);
      return answer(std::move(reply));
    } catch (const SetupError& error) {
      return failure(error, error.next());
    } catch (const Error& error) {
      return failure(error, next_step(error, name, box->set));
    }
  };
  return tool;
}

/// Adds it if the box's set has it.
template <api::Operation Op>
void add_tool(const std::shared_ptr<const Toolbox>& box, std::vector<Tool>& tools,
              std::string_view name, Effect effect, Steps<Op> steps = {}) {
  if (box->set.has(name)) tools.push_back(operation_tool<Op>(box, name, effect, std::move(steps)));
}

}  // namespace pyro::mcp
