#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host-helpers/hosts/settings_text.h"

namespace pyro::hosts {

/// A value of a JSON text, by the bytes that hold it.
struct JsonNode {
  enum class Kind { kObject, kArray, kOther };

  Kind kind = Kind::kOther;
  std::size_t begin = 0;
  std::size_t end = 0;
  /// Of a member: its key, and where that begins.
  std::string key = {};
  std::size_t key_begin = 0;
  std::vector<JsonNode> children = {};

  /// Where it begins as a part of its container.
  std::size_t outer_begin(bool member) const { return member ? key_begin : begin; }
};

/// The text's one value; comments and trailing commas are allowed. The node of an empty text is of
/// the kind kOther and has no bytes. kInvalidArgument: `line 3: …`.
JsonNode parse_json_text(std::string_view text);

api::Json meaning_of(std::string_view text, const JsonNode& node);

std::string set_in_json(std::string_view text, const SettingPath& path, const api::Json& value);
std::string remove_from_json(std::string_view text, const SettingPath& path);
std::string add_to_json_array(std::string_view text, const SettingPath& path,
                              const api::Json& element);
std::string remove_from_json_array(std::string_view text, const SettingPath& path,
                                   const api::Json& element);

}  // namespace pyro::hosts
