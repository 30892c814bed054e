#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/registry/registry.h"

namespace pyro::workspace {

/// 7 of `WORKSPACE/000001/0000000007`.
inline std::optional<std::uint64_t> number_of_row(std::string_view row) {
  const std::string_view digits = row.substr(row.rfind('/') + 1);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// One more than the greatest number of a row below `prefix`, by the ids: a record that cannot be
/// read keeps its number.
template <class T>
std::uint64_t next_number(const RecordTable<T>& rows, const std::string& prefix) {
  for (const std::uint32_t limit : {1U, RecordTable<T>::kAllRows}) {
    for (const auto& row : rows.last_ids_below(prefix, limit)) {
      if (const auto number = number_of_row(row)) return *number + 1;
    }
  }
  return 1;
}

}  // namespace pyro::workspace
