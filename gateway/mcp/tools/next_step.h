#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"
#include "gateway/mcp/tools/tool_set.h"

namespace pyro::mcp {

/// What keeps a server's calls from working whatever their arguments are.
class SetupError : public Error {
 public:
  /// `next`: what a person does about it.
  SetupError(const Error& error, std::string next) : Error(error), next_(std::move(next)) {}
  const std::string& next() const { return next_; }

 private:
  std::string next_;
};

/// What a model does after `tool` failed, with the tools that it has; empty when the error itself
/// says it.
std::string next_step(const Error& error, std::string_view tool, const ToolSet& set);

}  // namespace pyro::mcp
