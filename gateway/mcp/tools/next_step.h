#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "gateway/mcp/modes/tool_set.h"

namespace pyro::mcp {

/// What keeps a server's calls from working whatever their arguments are.
class SetupError : public Error {
 public:
  /// `next`: what the user does about it.
  SetupError(const Error& error, std::string next) : Error(error), next_(std::move(next)) {}
  const std::string& next() const { return next_; }

 private:
  std::string next_;
};

/// One sentence about what to do after a failure, for a server that has the tools it names.
struct Step {
  std::string_view reason;   ///< of the failure, or the name of its code
  std::string_view has{};    ///< a tool that the server has
  std::string_view lacks{};  ///< one that it has not
  std::string_view text{};   ///< empty: the message of the error says it
};

// Texts for the steps of more than one tool.
inline constexpr std::string_view kCallAgain = "Call again.";
inline constexpr std::string_view kMachineIsGone =
    "A machine is gone after its one command, or its ttl_seconds: vm_create creates a new one.";

/// What a model does after a tool failed that has these steps of its own, with the tools of the
/// set; empty when the error itself says it.
std::string next_step(const Error& error, const std::vector<Step>& own, const ToolSet& set);

}  // namespace pyro::mcp
