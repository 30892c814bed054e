#pragma once

#include <string>
#include <string_view>

namespace pyro::source {

/// 40 or 64 lower-case hex digits.
bool is_object_id(std::string_view text);

/// A ref by its whole name, as git-check-ref-format(1) has it: `refs/heads/main`.
bool is_ref_name(std::string_view name);

/// kInvalidArgument: not the name of a branch or tag, nor a commit's whole id.
void check_ref(const std::string& ref);

}  // namespace pyro::source
