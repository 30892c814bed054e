#include "gateway/mcp/tools/operation_tool.h"

namespace pyro::mcp::detail {

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
        fmt::format("{} Default {}.", property["description"].get<std::string>(), value.dump());
  }
  schema.erase("required");
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json with_defaults(const Json& arguments, const std::vector<std::string_view>& without,
                   const Json& defaults) {
  Json all = arguments;
  for (const auto field : without) {
    if (all.contains(field)) throw invalid_argument("unknown field '{}'", field);
  }
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
            std::string message = step.message;
            if (step.done && step.total && *step.total > 0) {
              message += fmt::format(" ({} %)", *step.done * 100 / *step.total);
            }
            report({.progress = std::nullopt, .total = std::nullopt, .message = message});
          }};
}

}  // namespace pyro::mcp::detail
