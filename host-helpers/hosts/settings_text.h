#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/json_codec.h"

/// Changes of one setting in the text of a settings file. All other bytes stay: comments, order,
/// line ends, a byte order mark. Each change is proved before it is returned: the new text means
/// what the old one did, but for the setting.
namespace pyro::hosts {

/// Where a setting is: `{"mcp_servers", "pyro", "args"}`.
using SettingPath = std::vector<std::string>;

enum class Syntax {
  kJson,  ///< with comments and trailing commas
  kToml,
};

/// The meaning of the text; an empty one is an empty object. kInvalidArgument: `line 3: …`.
api::Json read_settings(Syntax syntax, std::string_view text);

/// The text with that setting. Makes the tables above it; kFailedPrecondition: one of them is no
/// table.
std::string with_setting(Syntax syntax, std::string_view text, const SettingPath& path,
                         const api::Json& value);

/// The text without it, and without the table above it if that held nothing else.
std::string without_setting(Syntax syntax, std::string_view text, const SettingPath& path);

/// JSON: the text with `element` in the array at `path`, which is made.
std::string with_element(std::string_view text, const SettingPath& path, const api::Json& element);
std::string without_element(std::string_view text, const SettingPath& path,
                            const api::Json& element);

/// The setting at `path`, or null.
const api::Json* find_setting(const api::Json& settings, const SettingPath& path);

/// `mcp.pyro.command`
std::string shown(const SettingPath& path);

}  // namespace pyro::hosts
