#include "gateway/mcp/tools/operation_tool.h"

#include "common/base/text.h"

namespace pyro::mcp::detail {
namespace {

constexpr std::size_t kShownColumns = 80;
constexpr std::string_view kExecPhase = "exec";

}  // namespace

Json input_schema(Json schema, const std::vector<std::string_view>& without, const Json& defaults) {
  auto& properties = schema["properties"];
  for (const auto field : without) properties.erase(std::string(field));
  Json required = Json::array();
  for (const auto& field : schema.value("required", Json::array())) {
    if (!defaults.contains(field.get<std::string>())) required.push_back(field);
  }
  for (const auto& [field, value] : defaults.items()) {
    auto& property = properties.at(field);
    property["default"] = value;
    property["description"] =
        fmt::format("{} Default {}.", property["description"].get<std::string>(), to_line(value));
  }
  schema.erase("required");
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

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

ToolAnnotations annotations(Effect effect, api::Idempotent idempotent, const Json& input_schema) {
  const auto& properties = input_schema.at("properties");
  return {.read_only = effect == Effect::kReads,
          .destructive = effect == Effect::kDestroys,
          .idempotent = idempotent == api::Idempotent::kYes,
          .open_world = properties.contains("network") || properties.contains("network_policy")};
}

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

Client& client_of(const Toolbox& box) {
  try {
    return box.backend.client();
  } catch (const Error& error) {
    throw SetupError(error,
                     "No argument mends this: the person corrects the configuration file, the "
                     "variable or the directory that it names. `pyro doctor` on the host checks "
                     "them.");
  }
}

}  // namespace pyro::mcp::detail
