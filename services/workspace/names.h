#pragma once

#include <map>
#include <string>
#include <string_view>

/// The rules on what callers may call things.
namespace pyro::workspace {

/// kInvalidArgument: `name must be 1 to 64 printable characters`.
void check_name(const std::string& name);

/// Keys like `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, values up to 256 characters.
void check_labels(const std::map<std::string, std::string>& labels);

/// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`; `field` is whose value it is.
void check_identifier(std::string_view field, const std::string& value);

}  // namespace pyro::workspace
