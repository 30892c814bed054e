#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host-helpers/hosts/settings_text.h"

namespace pyro::hosts {

/// A header or a `key = value` of a TOML text, by the bytes that hold it.
struct TomlItem {
  enum class Kind { kHeader, kPair, kInlinePair };

  Kind kind = Kind::kPair;
  /// The whole path; an element of an array of tables has a part that no key can have.
  SettingPath path;
  std::size_t begin = 0;        ///< of `[` or of the key
  std::size_t value_begin = 0;  ///< not of a header
  std::size_t end = 0;          ///< of the value, or of the header's `]`
  /// Of the header above it, or of the inline table around it; kNone: neither.
  std::size_t parent = kNone;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

/// All items in their order. kInvalidArgument: `line 3: …`.
std::vector<TomlItem> scan_toml(std::string_view text);

/// The meaning of the text, by toml++.
api::Json meaning_of_toml(std::string_view text);

std::string set_in_toml(std::string_view text, const SettingPath& path, const api::Json& value);
std::string remove_from_toml(std::string_view text, const SettingPath& path);

}  // namespace pyro::hosts
