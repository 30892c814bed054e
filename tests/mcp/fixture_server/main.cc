#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mutex>
#include <semaphore>

#include "common/base/error.h"
#include "common/process/signals.h"
#include "gateway/mcp/protocol/rpc_error.h"
#include "gateway/mcp/protocol/server.h"

namespace pyro::mcp {
namespace {

constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJgg"
    "g==";
constexpr const char* kWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

Json text(const std::string& said) { return {{"type", "text"}, {"text", said}}; }

Json image() { return {{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}}; }

Json audio() { return {{"type", "audio"}, {"data", kWav}, {"mimeType", "audio/wav"}}; }

Json resource(const std::string& uri, const std::string& type, const std::string& said) {
  return {{"type", "resource"}, {"resource", {{"uri", uri}, {"mimeType", type}, {"text", said}}}};
}

Json schema_2020_12() {
  return Json::parse(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object",
      "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
      "contactMethod": {"type": "string", "enum": ["phone", "email"]},
      "phone": {"type": "string"}, "email": {"type": "string"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]}, "else": {"required": ["email"]},
    "additionalProperties": false})");
}

Tool tool(const std::string& name, std::function<ToolResult(const ToolCall&)> call,
          Json input = {{"type", "object"}, {"additionalProperties", false}}) {
  return {.name = name,
          .title = name,
          .description = "For tests: " + name + ".",
          .input_schema = std::move(input),
          .annotations = {.read_only = true},
          .call = std::move(call)};
}

Tool saying(const std::string& name, const std::vector<Json>& content) {
  return tool(name, [content](const ToolCall&) -> ToolResult { return {.content = content}; });
}

ToolResult with_progress(const ToolCall& call) {
  for (const int done : {0, 50, 100}) {
    call.report({done, 100, fmt::format("step {}", done)});
  }
  return {.content = Json::array({text("done")})};
}

ToolResult missing_capability(const ToolCall& call) {
  if (!call.client_capabilities.contains("sampling")) {
    throw RpcError(rpc::kMissingClientCapability, "Missing required client capabilities: sampling",
                   {{"requiredCapabilities", {{"sampling", Json::object()}}}});
  }
  return {.content = Json::array({text("ok")})};
}

/// One for each call of test_lasting that was cancelled.
std::counting_semaphore<> cancellations{0};

/// Lasts until it is cancelled, and says when it has begun.
ToolResult lasting(const ToolCall& call) {
  call.report({.progress = 1, .total = {}, .message = {}});
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, call.stop, [] { return false; });
  cancellations.release();
  return {};
}

ToolResult wait_for_cancellation(const ToolCall& /*call*/) {
  if (!cancellations.try_acquire_for(std::chrono::seconds(30))) {
    throw failed_precondition("no call was cancelled");
  }
  return {.content = Json::array({text("cancelled")})};
}

std::vector<Tool> tools() {
  return {
      saying("test_simple_text", {text("This is a simple text response for testing.")}),
      saying("test_image_content", {image()}),
      saying("test_audio_content", {audio()}),
      saying("test_embedded_resource", {resource("test://embedded-resource", "text/plain",
                                                 "This is an embedded resource content.")}),
      saying("test_multiple_content_types",
             {text("Multiple content types test:"), image(),
              resource("test://mixed-content-resource", "application/json",
                       R"({"test":"data","value":123})")}),
      tool("test_tool_with_progress", with_progress),
      tool("test_error_handling",
           [](const ToolCall&) -> ToolResult {
             throw failed_precondition("This tool intentionally returns an error for testing");
           }),
      tool("test_missing_capability", missing_capability),
      saying("test_streaming_elicitation", {text("ok")}),
      saying("test_logging_tool", {text("ok")}),
      tool(
          "json_schema_2020_12_tool",
          [](const ToolCall&) -> ToolResult { return {.content = Json::array({text("ok")})}; },
          schema_2020_12()),
      tool("test_lasting", lasting),
      tool("test_cancelled", wait_for_cancellation),
  };
}

int serve() {
  const UniqueFd stop = block_termination_signals();
  Server server({"pyro-mcp-fixture", "Fixture", PYRO_VERSION, "Fixture server."}, tools());
  server.serve(0, 1, stop.get());
  // Calls that still run hold nobody up.
  std::_Exit(0);
}

}  // namespace
}  // namespace pyro::mcp

int main() {
  try {
    return pyro::mcp::serve();
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
