#include "gateway/mcp/tools/tool_row.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "common/api/schema.h"
#include "common/base/text.h"
#include "gateway/mcp/protocol/tool.h"
#include "gateway/mcp/tools/arguments.h"
#include "gateway/mcp/tools/results.h"

namespace pyro::mcp {
namespace {

constexpr std::size_t kShownColumns = 80;
constexpr std::string_view kExecPhase = "exec";

Json defaults_of(const ToolRow& row, const Setting& setting) {
  return row.defaults ? row.defaults(setting) : Json::object();
}

/// What describes a field names its default last.
std::string with_default(const Json& property, const Json& value) {
  auto text = property["description"].get<std::string>();
  if (!property.contains("default")) return fmt::format("{} Default {}.", text, to_line(value));
  const std::string old = fmt::format("default {}.", to_line(property["default"]));
  return text.substr(0, text.size() - old.size()) + fmt::format("default {}.", to_line(value));
}

/// Fields that are always there, by their types. Programs need no more: no host shows a model the
/// schema of a result, and the rest of it was three quarters of a server's list of tools.
Json output_schema(const ToolRow& row) {
  Json schema = api::schema_of(row.operation->reply_type(), api::SchemaFor::kReply);
  leave_out(schema, row.leave_out);
  Json brief = {{"type", "object"}, {"properties", Json::object()}};
  for (const auto& field : schema["required"]) {
    const auto& name = field.get_ref<const std::string&>();
    brief["properties"][name] = {{"type", schema["properties"][name]["type"]}};
  }
  return brief;
}

Json input_schema(const ToolRow& row, bool full_schemas, const Json& defaults) {
  Json schema = api::schema_of(row.operation->request_type(), api::SchemaFor::kRequest);
  auto& properties = schema["properties"];
  if (!full_schemas) {
    for (const auto field : row.full_schemas_only) properties.erase(std::string(field));
  }
  Json required = Json::array();
  for (const auto& field : schema.value("required", Json::array())) {
    if (!defaults.contains(field.get<std::string>())) required.push_back(field);
  }
  for (const auto& [field, value] : defaults.items()) {
    if (!properties.contains(field)) continue;  // the server's own choice
    auto& property = properties.at(field);
    property["description"] = with_default(property, value);
    property["default"] = value;
  }
  schema.erase("required");
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

/// kInvalidArgument: the schema has no such field; the refusal names those that it has.
void refuse_unknown(const Json& arguments, const Json& input_schema) {
  const auto& properties = input_schema.at("properties");
  for (const auto& [field, value] : arguments.items()) {
    if (properties.contains(field)) continue;
    std::vector<std::string> known;
    for (const auto& [name, property] : properties.items()) known.push_back(name);
    throw invalid_argument("unknown field '{}'; there are: {}", one_line(field, kShownColumns),
                           known.empty() ? "none" : join(known, ", "));
  }
}

Json with_defaults(const Json& arguments, const Json& defaults) {
  Json all = arguments;
  for (const auto& [field, value] : defaults.items()) {
    if (!all.contains(field)) all[field] = value;
  }
  return all;
}

ToolAnnotations annotations(const ToolRow& row, const Json& input_schema) {
  const auto& properties = input_schema.at("properties");
  return {.read_only = row.effect == Effect::kReads,
          .destructive = row.effect == Effect::kDestroys,
          .idempotent = row.operation->idempotent() == api::Idempotent::kYes,
          .open_world = properties.contains("network") || properties.contains("network_policy")};
}

/// Of the caller's own call: cancelled with it, and its progress passed on.
CallOptions call_options(const ToolCall& call) {
  return {.stop = call.stop, .on_progress = [report = call.report](const api::Progress& step) {
            // What a command prints stands for itself.
            std::string message = step.phase == kExecPhase || step.phase.empty()
                                      ? step.message
                                      : fmt::format("{}: {}", step.phase, step.message);
            if (step.done && step.total && *step.total > 0) {
              message += fmt::format(" ({} %)", *step.done * 100 / *step.total);
            }
            report({.progress = std::nullopt, .total = std::nullopt, .message = message});
          }};
}

/// SetupError: what keeps it from being made.
Client& client_of(const Toolbox& box) {
  try {
    return box.backend.client();
  } catch (const Error& error) {
    throw SetupError(error,
                     "No argument fixes this: the user corrects the configuration file, the "
                     "variable or the directory that it names. `pyro doctor` on the host checks "
                     "them.");
  }
}

Json reply_of(const ToolRow& row, const Toolbox& box, const ToolCall& call, const Json& arguments) {
  const ToolOperation& operation = *row.operation;
  const auto request = operation.new_request();
  api::read_json(operation.request_type(), arguments, api::UnknownFields::kRefuse, request.get());
  operation.check(box, request.get());
  const CallOptions options = call_options(call);
  const Caller caller{.box = box, .client = client_of(box), .options = options};
  if (const auto id = arguments.find("workspace_id"); id != arguments.end()) {
    box.require_visible(id->get<std::string>(), caller.client, options);
  }
  const auto said = operation.call(caller, request.get());
  Json reply = api::to_json(operation.reply_type(), said.get());
  leave_out(reply, row.leave_out);
  const bool cut = shorten(reply, operation.most_text());
  operation.finish(box, request.get(), reply, cut);
  shorten_lists(reply);
  return reply;
}

}  // namespace

std::string description_of(const ToolRow& row, const ToolSet& set, const Setting& setting) {
  std::string text(set.words_for(row.name).value_or(row.text));
  if (row.text_end) text += row.text_end(set, setting);
  return text;
}

Tool tool_of(const ToolRow& row, const std::shared_ptr<const Toolbox>& box) {
  const Json defaults = defaults_of(row, box->setting);
  Tool tool;
  tool.name = row.name;
  tool.title = row.title;
  tool.description = description_of(row, box->set, box->setting);
  tool.input_schema = input_schema(row, box->set.full_schemas(), defaults);
  tool.output_schema = output_schema(row);
  tool.annotations = annotations(row, tool.input_schema);
  tool.call = [box, row, defaults, schema = tool.input_schema](const ToolCall& call) {
    try {
      refuse_unknown(call.arguments, schema);
      const Json arguments = as_meant(call.arguments, row.operation->request_type(), defaults);
      return answer(reply_of(row, *box, call, with_defaults(arguments, defaults)));
    } catch (const SetupError& error) {
      return failure(error, error.next());
    } catch (const Error& error) {
      return failure(error, next_step(error, row.steps, box->set));
    }
  };
  return tool;
}

}  // namespace pyro::mcp
