#include "services/workspace/commands/cursors.h"

#include <fmt/core.h>

#include "common/api/message_table.h"
#include "services/workspace/commands/row_number.h"

namespace pyro::workspace {
namespace {

std::string by_number(const std::string& command) { return command + "/number/"; }

std::string by_number(const std::string& command, std::uint64_t cursor) {
  return fmt::format("{}{:020}", by_number(command), cursor);
}

std::string by_place(const std::string& command, const OutputPlace& place) {
  return fmt::format("{}/place/{}-{}", command, place.stdout_offset, place.stderr_offset);
}

}  // namespace

std::optional<OutputPlace> Cursors::find(const std::string& command, std::uint64_t cursor) const {
  if (cursor == 0) return OutputPlace{};
  const auto row = rows_.find_readable(by_number(command, cursor));
  if (!row) return std::nullopt;
  return OutputPlace{row->stdout_offset, row->stderr_offset};
}

std::uint64_t Cursors::cursor_of(const std::string& command, const OutputPlace& place) {
  if (place == OutputPlace{}) return 0;
  if (const auto known = rows_.find_readable(by_place(command, place))) return known->cursor;
  const Row row{.cursor = next_number(rows_, by_number(command)),
                .stdout_offset = place.stdout_offset,
                .stderr_offset = place.stderr_offset};
  // In this order: what a kill leaves between the two is a place that gets one more number.
  rows_.put(by_number(command, row.cursor), row);
  rows_.put(by_place(command, place), row);
  return row.cursor;
}

}  // namespace pyro::workspace
